"""How a network is fitted."""

import math
from dataclasses import dataclass
from typing import Literal

from geonb.errors import TrainingError
from geonb_training.network import NETWORKS

_STORES = ("local", "device", "nccl", "dist_sync", "dist_async", "dist_sync_device",
           "dist_device_sync", "dist_async_device")  # fmt: skip
_SEEDS = 2**32  # NumPy's and MXNet's are below
TrainerName = Literal["torch", "mxnet"]


@dataclass(frozen=True)
class Fitting:
    """How a network is fitted; the defaults are those of the embedded model.

    Attributes:
        network: ``mini``, ``resnet50``, or the blog's ``resnet101``.
        epochs: How often the network sees each photo.
        batch: Photos per step, on all devices and machines together.
        optimizer: ``sgd`` with momentum and a schedule, as in the blog; ``adagrad``, as in PlaNet.
        learning_rate: What the first epoch warms up to; a cosine then brings it down to nearly 0.
        momentum: Of SGD, at least 0 and below 1; Adagrad has none.
        weight_decay: How strongly each step shrinks the weights.
        seed: Of everything random, from 0 to 2**32 - 1.
        contexts: MXNet's devices, such as ``gpu(0)``; each takes its share of every batch. PyTorch
            has one device per process: see `TorchTrainer`.
        kvstore: How MXNet's devices add up what they learned: ``local``, ``device`` on GPUs,
            ``dist_sync`` and its like between machines.
        loaders: Processes that open photos for PyTorch; 0 opens them in the training process.

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
    loaders: int = 0

    def __post_init__(self) -> None:
        rules = {
            "network": (self.network in NETWORKS, f"one of {', '.join(NETWORKS)}"),
            "epochs": (self.epochs >= 1, "1 or more"),
            "contexts": (len(self.contexts) >= 1, "a device or more"),
            "batch": (
                self.batch >= 1 and self.batch % max(1, len(self.contexts)) == 0,
                f"equal shares for {len(self.contexts)} devices",
            ),
            "optimizer": (self.optimizer in {"sgd", "adagrad"}, "sgd or adagrad"),
            "learning_rate": (0 < self.learning_rate < math.inf, "above 0"),
            "momentum": (0 <= self.momentum < 1, "from 0 to below 1"),
            "weight_decay": (0 <= self.weight_decay < math.inf, "0 or more"),
            "seed": (0 <= self.seed < _SEEDS, f"from 0 to {_SEEDS - 1}"),
            "kvstore": (self.kvstore in _STORES, f"one of {', '.join(_STORES)}"),
            "loaders": (self.loaders >= 0, "0 or more"),
        }
        for name, (fits, expected) in rules.items():
            if not fits:
                raise TrainingError(f"{name} is {expected}, not {getattr(self, name)!r}")


def rate(step: int, steps: int, fitting: Fitting) -> float:
    """The learning rate of a step, counted from 1: up in the first epoch, then down a cosine."""
    warm = steps if fitting.epochs > 1 else 0
    if step < warm:
        return fitting.learning_rate * step / warm
    last = fitting.learning_rate / 1000
    turn = math.pi * (step - warm) / (steps * fitting.epochs - warm)
    return last + (fitting.learning_rate - last) * (1 + math.cos(turn)) / 2
