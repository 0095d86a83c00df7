"""A model of your own places in a minute: a head on the features of a model that you have."""

import json
import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geonb.earth.cells import CELLS_FILE, Cells
from geonb.errors import EvaluationError, TrainingError
from geonb.model import Model, load_model
from geonb.network.checkpoint import CheckpointFiles
from geonb.network.head import ARRAYS_FILE, HEAD_FILE, anchors
from geonb.writing import PART
from geonb_lab.evaluation.accuracy import Evaluation, evaluate
from geonb_lab.evaluation.calibration import fit_temperature
from geonb_lab.evaluation.guesses import most_frequent
from geonb_lab.evaluation.photo_sets import PhotoSet, read_photos
from geonb_lab.evaluation.scores import Score, measure, score
from geonb_training.features import Features, read_features
from geonb_training.head_report import CellCount, Head, doubts
from geonb_training.partitions import partition
from geonb_training.softmax import (
    STRENGTHS,
    cross_entropy,
    fit_softmax,
    import_optimiser,
    probabilities,
)
from geonb_training.splits import Split, count_photos, split_photos
from geonb_training.state import new_folder

Numbers = NDArray[np.intp]
Table = NDArray[np.float64]
"""A head's weights: (width + 1, classes), the last row is the bias."""

_FIRST = 25  # photos of the curve's first point; each point has twice the photos of the last


@dataclass(frozen=True, eq=False)
class _Lesson:
    """What a head is fitted to: M photos' features, (M, width), and their cells, -1 for none."""

    features: NDArray[np.float64]
    labels: Numbers
    cells: Cells

    def fit(self, photos: Numbers, strength: float, start: Table | None = None) -> Table:
        """Fit a head to some of the photos; the search starts from the table ``start``."""
        features, labels = self.features[photos], self.labels[photos]
        return fit_softmax(features, labels, len(self.cells), strength, start)

    def answer(self, photos: Numbers, table: Table) -> NDArray[np.float64]:
        """What a head says of some of the photos, (n, classes)."""
        return probabilities(self.features[photos], table)


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
    opens ``folder``, which refers to the model's own files; an earlier head in it is replaced.
    Features stay in the cache.

    Raises `TrainingError`, also for a folder that holds anything else, `CellsError`,
    `EvaluationError`, `ModelError`, and `MissingDependencyError` without SciPy or threadpoolctl.
    """
    import_optimiser()  # before the work, so that you know at once if it is missing
    base = model if isinstance(model, Model) else load_model(model)
    if base.engine != "onnxruntime" or (files := base.files) is None:
        raise TrainingError(f"{base!r}: features come from the engine onnxruntime; load it there")
    photo_set = photos if isinstance(photos, PhotoSet) else read_photos(photos)
    target = new_folder(folder, HEAD_FILE)
    seen = read_features(base, files, photo_set)
    places, people = seen.photos.truth, seen.photos.photographers
    parts = _divide(people, seed)
    cells = partition(places[parts.train], t1, t2)
    if len(cells) < 2:
        raise TrainingError(
            f"all {len(parts.train)} training photos lie in one cell; take photos of more places, "
            f"or smaller thresholds than t1={t1}, t2={t2}"
        )
    labels = cells.index(places)  # (M,), -1 for a place in no cell
    train, watched = (own[labels[own] >= 0] for own in (parts.train, parts.validation))
    centre, scale = _scales(seen.values[train])
    lesson = _Lesson((seen.values - centre) / scale, labels, cells)
    table, strength = _choose(lesson, train, watched)
    temperature = _temperature(lesson, watched, table)
    evaluation = backbone = None
    curve: tuple[tuple[int, Score], ...] = ()
    if len(parts.test):
        best = np.argsort(-lesson.answer(parts.test, table), axis=1)[:, :5]
        evaluation = _evaluate(cells.places[best], target.name, seen, parts, cells)
        backbone = _evaluate(seen.answers[parts.test], base.name, seen, parts, cells)
        order = np.random.default_rng(seed).permutation(train)
        curve = _curve(lesson, order, parts.test, places, strength)
    counted = _count_cells(cells, labels[train], [people[i] for i in train])
    head = Head(
        target, evaluation, backbone, curve, counted, count_photos(seen.photos, parts, cells),
        doubts(counted, len(set(people)), evaluation, backbone), strength, temperature,
    )  # fmt: skip
    weight = (table[:-1] / scale[:, None] / temperature).T  # (classes, width)
    bias = (table[-1] - (centre / scale) @ table[:-1]) / temperature
    _write(head, base.name, files, cells, (weight.astype(np.float32), bias.astype(np.float32)))
    return head


def _divide(people: Sequence[str], seed: int) -> Split:
    """Split M photos by photographer; with two of them the smaller tests, with one nobody does."""
    names = np.array(people, str)
    known, counts = np.unique(names, return_counts=True)
    if len(known) > 2:
        return split_photos(people, seed=seed)
    tested = names == known[counts.argmin()] if len(known) == 2 else np.zeros(len(names), bool)
    rest = np.random.default_rng(seed).permutation(np.flatnonzero(~tested))
    cut = max(1, len(rest) // 10)
    if len(rest) < 2:
        raise TrainingError(f"{len(people)} photos are too few to fit a head; take 25 or more")
    return Split(np.sort(rest[cut:]), np.sort(rest[:cut]), np.flatnonzero(tested))


def _scales(values: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of each feature; 1 for one that never changes."""
    deviation = values.std(axis=0, dtype=np.float64)
    return values.mean(axis=0, dtype=np.float64), np.where(deviation > 1e-6, deviation, 1.0)


def _choose(lesson: _Lesson, train: Numbers, watched: Numbers) -> tuple[Table, float]:
    """The table and the strength under which the validation photos are the most probable."""
    table: Table | None = None
    tried: list[tuple[float, float, Table]] = []
    for strength in STRENGTHS:
        table = lesson.fit(train, strength, table)
        loss = cross_entropy(lesson.answer(watched, table), lesson.labels[watched])
        tried.append((loss, strength, table))
        best = min(loss for loss, _, _ in tried)
        if not len(watched) or loss > 1.2 * best:  # it only gets worse from here
            break
    _, strength, table = min(tried, key=lambda entry: entry[0]) if len(watched) else tried[0]
    return table, strength


def _temperature(lesson: _Lesson, watched: Numbers, table: Table) -> float:
    """The temperature that fits the validation photos; 1 if they don't say."""
    try:
        return fit_temperature(lesson.answer(watched, table), lesson.labels[watched])
    except EvaluationError:
        return 1.0


def _evaluate(
    answers: NDArray[np.float64], name: str, seen: Features, parts: Split, cells: Cells
) -> Evaluation:
    places, test_set = seen.photos.truth, f"{seen.photos.name}, held out"
    constant = most_frequent(places[parts.train], cells)
    return evaluate(
        answers, places[parts.test], name=name, test_set=test_set, constant=constant, published=()
    )


def _curve(
    lesson: _Lesson, train: Numbers, test: Numbers, places: NDArray[np.float64], strength: float
) -> tuple[tuple[int, Score], ...]:
    """Scores of heads fitted on more and more of the training photos, with the same cells."""
    sizes = [_FIRST * 2**i for i in range(30) if _FIRST * 2**i < len(train)] + [len(train)]
    curve = []
    table = None  # each search starts where the last one ended
    for size in sizes:
        table = lesson.fit(train[:size], strength, table)
        best = lesson.answer(test, table).argmax(axis=1)
        km = measure(lesson.cells.places[best][:, None], places[test])[:, 0]
        curve.append((size, score("this head", f"{size} photos", km)))
    return tuple(curve)


def _count_cells(cells: Cells, labels: Numbers, people: list[str]) -> tuple[CellCount, ...]:
    photos = np.bincount(labels, minlength=len(cells)).tolist()
    who = Counter(label for label, _ in set(zip(labels.tolist(), people, strict=True)))
    return tuple(
        CellCount(token, cells.place(i), photos[i], who[i]) for i, token in enumerate(cells.tokens)
    )


def _write(
    head: Head, name: str, files: CheckpointFiles, cells: Cells, arrays: tuple[Any, Any]
) -> None:
    """Write the folder's four files; the one that makes it a model comes last."""
    facts = {
        "backbone": name,
        "counts": head.counts,
        "strength": head.strength,
        "temperature": head.temperature,
        "accuracy": head.records(),
        "learning_curve": [{"photos": count, **asdict(one)} for count, one in head.curve],
        "cells": [asdict(cell) for cell in head.cells],
        "doubts": head.doubts,
    }
    try:
        with tempfile.TemporaryDirectory(dir=head.folder, prefix=PART) as temporary:
            part = Path(temporary)
            cells.write(part / CELLS_FILE)
            (part / "facts.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
            write_head(part, name, files, arrays)
            for path in sorted(part.iterdir(), key=lambda path: path.suffix == ".json"):
                path.replace(head.folder / path.name)
    except OSError as error:
        raise TrainingError(
            f"{head.folder}: cannot write the head ({error.strerror}); free some space there, "
            "or choose another folder"
        ) from error


def write_head(folder: Path, name: str, base: CheckpointFiles, arrays: tuple[Any, Any]) -> None:
    """Write a head on the network ``base``, known as ``name``, into ``folder``. Raises `OSError`.

    ``arrays`` are its weights (classes, features) and biases (classes,). The network is referred
    to by its place in the cache or in geonb, if it is there, and by a digest of its content.
    """
    np.savez(folder / ARRAYS_FILE, weight=arrays[0], bias=arrays[1])
    path = Path(base.prefix).resolve()
    at, anchor = next(
        ((at, anchor) for at, anchor in anchors().items() if path.is_relative_to(anchor)),
        ("disk", Path(path.anchor)),
    )
    told = {"name": name, "at": at, "path": path.relative_to(anchor).as_posix()}
    told["digest"] = base.digest()
    text = json.dumps({"backbone": told}, indent=2)
    (folder / HEAD_FILE).write_text(text + "\n", encoding="utf-8")
