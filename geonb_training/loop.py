"""Fit a network to photos, epoch by epoch: the loop of every training, which survives a kill."""

from __future__ import annotations

import math
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, get_args

import click
import numpy as np

from geonb.distances import distance
from geonb.errors import MissingDependencyError, TrainingError
from geonb_training.batches import Lessons, batches
from geonb_training.fitting import TrainerName

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geonb.earth.cells import Cells
    from geonb.network.layers import Checkpoint
    from geonb_training.batches import Squares
    from geonb_training.fitting import Fitting
    from geonb_training.mxnet_trainer import MxnetTrainer
    from geonb_training.state import Keeper
    from geonb_training.torch_trainer import TorchTrainer

    Trainer = MxnetTrainer | TorchTrainer

_WATCHED_KM = 200  # the validation photos within it are shown after each epoch


def new_trainer(name: TrainerName | None, fitting: Fitting) -> Trainer:
    """A trainer by name; without one PyTorch's where it is installed, or else MXNet's.

    Raises `TrainingError`, and `MissingDependencyError` without what it needs.
    """
    name = name or next((n for n in get_args(TrainerName) if find_spec(n)), None)
    if name == "torch":
        from geonb_training.torch_trainer import TorchTrainer

        return TorchTrainer(fitting)
    if name == "mxnet":
        from geonb_training.mxnet_trainer import MxnetTrainer

        return MxnetTrainer(fitting)
    if name is None:
        raise MissingDependencyError("Training a model", "torch", "train")
    raise TrainingError(f"trainer is 'torch' or 'mxnet', not {name!r}")


def fit(  # noqa: PLR0913, PLR0917
    photos: Squares,
    labels: NDArray[np.intp],
    cells: Cells,
    validation: Squares,
    fitting: Fitting,
    keeper: Keeper,
    trainer: Trainer,
    start: Checkpoint,
) -> None:
    """Train the network from its last kept epoch on; the keeper has its weights afterwards.

    Raises `TrainingError` if there is less than one batch of photos, or the loss is no longer a
    number; then the last kept epoch stays as it is.
    """
    steps = len(labels) // fitting.batch
    if not steps:
        raise TrainingError(f"{len(labels)} photos in cells, expected a batch of {fitting.batch}")
    if fitting.batch % trainer.workers:
        raise TrainingError(
            f"a batch of {fitting.batch} can't be shared equally by {trainer.workers} workers"
        )
    if done := keeper.epoch:
        click.echo(f"going on after epoch {done} of {fitting.epochs}")
        start = keeper.weights(start.layers)
    trainer.begin(start, steps, done, keeper.memory(start.layers))
    began = time.monotonic()
    for epoch in range(done + 1, fitting.epochs + 1):
        lessons = Lessons(
            photos, labels, fitting.batch,
            seed=fitting.seed, epoch=epoch, rank=trainer.rank, workers=trainer.workers,
        )  # fmt: skip
        losses, gone = _epoch(lessons, epoch, fitting, keeper, trainer)
        near = _near(trainer, fitting.batch // trainer.workers, validation, cells)
        left = (time.monotonic() - began) / (epoch - done) * (fitting.epochs - epoch)
        click.echo(
            f"epoch {epoch}/{fitting.epochs}: loss {np.mean(losses):.3f}, "
            f"{near:.1%} of validation within {_WATCHED_KM} km, {left / 60:.1f} minutes left"
            + (f"; {gone} photos can no longer be opened" if gone else "")
        )
        if trainer.rank == 0:
            layers, arrays = start.layers, trainer.arrays()
            keeper.keep(layers, epoch, arrays, trainer.memory(), float(np.mean(losses)))
    trainer.wait()  # nobody goes on before the first one has written


def _epoch(
    lessons: Lessons, epoch: int, fitting: Fitting, keeper: Keeper, trainer: Trainer
) -> tuple[list[float], int]:
    """Learn from each batch: the losses, and how many photos were gone."""
    losses: list[float] = []
    gone = 0
    for step, (data, labels, missing) in enumerate(trainer.read(lessons)):
        gone += missing
        if not len(labels):
            raise TrainingError(
                f"none of the {missing} photos of a batch can be opened, such as "
                f"{lessons.first_of(step)}; are they still there?"
            )
        losses.append(trainer.step(data, labels))
        if not math.isfinite(losses[-1]):
            raise TrainingError(
                f"the loss is {losses[-1]} at step {step + 1} of {len(lessons)} in epoch {epoch}; "
                f"try a learning rate below {fitting.learning_rate:g} in another folder. "
                f"{keeper.kept}"
            )
    return losses, gone


def _near(trainer: Trainer, size: int, photos: Squares, cells: Cells) -> float:
    """The share of photos whose likeliest cell is near; one that can't be opened is not."""
    near = 0
    for data, there in batches(photos, size):
        best = trainer.probabilities(data)[: len(there)].argmax(axis=1)
        km = distance(cells.places[best], photos.photos.truth[there])
        near += int(np.count_nonzero(km <= _WATCHED_KM))
    return near / len(photos.photos)
