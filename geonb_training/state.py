"""What a training keeps after each epoch, so that a kill costs one epoch at most."""

from __future__ import annotations

import json
import shutil
import uuid
import warnings
from typing import TYPE_CHECKING, Any

from geonb.errors import TrainingError
from geonb.files import replacing
from geonb_training.network import import_mxnet

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_STATE = "training.json"


class Keeper:
    """The kept epoch in a model's folder: weights, what the optimizer remembers, random numbers.

    ``plan`` is all that the training depends on; a folder that holds another training's epochs
    is refused with `TrainingError`.
    """

    def __init__(self, folder: Path, name: str, plan: Mapping[str, Any]) -> None:
        self._folder, self._prefix = folder, folder / name
        self._plan = json.loads(json.dumps(plan))
        self._state: dict[str, Any] = {"epoch": 0, "losses": []}
        folder.mkdir(parents=True, exist_ok=True)
        for left_over in folder.glob(".part-*/"):  # of a run that was killed while it wrote
            shutil.rmtree(left_over)
        if (folder / _STATE).is_file():
            self._state = self._read()

    def _read(self) -> dict[str, Any]:
        path = self._folder / _STATE
        try:
            state = json.loads(path.read_text(encoding="utf-8"))
            plan = state["plan"]
        except (OSError, ValueError, KeyError) as error:
            raise TrainingError(f"{path}: not the state of a training; remove it") from error
        if different := [key for key in self._plan if plan.get(key) != self._plan[key]]:
            raise TrainingError(
                f"{self._folder} holds a training with other {', '.join(different)}; "
                "go on with the same ones, or choose another folder"
            )
        return state

    @property
    def epoch(self) -> int:
        """The last epoch that is kept; 0 for none."""
        return int(self._state["epoch"])

    @property
    def generator(self) -> Any:
        """The state of the random numbers after that epoch."""
        return self._state["generator"]

    @property
    def losses(self) -> list[float]:
        """Mean loss of each epoch so far."""
        return list(self._state["losses"])

    def keep(self, module: Any, epoch: int, generator: Any, loss: float) -> None:
        """Write an epoch; the state file last, since it says which of them counts."""
        temporary = self._folder / f".part-{uuid.uuid4().hex}"
        temporary.mkdir()
        module.save_checkpoint(str(temporary / self._prefix.name), epoch)
        if not self._shared(module):
            module.save_optimizer_states(str(temporary / f"{self._prefix.name}-{epoch:04}.states"))
        for path in sorted(temporary.iterdir()):
            path.replace(self._folder / path.name)
        temporary.rmdir()
        self._state = {
            "epoch": epoch,
            "generator": generator,
            "losses": [*self.losses, loss],
            "plan": self._plan,
        }
        with replacing(self._folder / _STATE) as path:
            path.write_text(json.dumps(self._state, indent=2) + "\n", encoding="utf-8")
        self._remove(keep=epoch)

    def _remove(self, keep: int) -> None:
        """Remove the epochs before the kept one."""
        for ending in ("params", "states"):
            for path in self._folder.glob(f"{self._prefix.name}-[0-9][0-9][0-9][0-9].{ending}"):
                if path.stem != f"{self._prefix.name}-{keep:04}":
                    path.unlink()

    def finish(self) -> None:
        """Remove what only a training that goes on needs."""
        for path in self._folder.glob(f"{self._prefix.name}-[0-9][0-9][0-9][0-9].states"):
            path.unlink(missing_ok=True)

    def restore_weights(self, module: Any) -> None:
        """Give the network the kept weights."""
        mx = import_mxnet()
        _, arguments, auxiliary = mx.model.load_checkpoint(str(self._prefix), self.epoch)
        module.set_params(arguments, auxiliary)

    def restore_optimizer(self, module: Any) -> None:
        """Give the optimizer its memory back; one that is shared by machines starts without."""
        path = self._folder / f"{self._prefix.name}-{self.epoch:04}.states"
        if path.is_file() and not self._shared(module):
            with warnings.catch_warnings():  # MXNet leaves the file to the garbage collector
                warnings.simplefilter("ignore", ResourceWarning)
                module.load_optimizer_states(str(path))

    @staticmethod
    def _shared(module: Any) -> bool:
        """Whether the optimizer's memory lies with other machines, where it cannot be read."""
        store = getattr(module, "_kvstore", None)
        return store is not None and "dist" in store.type
