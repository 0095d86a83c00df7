"""Fit a network to photos, epoch by epoch: the loop of every training, which survives a kill."""

from __future__ import annotations

import math
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from geonb.distances import distance
from geonb.errors import TrainingError
from geonb.preprocessing import RECIPE
from geonb_training.batches import batches, lesson
from geonb_training.network import NETWORKS, import_mxnet, resnet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geonb.earth.cells import Cells
    from geonb_training.batches import Photos
    from geonb_training.state import Keeper

_WATCHED_KM = 200  # the validation photos within it are shown after each epoch
_STORES = ("local", "device", "nccl", "dist_sync", "dist_async", "dist_sync_device",
           "dist_device_sync", "dist_async_device")  # fmt: skip
_SEEDS = 2**32  # NumPy's and MXNet's are below


@dataclass(frozen=True)
class Fitting:
    """How a network is fitted; the defaults are those of the embedded model.

    Attributes:
        network: ``mini``, ``resnet50``, or the blog's ``resnet101``.
        epochs: How often the network sees each photo.
        batch: Photos per step, on all devices together.
        optimizer: ``sgd`` with momentum and a schedule, as in the blog; ``adagrad``, as in PlaNet.
        learning_rate: What the first epoch warms up to; a cosine then brings it down to nearly 0.
        momentum: Of SGD, at least 0 and below 1; Adagrad has none.
        weight_decay: How strongly each step shrinks the weights.
        seed: Of everything random, from 0 to 2**32 - 1.
        contexts: MXNet's devices, such as ``gpu(0)``; each takes its share of every batch.
        kvstore: How devices add up what they learned: ``local``, ``device`` on GPUs, ``dist_sync``
            and its like between machines.

    Raises `TrainingError` for values that can't work.

    """

    network: str = "mini"
    epochs: int = 12
    batch: int = 32
    optimizer: str = "sgd"
    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 1e-4
    seed: int = 0
    contexts: tuple[str, ...] = ("cpu(0)",)
    kvstore: str = "local"

    def __post_init__(self) -> None:
        if self.network not in NETWORKS:
            raise TrainingError(f"no network {self.network!r}; there are {', '.join(NETWORKS)}")
        if self.optimizer not in {"sgd", "adagrad"}:
            raise TrainingError(f"optimizer is 'sgd' or 'adagrad', not {self.optimizer!r}")
        if self.kvstore not in _STORES:
            raise TrainingError(f"no kvstore {self.kvstore!r}; there are {', '.join(_STORES)}")
        if self.epochs < 1 or self.batch < 1 or not self.contexts:
            raise TrainingError(
                "training needs an epoch, a photo per step and a device, or more; got "
                f"epochs={self.epochs}, batch={self.batch}, contexts={self.contexts}"
            )
        if self.batch % len(self.contexts):
            raise TrainingError(
                f"a batch of {self.batch} can't be shared equally by {len(self.contexts)} devices"
            )
        if not (0 < self.learning_rate < math.inf and 0 <= self.weight_decay < math.inf):
            raise TrainingError(
                "expected learning_rate above 0 and weight_decay of 0 or more; got "
                f"{self.learning_rate} and {self.weight_decay}"
            )
        if not 0 <= self.momentum < 1:
            raise TrainingError(f"expected momentum from 0 to below 1; got {self.momentum}")
        if not 0 <= self.seed < _SEEDS:
            raise TrainingError(f"expected a seed from 0 to {_SEEDS - 1}; got {self.seed}")


def fit(
    photos: Photos,
    labels: NDArray[np.intp],
    cells: Cells,
    validation: Photos,
    fitting: Fitting,
    keeper: Keeper,
) -> None:
    """Train the network from its last kept epoch on; the keeper has its weights afterwards.

    Raises `TrainingError` if there is less than one batch of photos, a device is missing, or the
    loss is no longer a number; then the last kept epoch stays as it is.
    """
    store = _store(fitting)
    workers, rank = (store.num_workers, store.rank) if store else (1, 0)
    steps = len(labels) // (fitting.batch * workers)
    if not steps:
        raise TrainingError(f"{len(labels)} photos in cells, expected a batch of {fitting.batch}")
    rng = np.random.default_rng(fitting.seed)
    done = keeper.epoch
    module = _module(len(cells), steps, fitting, store, keeper)
    if done:
        rng.bit_generator.state = keeper.generator
        click.echo(f"going on after epoch {done} of {fitting.epochs}")
    start = time.monotonic()
    for epoch in range(done + 1, fitting.epochs + 1):
        order = rng.permutation(len(labels))[: steps * workers * fitting.batch]
        losses, gone = [], 0
        for chosen in np.split(order, steps * workers)[rank::workers]:
            data, numbers, missing = lesson(photos.squares, chosen, rng)
            losses.append(_step(module, data, labels[numbers]))
            gone += missing
            if not math.isfinite(losses[-1]):
                raise TrainingError(
                    f"the loss is {losses[-1]} at step {len(losses)} of {steps} in epoch {epoch}; "
                    f"try a learning rate below {fitting.learning_rate:g} in another folder. "
                    f"{keeper.kept}"
                )
        near = _near(module, validation, cells)
        left = (time.monotonic() - start) / (epoch - done) * (fitting.epochs - epoch)
        click.echo(
            f"epoch {epoch}/{fitting.epochs}: loss {np.mean(losses):.3f}, "
            f"{near:.1%} of validation within {_WATCHED_KM} km, {left / 60:.1f} minutes left"
            + (f"; {gone} photos can no longer be opened" if gone else "")
        )
        if rank == 0:
            keeper.keep(module, epoch, rng.bit_generator.state, float(np.mean(losses)))
    if store:
        store._barrier()  # noqa: SLF001  (nobody goes on before the first one has written)


def _near(module: Any, photos: Photos, cells: Cells) -> float:
    """The share of photos whose likeliest cell is near; one that can't be opened is not."""
    mx = import_mxnet()
    near = 0
    for data, there in batches(photos.squares, module.data_shapes[0].shape[0]):
        module.forward(mx.io.DataBatch([mx.nd.array(data)]), is_train=False)
        best = module.get_outputs()[0].asnumpy()[: len(there)].argmax(axis=1)
        km = distance(cells.places[best], photos.places[there])
        near += int(np.count_nonzero(km <= _WATCHED_KM))
    return near / len(photos.places)


def _store(fitting: Fitting) -> Any:
    """The store that several machines share; None if there is only this one."""
    if not fitting.kvstore.startswith("dist"):
        return None
    if "DMLC_ROLE" not in os.environ:
        raise TrainingError(
            f"kvstore {fitting.kvstore} is for several machines: start the training on all of "
            "them by MXNet's tools/launch.py; on this machine alone, use local or device"
        )
    return import_mxnet().kvstore.create(fitting.kvstore)


def _step(module: Any, data: NDArray[np.float32], labels: NDArray[np.intp]) -> float:
    """Learn from one batch, (n, 3, 224, 224); gives its cross-entropy before that."""
    mx = import_mxnet()
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
    """A device by the name that MXNet prints, such as gpu(3). Raises `TrainingError`."""
    kind, _, number = name.rstrip(")").partition("(")
    if kind not in {"cpu", "gpu"} or not number.isdecimal():
        raise TrainingError(f"no device {name!r}; expected cpu(0), gpu(0), gpu(1) and so on")
    mx = import_mxnet()
    if kind == "gpu" and int(number) >= (gpus := mx.context.num_gpus()):
        raise TrainingError(
            f"no device {name}: MXNet sees {gpus} GPUs here; it needs its build for CUDA "
            "(mxnet-cu117 is the last) and the driver, or train on the CPU"
        )
    return mx.Context(kind, int(number))


def _schedule(steps: int, fitting: Fitting) -> Any:
    """Learning rate by step: up during the first epoch, then down along a cosine."""
    return import_mxnet().lr_scheduler.CosineScheduler(
        steps * fitting.epochs,
        base_lr=fitting.learning_rate,
        final_lr=fitting.learning_rate / 1000,
        warmup_steps=steps if fitting.epochs > 1 else 0,
    )
