"""Split photos into training, validation and test, so that nobody's photos are in two of them.

One photographer takes many photos of one place with one camera. Where some of them train and
others test, the network recognises the photographer, and the numbers flatter it. So does a copy of
a training photo in the test.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from geonb.earth.cells import Cells
from geonb.errors import EvaluationError, TrainingError
from geonb_lab.evaluation.photo_sets import PhotoSet

By = Literal["photographer", "photo"]
VALIDATION, TEST = 0.1, 0.2
"""Shares of the photos, as near as whole photographers allow."""


@dataclass(frozen=True, eq=False)
class Split:
    """Which photos are for what: their numbers."""

    train: NDArray[np.intp]
    validation: NDArray[np.intp]
    test: NDArray[np.intp]


def split_photos(photographers: Sequence[str], by: By = "photographer", seed: int = 0) -> Split:
    """Split N photos at random by who took each, (N,) names; "" is one photographer.

    ``by="photo"`` ignores who took them: the leak, for lessons. Raises `TrainingError` if there
    are fewer than three photographers (or photos).
    """
    if by not in {"photographer", "photo"}:
        raise TrainingError(f"split by 'photographer' or 'photo', not {by!r}")
    names, people = np.unique(np.asarray(photographers, str), return_inverse=True)
    groups = people if by == "photographer" else np.arange(len(people))
    count = len(names) if by == "photographer" else len(people)
    if count < 3:
        raise TrainingError(
            f"{len(people)} photos of {len(names)} photographers cannot be split in three; put "
            "each one's photos in a folder of their own, or name them in the CSV's column "
            "photographer"
        )
    left = np.random.default_rng(seed).permutation(count).tolist()
    sizes = np.bincount(groups, minlength=count)
    test = _take(left, sizes, TEST * len(groups), leave=2)
    validation = _take(left, sizes, VALIDATION * len(groups), leave=1)
    return Split(*(np.flatnonzero(np.isin(groups, part)) for part in (left, validation, test)))


def _take(left: list[int], sizes: NDArray[np.intp], wanted: float, leave: int) -> list[int]:
    """Take groups off the list until there are enough photos; the smallest if none fits."""
    taken: list[int] = []
    total = 0
    for group in list(left):
        if total >= wanted or len(left) == leave:
            break
        if total + sizes[group] <= 1.5 * wanted:
            taken.append(group)
            left.remove(group)
            total += int(sizes[group])
    if not taken:
        taken.append(min(left, key=lambda group: sizes[group]))
        left.remove(taken[0])
    return taken


def some_of(photos: PhotoSet, numbers: NDArray[np.intp]) -> PhotoSet:
    """The photos with these numbers."""
    return replace(
        photos,
        photos=tuple(photos.photos[i] for i in numbers),
        truth=photos.truth[numbers],
        photographers=tuple(photos.photographers[i] for i in numbers),
    )


def originals(photos: PhotoSet, digests: Sequence[str]) -> tuple[PhotoSet, NDArray[np.intp]]:
    """Leave out photos that don't open and copies of earlier ones, and count them.

    ``digests`` are of the N photos' contents, "" for one that doesn't open. Gives the others, and
    their numbers, (M,). Raises `EvaluationError` if there are none.
    """
    first: dict[str, int] = {}
    new = [first.setdefault(digest, i) == i for i, digest in enumerate(digests)]
    numbers = np.flatnonzero(np.array(new) & (np.array(digests) != ""))
    if not len(numbers):
        raise EvaluationError(f"{photos.name}: none of its photos can be opened")
    skipped, broken = dict(photos.skipped), sum(not digest for digest in digests)
    if broken:
        skipped["cannot be opened"] = broken
    if copies := len(photos) - len(numbers) - broken:
        skipped["are copies of another"] = copies
    return replace(some_of(photos, numbers), skipped=skipped), numbers


def check_apart(train: PhotoSet, test: PhotoSet) -> None:
    """Refuse a test set that shares photos or photographers with the training photos.

    Raises `TrainingError` that names one of them.
    """
    photos = set(train.photos) & set(test.photos)
    people = (set(train.photographers) & set(test.photographers)) - {""}
    for what, both in (("photo", photos), ("photographer", people)):
        if both:
            raise TrainingError(
                f"{len(both)} {what}s are both in training and in the test ({min(both)!r}); "
                f"take them out of one, or the numbers will flatter the network"
            )


def count_photos(photos: PhotoSet, parts: Split, cells: Cells) -> dict[str, int]:
    """What became of the photos; whatever was left out is here."""
    labels = cells.index(photos.truth[parts.train])
    trained, tested = (
        {photos.photographers[i] for i in part} - {""} for part in (parts.train, parts.test)
    )
    return {
        "photos to train on": int((labels >= 0).sum()),
        "photos to train on that lie in no cell, left out": int((labels < 0).sum()),
        "photos for validation": len(parts.validation),
        "photos held out for the test": len(parts.test),
        "photographers": len(set(photos.photographers) - {""}),
        "photographers in training and test both": len(trained & tested),
        "photos whose photographer is not named": photos.photographers.count(""),
        "cells": len(cells),
        "cells without a training photo, which are never the answer": len(
            np.setdiff1d(np.arange(len(cells)), labels)
        ),
        **{f"photos that {why}, left out": count for why, count in photos.skipped.items()},
    }
