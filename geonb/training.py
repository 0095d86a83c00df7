"""A LocationNet of your own: cells from places, a ResNet on scenes, SGD as in the blog.

``python -m geonb.training FOLDER`` makes the files of the embedded model anew.
"""

from __future__ import annotations

import json
import math
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from geonb.cells import Cells, partition
from geonb.distances import distance
from geonb.files import replacing
from geonb.network import MINI, import_mxnet, resnet
from geonb.preprocessing import RECIPE, normalise
from geonb.scenes import shoot
from geonb.training_facts import describe, guesses
from geonb.training_set import Photos, jitter, paint

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Settings", "train"]


@dataclass(frozen=True)
class Settings:
    """All that a training depends on; the defaults are those of the embedded model."""

    scenes: int = 6000
    """Scenes to train on."""
    validation: int = 480
    test: int = 2000
    epochs: int = 12
    batch: int = 32
    t1: int = 50
    """A cell with this many photos or more is divided."""
    t2: int = 6
    """A cell with fewer photos than this is dropped, and its photos with it."""
    learning_rate: float = 0.1
    """Where the schedule begins, after one epoch of warming up; it ends near 0, by a cosine."""
    momentum: float = 0.9
    weight_decay: float = 1e-4
    seed: int = 0


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
    module = _fit(photos, labels[labels >= 0], cells, validation, settings)
    test = paint([shoot(i, "test", settings.seed) for i in range(settings.test)])
    facts = describe(guesses(module, test.pixels, cells), test, places, cells, settings)
    _write(Path(folder), module, cells, facts, settings.epochs)
    return facts


def _fit(
    photos: Photos, labels: NDArray[np.intp], cells: Cells, validation: Photos, settings: Settings
) -> Any:
    """Train the network epoch by epoch; gives the bound MXNet module."""
    steps = len(labels) // settings.batch
    module = _module(len(cells), steps, settings)
    rng = np.random.default_rng(settings.seed)
    start = time.monotonic()
    for epoch in range(1, settings.epochs + 1):
        order = rng.permutation(len(labels))[: steps * settings.batch]
        losses = [
            _step(module, jitter(photos.pixels[chosen], rng), labels[chosen])
            for chosen in np.split(order, steps)
        ]
        right = distance(guesses(module, validation.pixels, cells), validation.places) <= 200
        left = (time.monotonic() - start) / epoch * (settings.epochs - epoch)
        click.echo(
            f"epoch {epoch}/{settings.epochs}: loss {np.mean(losses):.3f}, "
            f"{np.mean(right):.1%} of validation within 200 km, {left / 60:.1f} minutes left"
        )
    return module


def _step(module: Any, pixels: NDArray[np.uint8], labels: NDArray[np.intp]) -> float:
    """Learn from one batch; gives its cross-entropy before that."""
    mx = import_mxnet()
    data = normalise(pixels / np.float32(255))
    module.forward_backward(mx.io.DataBatch([mx.nd.array(data)], [mx.nd.array(labels)]))
    module.update()
    probability = module.get_outputs()[0].asnumpy()[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(probability, 1e-12)).mean())


def _module(classes: int, steps: int, settings: Settings) -> Any:
    """Bind a network with fresh weights and its optimizer."""
    mx = import_mxnet()
    mx.random.seed(settings.seed)
    np.random.seed(settings.seed)  # noqa: NPY002  (MXNet's initializers draw from this state)
    module = mx.mod.Module(resnet(classes, **MINI), context=mx.cpu())
    shape = (settings.batch, 3, RECIPE.side, RECIPE.side)
    module.bind([("data", shape)], [("softmax_label", shape[:1])])
    module.init_params(mx.init.Xavier(rnd_type="gaussian", factor_type="in", magnitude=2))
    optimizer_params = {
        "learning_rate": settings.learning_rate,
        "momentum": settings.momentum,
        "wd": settings.weight_decay,
        "lr_scheduler": _schedule(steps, settings),
    }
    module.init_optimizer(optimizer="sgd", optimizer_params=optimizer_params)
    return module


def _schedule(steps: int, settings: Settings) -> Any:
    """Learning rate by step: up during the first epoch, then down along a cosine."""
    return import_mxnet().lr_scheduler.CosineScheduler(
        steps * settings.epochs,
        base_lr=settings.learning_rate,
        final_lr=settings.learning_rate / 1000,
        warmup_steps=steps if settings.epochs > 1 else 0,
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


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--scenes", default=Settings.scenes, show_default=True, help="Scenes to train on.")
@click.option("--epochs", default=Settings.epochs, show_default=True)
@click.option("--t1", default=Settings.t1, show_default=True, help="Divide cells from here on.")
@click.option("--t2", default=Settings.t2, show_default=True, help="Drop cells below this.")
@click.option("--seed", default=Settings.seed, show_default=True)
def main(folder: Path, **options: int) -> None:
    """Train a model on synthetic scenes and write its files to FOLDER."""
    start = time.monotonic()
    facts = train(folder, Settings(**options))
    minutes = math.ceil((time.monotonic() - start) / 6) / 10
    click.echo(f"\n{facts['classes']} cells, {facts['n']} photos of held-out photographers")
    click.echo("within    model   constant guess")
    for row in facts["accuracy"]:
        click.echo(f"{row['km']:>5} km {row['model']:>7.1%} {row['constant_guess']:>16.1%}")
    click.echo(f"written to {folder} after {minutes} minutes")


if __name__ == "__main__":
    main()
