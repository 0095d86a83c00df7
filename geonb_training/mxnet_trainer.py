"""MXNet, the blog's own trainer: it takes the steps that `fitting` asks for."""

import os
from collections.abc import Iterable
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geonb.errors import TrainingError, needing
from geonb.network.layers import Checkpoint
from geonb.preprocessing import RECIPE
from geonb_training.batches import Batch, Lessons
from geonb_training.fitting import Fitting, rate
from geonb_training.network import auxiliary
from geonb_training.state import Arrays
from geonb_training.writing import symbol_json


def import_mxnet() -> ModuleType:
    """Give the mxnet module, or raise `MissingDependencyError` that names the command."""
    with needing("Training a model", "mxnet", "mxnet"):
        import mxnet
    return mxnet


class MxnetTrainer:
    """A network that learns by MXNet's Module; for its methods see `TorchTrainer`."""

    name = "mxnet"

    def __init__(self, fitting: Fitting) -> None:
        self._mx = import_mxnet()
        self._fitting = fitting
        self._devices = [device(name) for name in fitting.contexts]
        self._store = shared_store(fitting)
        self.workers = self._store.num_workers if self._store else 1
        self.rank = self._store.rank if self._store else 0

    def begin(self, start: Checkpoint, steps: int, done: int, memory: Arrays | None) -> None:
        """See `TorchTrainer`."""
        mx, fitting = self._mx, self._fitting
        symbol = mx.sym.load_json(symbol_json(start.layers))
        self._module = mx.mod.Module(symbol, context=self._devices)
        shape = (fitting.batch // self.workers, 3, RECIPE.side, RECIPE.side)
        self._module.bind([("data", shape)], [("softmax_label", shape[:1])])
        kept = auxiliary(start.layers)
        arrays = {name: mx.nd.array(array) for name, array in start.arrays.items()}
        self._module.set_params(
            {name: array for name, array in arrays.items() if name not in kept},
            {name: array for name, array in arrays.items() if name in kept},
        )
        parameters: dict[str, Any]
        parameters = {"wd": fitting.weight_decay, "begin_num_update": done * steps}
        if fitting.optimizer == "sgd":
            rates = partial(rate, steps=steps, fitting=fitting)
            parameters |= {"momentum": fitting.momentum, "lr_scheduler": rates}
        else:
            parameters["learning_rate"] = fitting.learning_rate
        store = self._store or fitting.kvstore
        self._module.init_optimizer(store, fitting.optimizer, parameters)
        if memory:
            self._restore(memory)

    def read(self, lessons: Lessons) -> Iterable[Batch]:
        """See `TorchTrainer`."""
        return (lessons[step] for step in range(len(lessons)))

    def step(self, data: Any, labels: Any) -> float:
        """See `TorchTrainer`."""
        mx = self._mx
        self._module.forward_backward(mx.io.DataBatch([mx.nd.array(data)], [mx.nd.array(labels)]))
        self._module.update()
        probability = self._module.get_outputs()[0].asnumpy()[np.arange(len(labels)), labels]
        return float(-np.log(np.maximum(probability, 1e-12)).mean())

    def probabilities(self, data: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `TorchTrainer`."""
        mx = self._mx
        self._module.forward(mx.io.DataBatch([mx.nd.array(data)]), is_train=False)
        return self._module.get_outputs()[0].asnumpy()

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """See `TorchTrainer`."""
        known, kept = self._module.get_params()
        return {name: array.asnumpy() for name, array in (known | kept).items()}

    def memory(self) -> dict[str, NDArray[np.float32]] | None:
        """See `TorchTrainer`; None also where it lies with other machines."""
        if (updater := self._updater) is None:
            return None
        keys = self._keys
        memory = {keys[k]: s.asnumpy() for k, s in updater.states.items() if s is not None}
        return memory or None

    def wait(self) -> None:
        """See `TorchTrainer`."""
        if self._store:
            self._store._barrier()  # noqa: SLF001

    def _restore(self, memory: Arrays) -> None:
        """Give the optimizer its memory; one that is shared by machines starts without."""
        if (updater := self._updater) is None:
            return
        for key, name in self._keys.items():
            if name in memory:
                updater.states[key] = self._mx.nd.array(memory[name])
                updater.states_synced[key] = False  # MXNet brings it to its device when used

    @property
    def _updater(self) -> Any:
        """What holds the optimizer's memory; None where that lies with other machines."""
        store = self._module._kvstore  # noqa: SLF001  (MXNet gives no other way than a pickle)
        if store is not None and "dist" in store.type:
            return None
        on_store = self._module._update_on_kvstore  # noqa: SLF001
        return store._updater if on_store else self._module._updater  # noqa: SLF001

    @property
    def _keys(self) -> dict[Any, str]:
        """What the memory of each parameter is filed under: its name, or a number per device."""
        names: dict[Any, str] = self._module._optimizer.idx2name  # noqa: SLF001
        on_store = self._module._update_on_kvstore  # noqa: SLF001
        return {name: name for name in names.values()} if on_store else names


def shared_store(fitting: Fitting) -> Any:
    """The store that several machines share; None if there is only this one."""
    if not fitting.kvstore.startswith("dist"):
        return None
    if "DMLC_ROLE" not in os.environ:
        raise TrainingError(
            f"kvstore {fitting.kvstore} is for several machines: start the training on all of "
            "them by MXNet's tools/launch.py; on this machine alone, use local or device"
        )
    return import_mxnet().kvstore.create(fitting.kvstore)


def device(name: str) -> Any:
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
