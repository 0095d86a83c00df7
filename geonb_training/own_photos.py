"""Train on your own photos: cells, a split by photographer, the network, and how good it is."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from geonb.earth.cells import CELLS_FILE
from geonb.earth.partitions import partition
from geonb.evaluation.accuracy import Evaluation, evaluate
from geonb.evaluation.guesses import most_frequent
from geonb.evaluation.photo_sets import PhotoSet, read_photos
from geonb.files import replacing
from geonb_training.batches import Photos
from geonb_training.fitting import Fitting, fit
from geonb_training.network import import_mxnet
from geonb_training.splits import By, Split, check_apart, split_photos
from geonb_training.squares import Squares
from geonb_training.state import Keeper

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from geonb.earth.cells import Cells


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained model: shown as the table of how good it is."""

    folder: Path
    """What `load_model` opens."""
    evaluation: Evaluation
    """On the photos that were held out."""
    losses: tuple[float, ...]
    """Mean loss of each epoch."""
    counts: Mapping[str, int]
    """Photos and what became of them, photographers, cells."""

    def __repr__(self) -> str:
        counted = "".join(f"{count:>9,}  {what}\n" for what, count in self.counts.items())
        return f"{counted}{self.evaluation!r}\nThe model lies in {self.folder}."

    def _repr_html_(self) -> str:
        return self.evaluation._repr_html_()


def train_photos(  # noqa: PLR0913
    photos: PhotoSet | str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    t1: int = 500,
    t2: int = 50,
    cells: Cells | None = None,
    split: By = "photographer",
    test: PhotoSet | None = None,
    fitting: Fitting | None = None,
) -> Trained:
    """Train a model on a folder of geotagged photos or a CSV (see `read_photos`).

    The training photos' places make the cells by ``t1`` and ``t2`` (see `partition`), unless
    ``cells`` are given. A fifth of the photos is held out for the test, whole photographers at a
    time, unless ``test`` is a set of its own. Called again after it was killed, it goes on after
    the last epoch in ``folder``, and ends as if it had not been. Raises `TrainingError`,
    `CellsError`, `EvaluationError`, and `MissingDependencyError` without MXNet.
    """
    import_mxnet()  # before the work, so that its absence is known at once
    fitting = fitting or Fitting()
    photo_set = photos if isinstance(photos, PhotoSet) else read_photos(photos)
    if test:
        check_apart(photo_set, test)
    squares, photo_set = Squares.open(photo_set)
    parts = split_photos(photo_set.photographers, split, fitting.seed)
    if test:
        parts = replace(parts, train=np.concatenate([parts.train, parts.test]), shared=0)
    places = photo_set.truth[parts.train]
    cells = cells or partition(places, t1, t2)
    labels = cells.index(places)
    inside = labels >= 0
    path = Path(folder).expanduser().resolve()
    keeper = Keeper(path, path.name, _plan(photo_set, cells, labels, fitting))
    cells.write(path / CELLS_FILE)
    validation = Photos(squares.some(parts.validation), photo_set.truth[parts.validation])
    training = Photos(squares.some(parts.train[inside]), places[inside])
    fit(training, labels[inside], cells, validation, fitting, keeper)
    keeper.finish()
    held_out = test or _subset(photo_set, parts.test)
    evaluation = _evaluate(path, held_out, most_frequent(places, cells))
    counts = _counts(photo_set, parts, labels, cells)
    _write_facts(path, evaluation, counts, fitting)
    return Trained(path, evaluation, tuple(keeper.losses), counts)


def _plan(
    photos: PhotoSet, cells: Cells, labels: NDArray[np.intp], fitting: Fitting
) -> dict[str, Any]:
    """All that the weights depend on, to know the training again after a kill."""
    listed = hashlib.sha256("\n".join(photos.photos).encode())
    listed.update(labels.tobytes())
    own = asdict(fitting)
    for device in ("contexts", "kvstore"):  # a training may move to another machine
        del own[device]
    return {
        "photos": listed.hexdigest(),
        "cells": hashlib.sha256(cells.ids.tobytes()).hexdigest(),
        **own,
    }


def _subset(photos: PhotoSet, numbers: NDArray[np.intp]) -> PhotoSet:
    chosen = numbers.tolist()
    return PhotoSet(
        f"{photos.name}, held out",
        tuple(photos.photos[i] for i in chosen),
        photos.truth[numbers],
        tuple(photos.photographers[i] for i in chosen),
        {},
    )


def _evaluate(folder: Path, photos: PhotoSet, constant: tuple[float, float]) -> Evaluation:
    """Measure the written model as its users will run it."""
    from geonb.evaluation.guesses import guess
    from geonb.model import load_model

    model = load_model(folder)
    guesses = guess(model, photos.photos)
    return evaluate(
        guesses.places, photos.truth, name=model.name, test_set=photos.name, constant=constant
    )


def _counts(
    photos: PhotoSet, parts: Split, labels: NDArray[np.intp], cells: Cells
) -> dict[str, int]:
    """What became of the photos; whatever was left out is here."""
    empty = len(cells) - len(np.unique(labels[labels >= 0]))
    return {
        "photos to train on": int((labels >= 0).sum()),
        "photos to train on that lie in no cell, left out": int((labels < 0).sum()),
        "photos for validation": len(parts.validation),
        "photos held out for the test": len(parts.test),
        "photographers": len(set(photos.photographers) - {""}),
        "photographers in training and test both": parts.shared,
        "photos of nobody that is named": photos.photographers.count(""),
        "cells": len(cells),
        "cells without a training photo, never the answer": empty,
        **{f"photos that {why}, left out": count for why, count in photos.skipped.items()},
    }


def _write_facts(
    folder: Path, evaluation: Evaluation, counts: Mapping[str, int], fitting: Fitting
) -> None:
    facts = {"counts": counts, "fitting": asdict(fitting), "accuracy": evaluation.records()}
    with replacing(folder / "facts.json") as path:
        path.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    click.echo(f"wrote {folder / 'facts.json'}")
