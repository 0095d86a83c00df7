"""Training on scenes: cells from their places, a ResNet, SGD as in the blog. So `mini` was made."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from geonb.earth.partitions import partition
from geonb.files import replacing
from geonb_training.batches import paint
from geonb_training.facts import describe, guesses
from geonb_training.fitting import Fitting, fit
from geonb_training.network import import_mxnet
from geonb_training.scenes import shoot

if TYPE_CHECKING:
    from geonb.earth.cells import Cells


@dataclass(frozen=True)
class Settings:
    """All that a training depends on; the defaults are those of the embedded model."""

    scenes: int = 6000
    """Scenes to train on."""
    validation: int = 480
    test: int = 2000
    epochs: int = Fitting.epochs
    """This, and what else `Fitting` has too, is described there."""
    batch: int = Fitting.batch
    t1: int = 50
    """A cell with this many photos or more is divided."""
    t2: int = 6
    """A cell with fewer photos than this is dropped, and its photos with it."""
    learning_rate: float = Fitting.learning_rate
    momentum: float = Fitting.momentum
    weight_decay: float = Fitting.weight_decay
    seed: int = Fitting.seed


def train(folder: Path, settings: Settings | None = None) -> dict[str, Any]:
    """Train a model and write its four files to ``folder``; gives what `facts.json` says.

    The files are ``mini-symbol.json`` and ``mini-NNNN.params`` (NNNN: epochs), ``grids.txt`` and
    ``facts.json``. The same settings on the same machine give the same files. Raises
    `MissingDependencyError` without MXNet, `CellsError` where the thresholds leave no cell.
    """
    import_mxnet()  # before the work, so that its absence is known at once
    settings = settings or Settings()
    shots = [shoot(i, "train", settings.seed) for i in range(settings.scenes)]
    places = np.array([shot.place for shot in shots])
    cells = partition(places, settings.t1, settings.t2)
    labels = cells.index(places)
    click.echo(f"{len(shots)} scenes, {len(cells)} cells, {np.sum(labels >= 0)} scenes in them")
    photos = paint([shot for shot, label in zip(shots, labels, strict=True) if label >= 0])
    validation = paint([shoot(i, "validation", settings.seed) for i in range(settings.validation)])
    module = fit(photos, labels[labels >= 0], cells, validation, _fitting(settings))
    test = paint([shoot(i, "test", settings.seed) for i in range(settings.test)])
    facts = describe(guesses(module, test.pixels, cells), test, places, cells, settings)
    _write(Path(folder), module, cells, facts, settings.epochs)
    return facts


def _fitting(settings: Settings) -> Fitting:
    return Fitting(
        epochs=settings.epochs,
        batch=settings.batch,
        learning_rate=settings.learning_rate,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
        seed=settings.seed,
    )


def _write(folder: Path, module: Any, cells: Cells, facts: dict[str, Any], epochs: int) -> None:
    """Write the four files, each whole or not at all; the facts last."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".part-") as temporary:
        module.save_checkpoint(str(Path(temporary) / "mini"), epochs)
        for path in sorted(Path(temporary).iterdir()):
            path.replace(folder / path.name)
    cells.write(folder / "grids.txt")
    with replacing(folder / "facts.json") as path:
        path.write_text(json.dumps(facts, indent=2) + "\n")
