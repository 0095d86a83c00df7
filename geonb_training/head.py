"""A model of your own places in a minute: a head on the features of a model that you have."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.earth.cells import CELLS_FILE
from geonb.earth.partitions import partition
from geonb.errors import EvaluationError, TrainingError
from geonb.model import Model, load_model
from geonb.network.head import write_head
from geonb.shown.sheets import Sheet, Tabular
from geonb_lab.evaluation.accuracy import Evaluation, evaluate
from geonb_lab.evaluation.calibration import fit_temperature
from geonb_lab.evaluation.comparisons import compare
from geonb_lab.evaluation.guesses import most_frequent
from geonb_lab.evaluation.photo_sets import PhotoSet, read_photos
from geonb_lab.evaluation.published import THRESHOLDS_KM
from geonb_lab.evaluation.scores import COLUMNS, measure, score
from geonb_training.features import read_features
from geonb_training.softmax import (
    STRENGTHS,
    cross_entropy,
    fit_softmax,
    import_optimiser,
    probabilities,
)
from geonb_training.splits import Split, split_photos
from geonb_training.state import new_folder

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from geonb.distances import Place
    from geonb.earth.cells import Cells
    from geonb.network.checkpoint import CheckpointFiles
    from geonb_lab.evaluation.scores import Score

_NEAR_KM = 25.0  # the distance of the learning curve
_FIRST = 25  # photos of the curve's first point; each point has twice the photos of the last
_FEW_PHOTOS, _FEW_TESTS = 10, 50


@dataclass(frozen=True)
class CellCount:
    """What a head knows a cell by.

    Attributes:
        token: The cell's S2 token.
        place: The centre of its training photos, (latitude, longitude) in degrees.
        photos: How many training photos lie in it.
        photographers: How many people took them.
    """

    token: str
    place: Place
    photos: int
    photographers: int


@dataclass(frozen=True, eq=False, repr=False)
class Head(Tabular):
    """A head that was fitted, and how far to believe it: a table wherever it is shown.

    Attributes:
        folder: What `load_model` opens.
        evaluation: Accuracy on photos by people whose photos it never saw; None if there are
            fewer than two photographers, because any number would flatter it.
        backbone: The same of the model that it stands on; None likewise.
        curve: (photos, score) for heads fitted on 25, 50, 100 … of the training photos.
        cells: What each cell is known by.
        counts: Photos and what became of them, photographers, cells.
        doubts: Reasons not to believe it, a sentence each.
        strength: The penalty on its weights, chosen on the validation photos.
        temperature: What its answers were divided by, fitted on the validation photos.
    """

    folder: Path
    evaluation: Evaluation | None
    backbone: Evaluation | None
    curve: tuple[tuple[int, Score], ...]
    cells: tuple[CellCount, ...]
    counts: Mapping[str, int]
    doubts: tuple[str, ...]
    strength: float
    temperature: float

    @property
    def _scores(self) -> list[Score]:
        if self.evaluation is None or self.backbone is None:
            return []
        return [
            replace(self.evaluation.scores[0], system="this head"),
            replace(self.backbone.scores[0], system=f"{self.backbone.name} itself"),
            replace(self.evaluation.scores[-1], system="constant guess"),
        ]

    def sheet(self) -> Sheet:
        """See `Tabular`."""
        photos = self.counts["photos held out for the test"]
        caption = (
            f"Per cent of {photos:,} held-out photos within each distance, and its 95% interval"
        )
        counted = ", ".join(f"{count:,} {what}" for what, count in self.counts.items() if count)
        notes = [*self.doubts, f"{counted}.", f"The model is in {self.folder}."]
        return Sheet(caption, COLUMNS, [one.row() for one in self._scores], notes, words=2)

    def records(self) -> list[dict[str, Any]]:
        """See `Tabular`."""
        return [one.record() for one in self._scores]

    def figure(self) -> Figure:
        """The learning curve: the share within 25 km by the number of training photos."""
        from geonb_lab.evaluation.axes import CONSTANT, OWN, arms, new_axes

        canvas, axes = new_axes(6.0)
        column = THRESHOLDS_KM.index(_NEAR_KM)
        if self.evaluation:
            photos = [count for count, _ in self.curve]
            share = [one.within[column] for _, one in self.curve]
            errors = arms(share, [one.intervals[column] for _, one in self.curve])
            axes.errorbar(photos, share, errors, fmt="o-", color=OWN, capsize=3, label="this head")
            constant = self.evaluation.scores[-1].within[column]
            axes.axhline(constant, ls="--", color=CONSTANT, label="constant guess")
            axes.set(xscale="log", ylim=(-3, 103))
            axes.set_xticks(photos, [f"{count:,}" for count in photos])
            axes.minorticks_off()
            axes.legend(fontsize=8, loc="upper left")
        axes.set(xlabel="training photos", ylabel=f"held-out photos within {_NEAR_KM:g} km (%)")
        return canvas

    def in_words(self) -> str:
        """See `Tabular`."""
        column = THRESHOLDS_KM.index(_NEAR_KM)
        points = (f"{one.within[column]:.0f} with {count:,}" for count, one in self.curve)
        return (
            f"Per cent of held-out photos within {_NEAR_KM:g} km by training photos: "
            f"{', '.join(points) or 'not measured'}."
        )


def fit_head(
    model: Model | str | os.PathLike[str],
    photos: PhotoSet | str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    t1: int = 50,
    t2: int = 5,
    seed: int = 0,
) -> Head:
    """Fit a last layer for your own places on a model's features; needs neither MXNet nor a GPU.

    ``model`` is one that `load_model` gave on the engine onnxruntime, or its name; ``photos`` is
    a folder of geotagged photos or a CSV (see `read_photos`). The training photos' places make
    the cells by ``t1`` and ``t2`` (see `partition`). Validation photographers choose how far to
    trust the photos and how sure to be; test photographers measure the result. `load_model`
    opens ``folder``, which refers to the model's own files. Features stay in the cache.

    Raises `TrainingError`, `CellsError`, `EvaluationError`, `ModelError`, and
    `MissingDependencyError` without SciPy or threadpoolctl.
    """
    import_optimiser()  # before the work, so that you know at once if it is missing
    base = model if isinstance(model, Model) else load_model(model)
    files = _files(base)
    photo_set = photos if isinstance(photos, PhotoSet) else read_photos(photos)
    target = new_folder(folder)
    seen = read_features(base, files, photo_set.photos)
    places = photo_set.truth[seen.numbers]
    people = [photo_set.photographers[i] for i in seen.numbers.tolist()]
    parts = _divide(people, seed)
    cells = partition(places[parts.train], t1, t2)
    if len(cells) < 2:
        raise TrainingError(
            f"all {len(parts.train)} training photos lie in one cell; take photos of more places, "
            f"or smaller thresholds than t1={t1}, t2={t2}"
        )
    labels = cells.index(places)  # (M,), -1 for a place in no cell
    train = parts.train[labels[parts.train] >= 0]
    centre, scale = _scales(seen.values[train])
    values = (seen.values - centre) / scale
    watched = parts.validation[labels[parts.validation] >= 0]
    table, strength = _choose(values, labels, train, watched, len(cells))
    temperature = _temperature(values, labels, watched, table)
    weight = (table[:-1] / scale[:, None] / temperature).T  # (classes, width)
    bias = (table[-1] - (centre / scale) @ table[:-1]) / temperature
    counts = _counts(photo_set, seen.broken, seen.copies, people, parts, labels, cells)
    head = Head(
        target, None, None, (), _cell_counts(cells, labels[train], [people[i] for i in train]),
        counts, (), strength, temperature,
    )  # fmt: skip
    if len(parts.test):
        test = f"{photo_set.name}, held out"
        truth = places[parts.test]
        guess = most_frequent(places[parts.train], cells)
        best = np.argsort(-probabilities(values[parts.test], table), axis=1)[:, :5]
        head = replace(
            head,
            evaluation=evaluate(
                cells.places[best], truth, name=target.name, test_set=test, constant=guess,
                published=(),
            ),
            backbone=evaluate(
                seen.answers[parts.test], truth, name=base.name, test_set=test, constant=guess,
                published=(),
            ),
            curve=_curve(values, labels, train, (values[parts.test], truth), cells, strength, seed),
        )  # fmt: skip
    head = replace(head, doubts=_doubts(head, people))
    _write(head, base, cells, (weight.astype(np.float32), bias.astype(np.float32)))
    return head


def _files(model: Model) -> CheckpointFiles:
    files = model.files
    if model.engine != "onnxruntime" or files is None:
        raise TrainingError(f"{model!r}: features come from the engine onnxruntime; load it there")
    return files


def _divide(people: list[str], seed: int) -> Split:
    """Split M photos by photographer; with two of them the smaller tests, with one nobody does."""
    names = np.array(people)
    known, counts = np.unique(names, return_counts=True)
    if len(known) > 2:
        return split_photos(people, seed=seed)
    tested = names == known[counts.argmin()] if len(known) == 2 else np.zeros(len(names), bool)
    rest = np.random.default_rng(seed).permutation(np.flatnonzero(~tested))
    cut = max(1, len(rest) // 10)
    if len(rest) < 2:
        raise TrainingError(f"{len(people)} photos are too few to fit a head; take 25 or more")
    return Split(np.sort(rest[cut:]), np.sort(rest[:cut]), np.flatnonzero(tested), 0)


def _scales(values: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of each feature; 1 for one that never changes."""
    deviation = values.std(axis=0, dtype=np.float64)
    return values.mean(axis=0, dtype=np.float64), np.where(deviation > 1e-6, deviation, 1.0)


def _choose(
    values: NDArray[np.float64],
    labels: NDArray[np.intp],
    train: NDArray[np.intp],
    watched: NDArray[np.intp],
    classes: int,
) -> tuple[NDArray[np.float64], float]:
    """The weights, and the strength under which the validation photos are the most probable."""
    table: NDArray[np.float64] | None = None
    tried = []
    for strength in STRENGTHS:
        table = fit_softmax(values[train], labels[train], classes, strength, table)
        loss = cross_entropy(probabilities(values[watched], table), labels[watched])
        tried.append((loss, strength, table))
        if not len(watched) or loss > 1.2 * min(tried)[0]:  # it only gets worse from here
            break
    _, strength, table = min(tried, key=lambda entry: entry[0]) if len(watched) else tried[0]
    return table, strength


def _temperature(
    values: NDArray[np.float64],
    labels: NDArray[np.intp],
    watched: NDArray[np.intp],
    table: NDArray[np.float64],
) -> float:
    """The temperature that fits the validation photos; 1 if they don't say."""
    try:
        return fit_temperature(probabilities(values[watched], table), labels[watched])
    except EvaluationError:
        return 1.0


def _curve(  # noqa: PLR0913, PLR0917
    values: NDArray[np.float64],
    labels: NDArray[np.intp],
    train: NDArray[np.intp],
    test: tuple[NDArray[np.float64], NDArray[np.float64]],
    cells: Cells,
    strength: float,
    seed: int,
) -> tuple[tuple[int, Score], ...]:
    """Scores of heads fitted on more and more of the training photos, with the same cells."""
    order = np.random.default_rng(seed).permutation(train)
    sizes = [_FIRST * 2**i for i in range(30) if _FIRST * 2**i < len(train)] + [len(train)]
    curve = []
    table = None  # each search starts where the last one ended
    for size in sizes:
        some = order[:size]
        table = fit_softmax(values[some], labels[some], len(cells), strength, table)
        best = probabilities(test[0], table).argmax(axis=1)
        km = measure(cells.places[best][:, None], test[1])[:, 0]
        curve.append((size, score("this head", f"{size} photos", km)))
    return tuple(curve)


def _cell_counts(
    cells: Cells, labels: NDArray[np.intp], people: list[str]
) -> tuple[CellCount, ...]:
    photos = np.bincount(labels, minlength=len(cells)).tolist()
    who = Counter(label for label, _ in set(zip(labels.tolist(), people, strict=True)))
    return tuple(
        CellCount(token, cells.place(i), photos[i], who[i]) for i, token in enumerate(cells.tokens)
    )


def _counts(  # noqa: PLR0913, PLR0917
    photos: PhotoSet,
    broken: int,
    copies: int,
    people: list[str],
    parts: Split,
    labels: NDArray[np.intp],
    cells: Cells,
) -> dict[str, int]:
    outside = int((labels[parts.train] < 0).sum())
    return {
        "photos to train on": len(parts.train) - outside,
        "photos to train on that lie in no cell, left out": outside,
        "photos for validation": len(parts.validation),
        "photos held out for the test": len(parts.test),
        "photographers": len(set(people) - {""}),
        "photos whose photographer is not named": people.count(""),
        "cells": len(cells),
        "photos that cannot be opened, left out": broken,
        "photos that are copies of another, left out": copies,
        **{f"photos that {why}, left out": count for why, count in photos.skipped.items()},
    }


def _doubts(head: Head, people: list[str]) -> tuple[str, ...]:
    """Why not to believe the head, a sentence each."""
    doubts = []
    few = sum(cell.photos < _FEW_PHOTOS for cell in head.cells)
    if few:
        doubts.append(
            f"{few} of {len(head.cells)} cells have fewer than {_FEW_PHOTOS} training photos."
        )
    alone = sum(cell.photographers < 2 for cell in head.cells)
    if alone:
        doubts.append(
            f"{alone} of {len(head.cells)} cells are known by one photographer only: the head may "
            "have learned the person rather than the place."
        )
    if head.evaluation is None or head.backbone is None:
        flattery = (
            "No accuracy is given: all photos are by one photographer, and on the same person's "
            "photos any head looks good. Put each person's photos in a folder of their own."
        )
        return flattery, *doubts
    tests = len(head.evaluation.km)
    if tests < _FEW_TESTS:
        doubts.append(
            f"It was tested on {tests} photos only; the intervals say how little that is."
        )
    if len(set(people)) < 3:
        doubts.append("With two photographers, validation used photos by the one who trained it.")
    constant = replace(
        head.backbone,
        name="the constant guess",
        km=measure(np.array(head.evaluation.constant)[None, None], head.evaluation.truth)[:, 0],
    )
    for other in (replace(head.backbone, name=f"{head.backbone.name} itself"), constant):
        rows = compare(head.evaluation, other).rows
        if not any(row.differs and row.difference > 0 for row in rows):
            doubts.append(f"It is not better than {other.name} by more than luck may explain.")
        if worse := [f"{r.threshold_km:g}" for r in rows if r.differs and r.difference < 0]:
            doubts.append(f"It is worse than {other.name} within {', '.join(worse)} km.")
    return tuple(doubts)


def _write(head: Head, base: Model, cells: Cells, arrays: tuple[Any, Any]) -> None:
    """Write the folder's four files; the one that makes it a model comes last."""
    facts = {
        "backbone": base.name,
        "counts": head.counts,
        "strength": head.strength,
        "temperature": head.temperature,
        "accuracy": head.records(),
        "learning_curve": [{"photos": count, **asdict(one)} for count, one in head.curve],
        "cells": [asdict(cell) for cell in head.cells],
        "doubts": head.doubts,
    }
    try:
        with tempfile.TemporaryDirectory(dir=head.folder, prefix=".part-") as temporary:
            part = Path(temporary)
            cells.write(part / CELLS_FILE)
            (part / "facts.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
            write_head(part, base.name, _files(base), arrays)
            for path in sorted(part.iterdir(), key=lambda path: path.suffix == ".json"):
                path.replace(head.folder / path.name)
    except OSError as error:
        raise TrainingError(
            f"{head.folder}: cannot write the head ({error.strerror}); free some space there, "
            "or choose another folder"
        ) from error
