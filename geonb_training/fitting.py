"""Fit a network to photos, epoch by epoch: the loop of every training, which survives a kill."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from geonb.distances import distance
from geonb.errors import TrainingError
from geonb.preprocessing import RECIPE, normalise
from geonb_training.batches import jitter
from geonb_training.facts import guesses
from geonb_training.network import NETWORKS, import_mxnet, resnet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geonb.earth.cells import Cells
    from geonb_training.batches import Photos
    from geonb_training.state import Keeper


@dataclass(frozen=True)
class Fitting:
    """How a network is fitted; the defaults are those of the embedded model."""

    network: str = "mini"
    """``mini``, ``resnet50``, or the blog's ``resnet101``."""
    epochs: int = 12
    batch: int = 32
    """Photos a step, on all devices together."""
    optimizer: str = "sgd"
    """``sgd`` with momentum and a schedule, as the blog's; ``adagrad``, as PlaNet's."""
    learning_rate: float = 0.1
    """Where the schedule begins, after one epoch of warming up; it ends near 0, by a cosine."""
    momentum: float = 0.9
    """Of SGD; Adagrad has none."""
    weight_decay: float = 1e-4
    seed: int = 0
    contexts: tuple[str, ...] = ("cpu(0)",)
    """MXNet's devices, such as ``gpu(0)``; each takes its share of every batch."""
    kvstore: str = "local"
    """How devices add up what they learned: ``local``, ``device`` on GPUs, ``dist_sync`` and its
    like between machines."""

    def __post_init__(self) -> None:
        if self.network not in NETWORKS:
            raise TrainingError(f"no network {self.network!r}; there are {', '.join(NETWORKS)}")
        if self.optimizer not in {"sgd", "adagrad"}:
            raise TrainingError(f"optimizer is 'sgd' or 'adagrad', not {self.optimizer!r}")
        if self.epochs < 1 or self.batch < 1 or self.batch % len(self.contexts):
            raise TrainingError(
                f"training needs an epoch or more, and a batch that {len(self.contexts)} devices "
                f"can share equally; got epochs={self.epochs}, batch={self.batch}"
            )


def fit(
    photos: Photos,
    labels: NDArray[np.intp],
    cells: Cells,
    validation: Photos,
    fitting: Fitting,
    keeper: Keeper | None = None,
) -> Any:
    """Train the network from its last kept epoch on; gives the bound MXNet module.

    Raises `TrainingError` where there is less than one batch of photos.
    """
    store = _store(fitting)
    workers, rank = (store.num_workers, store.rank) if store else (1, 0)
    steps = len(labels) // (fitting.batch * workers)
    if not steps:
        raise TrainingError(f"{len(labels)} photos in cells, expected a batch of {fitting.batch}")
    rng = np.random.default_rng(fitting.seed)
    done = keeper.epoch if keeper else 0
    module = _module(len(cells), steps, fitting, store, keeper)
    if keeper and done:
        rng.bit_generator.state = keeper.generator
        click.echo(f"going on after epoch {done} of {fitting.epochs}")
    start = time.monotonic()
    for epoch in range(done + 1, fitting.epochs + 1):
        order = rng.permutation(len(labels))[: steps * workers * fitting.batch]
        losses = [
            _step(module, jitter(photos.pixels[chosen], rng), labels[chosen])
            for chosen in np.split(order, steps * workers)[rank::workers]
        ]
        right = distance(guesses(module, validation.pixels, cells), validation.places) <= 200
        left = (time.monotonic() - start) / (epoch - done) * (fitting.epochs - epoch)
        click.echo(
            f"epoch {epoch}/{fitting.epochs}: loss {np.mean(losses):.3f}, "
            f"{np.mean(right):.1%} of validation within 200 km, {left / 60:.1f} minutes left"
        )
        if keeper and rank == 0:
            keeper.keep(module, epoch, rng.bit_generator.state, float(np.mean(losses)))
    if store:
        store._barrier()  # noqa: SLF001  (nobody goes on before the first one has written)
    return module


def _store(fitting: Fitting) -> Any:
    """The store that several machines share; None where there is only this one."""
    if not fitting.kvstore.startswith("dist"):
        return None
    return import_mxnet().kvstore.create(fitting.kvstore)


def _step(module: Any, pixels: NDArray[np.uint8], labels: NDArray[np.intp]) -> float:
    """Learn from one batch; gives its cross-entropy before that."""
    mx = import_mxnet()
    data = normalise(pixels / np.float32(255))
    module.forward_backward(mx.io.DataBatch([mx.nd.array(data)], [mx.nd.array(labels)]))
    module.update()
    probability = module.get_outputs()[0].asnumpy()[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(probability, 1e-12)).mean())


def _module(classes: int, steps: int, fitting: Fitting, store: Any, keeper: Keeper | None) -> Any:
    """Bind a network with fresh or kept weights, and its optimizer."""
    mx = import_mxnet()
    mx.random.seed(fitting.seed)
    np.random.seed(fitting.seed)  # noqa: NPY002  (MXNet's initializers draw from this state)
    devices = [_device(name) for name in fitting.contexts]
    module = mx.mod.Module(resnet(classes, **NETWORKS[fitting.network]), context=devices)
    shape = (fitting.batch, 3, RECIPE.side, RECIPE.side)
    module.bind([("data", shape)], [("softmax_label", shape[:1])])
    module.init_params(mx.init.Xavier(rnd_type="gaussian", factor_type="in", magnitude=2))
    done = keeper.epoch if keeper else 0
    if keeper and done:
        keeper.restore_weights(module)
    parameters = {
        "learning_rate": fitting.learning_rate,
        "wd": fitting.weight_decay,
        "begin_num_update": done * steps,
    }
    if fitting.optimizer == "sgd":
        parameters |= {"momentum": fitting.momentum, "lr_scheduler": _schedule(steps, fitting)}
    module.init_optimizer(store or fitting.kvstore, fitting.optimizer, parameters)
    if keeper and done:
        keeper.restore_optimizer(module)
    return module


def _device(name: str) -> Any:
    """A device by the name that MXNet prints, such as gpu(3)."""
    kind, _, number = name.rstrip(")").partition("(")
    if kind not in {"cpu", "gpu"} or not number.isdecimal():
        raise TrainingError(f"no device {name!r}; expected cpu(0), gpu(0), gpu(1) and so on")
    return import_mxnet().Context(kind, int(number))


def _schedule(steps: int, fitting: Fitting) -> Any:
    """Learning rate by step: up during the first epoch, then down along a cosine."""
    return import_mxnet().lr_scheduler.CosineScheduler(
        steps * fitting.epochs,
        base_lr=fitting.learning_rate,
        final_lr=fitting.learning_rate / 1000,
        warmup_steps=steps if fitting.epochs > 1 else 0,
    )
