"""Train on your own photos: cells, a split by photographer, the network, and how good it is."""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from geonb.earth.cells import Cells
from geonb.errors import EvaluationError, TrainingError
from geonb.files import expanded
from geonb.model import Model, load_model
from geonb.network.layers import Checkpoint
from geonb.preprocessing import RECIPE
from geonb.promise import PROMISE_FILE
from geonb.writing import replacing
from geonb_lab.evaluation.accuracy import Evaluation, evaluate
from geonb_lab.evaluation.guesses import guess, most_frequent
from geonb_lab.evaluation.photo_sets import PhotoSet, read_photos
from geonb_lab.evaluation.promises import promise_from
from geonb_lab.evaluation.scores import PUBLISHED
from geonb_training.batches import Squares
from geonb_training.fitting import Fitting, TrainerName
from geonb_training.loop import fit, new_trainer
from geonb_training.network import NETWORKS, fresh, resnet, with_classes
from geonb_training.partitions import partition
from geonb_training.shards import find_shards, read_shards, source
from geonb_training.splits import By, Split, check_apart, count_photos, some_of, split_photos
from geonb_training.state import TRAINING, Keeper, new_folder


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained model: shown as the table of how good it is.

    Attributes:
        folder: What `load_model` opens.
        evaluation: Accuracy on the photos that were held out.
        losses: Mean cross-entropy of each epoch, in nats.
        counts: Photos and what became of them, photographers, cells.
    """

    folder: Path
    evaluation: Evaluation
    losses: tuple[float, ...]
    counts: Mapping[str, int]

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
    validation: PhotoSet | None = None,
    test: PhotoSet | None = None,
    fitting: Fitting | None = None,
    trainer: TrainerName | None = None,
    start: Model | str | os.PathLike[str] | None = None,
) -> Trained:
    """Train a model on geotagged photos: a folder, a CSV (see `read_photos`), or tar archives.

    An archive, or a folder of them, has each photo's place in a JSON beside it: ``a.jpg`` and
    ``a.json`` with ``lat``, ``lng``, ``photographer``.

    The training photos' places make the cells by ``t1`` and ``t2`` (see `partition`), unless you
    give ``cells``. A tenth of the photos is kept for validation and a fifth for the test, whole
    photographers at a time, unless you give ``validation`` or ``test``, which then share no
    photographer with ``photos``. Call it again after it was killed: it goes on after the last
    epoch in ``folder``, and ends as if nothing had happened. Photos that have vanished since are
    left out and counted. A folder that holds anything but this training is refused.

    ``trainer`` is PyTorch where it is installed, or else MXNet, the blog's own. Both take the same
    steps. ``start`` is a model to go on from (fine-tuning): its network and its weights, with a
    fresh last layer unless the cells are its own.

    Raises `TrainingError`, `CellsError`, `EvaluationError`, `ModelError` for ``start``, and
    `MissingDependencyError` without the trainer.
    """
    fitting = fitting or Fitting()
    learner = new_trainer(trainer, fitting)  # before the work: is it there, and its devices?
    base = None if start is None else _base(start)
    photo_set = photos if isinstance(photos, PhotoSet) else _read(photos)
    given = {name: own for name, own in (("validation", validation), ("test", test)) if own}
    squares = Squares.open(_joined(photo_set, given))
    keeper = Keeper(new_folder(folder, *TRAINING))
    opened, part_of = _as_begun(squares.photos, given, keeper)
    squares = squares.of(opened)
    parts = _parts(opened.photographers, part_of, split, fitting.seed)
    places = opened.truth[parts.train]
    cells = cells or partition(places, t1, t2)
    labels = cells.index(places)
    inside = labels >= 0
    plan = {**_plan(opened, cells, labels, fitting), "trainer": learner.name}
    if base and base.files:
        plan["start"] = base.files.digest()
    keeper.follow(plan, cells)
    watched = squares.some(parts.validation)
    weights = first_weights(base, cells, fitting)
    training = squares.some(parts.train[inside])
    fit(training, labels[inside], cells, watched, fitting, keeper, learner, weights)
    _promise(keeper.folder, validation.name if validation else photo_set.name, watched.photos)
    name = test.name if test else f"{photo_set.name}, held out"
    held_out = _as_sources(name, some_of(opened, parts.test))
    evaluation = evaluate(
        guess(load_model(keeper.folder), held_out), held_out,
        constant=most_frequent(places, cells),
        published=[row for row in PUBLISHED if row.test_set == name],
    )  # fmt: skip
    counts = count_photos(opened, parts, cells)
    facts = {
        "trainer": learner.name,
        "counts": counts,
        "fitting": asdict(fitting),
        "accuracy": evaluation.records(),
    }
    with replacing(keeper.folder / "facts.json") as path:
        path.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    click.echo(f"wrote {keeper.folder / 'facts.json'}")
    keeper.finish()
    return Trained(keeper.folder, evaluation, tuple(keeper.losses), counts)


def _read(photos: str | os.PathLike[str]) -> PhotoSet:
    if shards := find_shards(photos):
        return read_shards(shards, expanded(photos).name)
    return read_photos(photos)


def _base(start: Model | str | os.PathLike[str]) -> Model:
    """The model to go on from. Raises `ModelError` and `TrainingError`."""
    base = start if isinstance(start, Model) else load_model(start)
    files = base.files
    if files is None or files.only_onnx or files.last or base.recipe != RECIPE:
        raise TrainingError(
            f"{base.name}: a training goes on from a network of LocationNet's family in MXNet's "
            "files or Core ML's, with all of its layers; fit a head instead (fit_head)"
        )
    return base


def first_weights(base: Model | None, cells: Cells, fitting: Fitting) -> Checkpoint:
    """The network and its weights before the first step."""
    if base is None or base.files is None:
        return fresh(resnet(len(cells), **NETWORKS[fitting.network]), fitting.seed)
    checkpoint = base.files.read()
    if base.cells.tokens == cells.tokens:
        return checkpoint
    return with_classes(checkpoint, len(cells), fitting.seed)


def _joined(photos: PhotoSet, given: Mapping[str, PhotoSet]) -> PhotoSet:
    """All photos in one set, so that copies are found across its parts."""
    sets = (photos, *given.values())
    for one, other in combinations(sets, 2):
        check_apart(one, other)
    return replace(
        photos,
        photos=tuple(chain.from_iterable(one.photos for one in sets)),
        truth=np.concatenate([one.truth for one in sets]),
        photographers=tuple(chain.from_iterable(one.photographers for one in sets)),
        skipped=dict(sum((Counter(one.skipped) for one in sets), Counter())),
    )


def _as_begun(
    opened: PhotoSet, given: Mapping[str, PhotoSet], keeper: Keeper
) -> tuple[PhotoSet, list[str]]:
    """The photos that the training began with, and the part that each was given for ("" if none).

    A training that goes on keeps its division, even if photos have vanished since.
    """
    part_of = {photo: name for name, own in given.items() for photo in own.photos}
    rows = [
        [photo, *place, person, part_of.get(photo, "")]
        for photo, place, person in zip(
            opened.photos, opened.truth.tolist(), opened.photographers, strict=True
        )
    ]
    listed = keeper.first_listed(rows)
    photos, lats, lngs, people, parts = zip(*listed, strict=True)
    truth, skipped = np.column_stack([lats, lngs]), dict(opened.skipped)
    if vanished := len(listed) - len(rows):
        skipped["vanished after the training began"] = vanished
    begun = replace(opened, photos=photos, truth=truth, photographers=people, skipped=skipped)
    return begun, list(parts)


def _parts(people: Sequence[str], part_of: list[str], split: By, seed: int) -> Split:
    """Which photos train, validate and test: as given, or else split by photographer."""
    validation, test = (np.flatnonzero(np.array(part_of) == n) for n in ("validation", "test"))
    rest = np.flatnonzero(np.array(part_of) == "")
    if not (len(validation) and len(test)):
        own = split_photos([people[i] for i in rest.tolist()], split, seed)
        validation = validation if len(validation) else rest[own.validation]
        test = test if len(test) else rest[own.test]
    return Split(np.setdiff1d(rest, np.concatenate([validation, test])), validation, test)


def _plan(
    photos: PhotoSet, cells: Cells, labels: NDArray[np.intp], fitting: Fitting
) -> dict[str, Any]:
    """All that the weights depend on, to know the training again after a kill."""
    listed = hashlib.sha256("\n".join(photos.photos).encode())
    listed.update(labels.tobytes())
    own = asdict(fitting)
    for device in ("contexts", "kvstore", "loaders"):  # a training may move to another machine
        del own[device]
    return {
        "photos": listed.hexdigest(),
        "cells": hashlib.sha256(cells.ids.tobytes()).hexdigest(),
        **own,
    }


def _promise(folder: Path, name: str, photos: PhotoSet) -> None:
    """Learn on the validation photos how much the model's regions must hold."""
    (folder / PROMISE_FILE).unlink(missing_ok=True)  # of an earlier training
    try:
        model = load_model(folder)
        before = guess(model, _as_sources(name, photos)).before
        promise_from(before, 0.9, name, len(model.cells)).save(folder)
    except EvaluationError as error:  # too few photos, or too few of them in a cell
        click.echo(f"no promise for regions: {error}")


def _as_sources(name: str, photos: PhotoSet) -> PhotoSet:
    """The photos as `open_photo` takes them, also from archives."""
    sources: Any = tuple(map(source, photos.photos))
    return replace(photos, name=name, photos=sources, skipped={})
