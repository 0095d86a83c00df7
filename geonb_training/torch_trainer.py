"""PyTorch, the trainer for today's machines: one process per GPU, started by torchrun."""

import atexit
import os
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geonb.errors import TrainingError, needing
from geonb.network.layers import Checkpoint
from geonb_training.batches import Batch, Lessons
from geonb_training.fitting import Fitting, rate
from geonb_training.state import Arrays

# OpenMP reads this once, when it is loaded. Left alone, a thread that waits for another keeps its
# core busy: a step then takes twice the processor's time, and longer where others use the machine.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
with needing("Training in PyTorch", "torch", "train"):
    import torch
    from torch import distributed, nn
    from torch.nn.functional import cross_entropy
    from torch.nn.parallel import DistributedDataParallel
    from torch.utils.data import DataLoader

from geonb_training.torch_network import TorchNetwork


class TorchTrainer:
    """A network that learns by PyTorch.

    It uses this process's GPU if there is one, in bf16, or else the CPU, with channels last. Under
    torchrun, all processes learn from the same batches, each from its own part of them (DDP, by
    NCCL between GPUs and Gloo between CPUs). BatchNorm's statistics are those of the whole batch,
    so that the result doesn't depend on the number of processes.

    Attributes:
        name: What it is chosen by.
        workers: How many processes train together.
        rank: Which of them this is.

    Raises `TrainingError` for an optimizer that only MXNet has here.

    """

    name = "torch"

    def __init__(self, fitting: Fitting) -> None:
        if fitting.optimizer != "sgd":
            raise TrainingError(
                f"PyTorch trains with sgd here, not {fitting.optimizer}; use trainer='mxnet'"
            )
        self._fitting = fitting
        self.workers = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        self._gpu = torch.cuda.is_available()
        self._device = torch.device("cpu")
        if self._gpu:
            self._device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
            torch.cuda.set_device(self._device)
        if self.workers > 1 and not distributed.is_initialized():
            _meet("nccl" if self._gpu else "gloo")

    def begin(self, start: Checkpoint, steps: int, done: int, memory: Arrays | None) -> None:
        """Take the weights of ``start``, and the optimizer's memory after ``done`` epochs.

        ``steps`` is how many an epoch has.
        """
        torch.manual_seed(self._fitting.seed)  # of Dropout, which LocationNet has not
        self._steps, self._done = steps, done * steps
        network: Any = TorchNetwork(start)
        if self._gpu and self.workers > 1:
            network = nn.SyncBatchNorm.convert_sync_batchnorm(network)
        self._network = network.to(self._device, memory_format=torch.channels_last)
        self._parallel: nn.Module = self._network
        if self.workers > 1:
            devices = [self._device] if self._gpu else None
            self._parallel = DistributedDataParallel(self._network, devices)
        decayed = [layer.parameters[0] for layer in self._network.layers if layer.parameters]
        learned = {n: t for n, t in self._network.tensors().items() if t.requires_grad}
        self._learned = learned
        # The rate is in the loss, and so in the momentum, as MXNet has it: see `step`.
        self._optimizer = torch.optim.SGD(
            [
                {"params": [t for n, t in learned.items() if n in decayed]},
                {"params": [t for n, t in learned.items() if n not in decayed]},
            ],
            lr=1.0,
            momentum=self._fitting.momentum,
        )
        for name, array in (memory or {}).items():
            if name in learned:
                buffer = -torch.tensor(array, device=self._device)
                self._optimizer.state[learned[name]]["momentum_buffer"] = buffer

    def read(self, lessons: Lessons) -> Iterator[Batch]:
        """Open the batches of an epoch in their order.

        Raises `TrainingError` if a process that opens photos has vanished.
        """
        loaders = self._fitting.loaders
        forked = "fork" if loaders and sys.platform == "linux" else None  # shares what is open
        data: Any = lessons
        loader = DataLoader(
            data, batch_size=None, num_workers=loaders, pin_memory=self._gpu,
            multiprocessing_context=forked,
        )  # fmt: skip
        try:
            yield from loader
        except RuntimeError as error:
            if "DataLoader worker" not in str(error):
                raise
            raise TrainingError(
                f"one of the {loaders} processes that open photos has vanished, perhaps for lack "
                "of memory; train with fewer loaders. The last finished epoch is kept"
            ) from error

    def step(self, data: Any, labels: Any) -> float:
        """Learn from a batch (n, 3, 224, 224); gives all workers' cross-entropy before that."""
        self._done += 1
        now = rate(self._done, self._steps, self._fitting)
        self._network.train()
        self._optimizer.zero_grad()
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._gpu):
            logits = self._parallel(self._placed(data))
        truth = torch.as_tensor(labels).to(self._device, non_blocking=True)
        loss = cross_entropy(logits.float(), truth)
        (loss * now).backward()
        self._optimizer.param_groups[0]["weight_decay"] = now * self._fitting.weight_decay
        self._optimizer.step()
        mean = loss.detach() / self.workers
        if self.workers > 1:
            distributed.all_reduce(mean)
        return float(mean)

    def probabilities(self, data: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the network says of photos, (n, classes)."""
        self._network.eval()
        with torch.inference_mode():
            return self._network(self._placed(data)).softmax(dim=1).cpu().numpy()

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """The weights by name."""
        tensors = self._network.tensors()
        return {name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()}

    def memory(self) -> dict[str, NDArray[np.float32]] | None:
        """What the optimizer remembers of each weight; None if nothing."""
        states = {name: self._optimizer.state[tensor] for name, tensor in self._learned.items()}
        buffers = {name: state.get("momentum_buffer") for name, state in states.items()}
        kept = {n: -buffer.cpu().numpy() for n, buffer in buffers.items() if buffer is not None}
        return kept or None

    def wait(self) -> None:
        """Wait until all workers are here."""
        if self.workers > 1:
            distributed.barrier()

    def _placed(self, data: Any) -> torch.Tensor:
        return torch.as_tensor(data).to(self._device, non_blocking=True)


def _meet(backend: str) -> None:
    """Make the group of processes, which every training in this one uses.

    After a restart torchrun's store still has the addresses of those that were killed, so each
    start has names of its own.
    """
    store, rank, workers = next(distributed.rendezvous("env://"))
    again = distributed.PrefixStore(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0"), store)
    distributed.init_process_group(backend, store=again, rank=rank, world_size=workers)
    atexit.register(distributed.destroy_process_group)
