"""What a training keeps after each epoch, so that a kill costs one epoch at most.

Nothing in the folder can run code when it is read: weights and the optimizer's memory are arrays,
the rest is JSON.
"""

from __future__ import annotations

import glob
import json
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.earth.cells import CELLS_FILE
from geonb.errors import CheckpointError, TrainingError
from geonb.files import expanded, replacing
from geonb.network.mxnet_files import read_params
from geonb_training.network import import_mxnet

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

    from geonb.earth.cells import Cells

_STATE, _PHOTOS = "training.json", "training-photos.json"


def new_folder(folder: str | os.PathLike[str]) -> Path:
    """The folder to write to, made now, so that you know at once if it can't be."""
    path = expanded(folder).resolve()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingError(f"{path}: cannot make the folder ({error.strerror})") from error
    return path


class Keeper:
    """The kept epoch in a model's folder: weights, what the optimizer remembers, random numbers.

    Raises `TrainingError` if the folder can't be made or holds something broken.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        """The model's folder; its files are called after it."""
        self._plan: Any = {}
        self._state: dict[str, Any] = {"epoch": 0, "losses": []}
        with self._writing("make the folder"):
            folder.mkdir(parents=True, exist_ok=True)
        for left_over in folder.glob(".part-*/"):  # of a run that was killed while it wrote
            shutil.rmtree(left_over)
        if (folder / _STATE).is_file():
            self._state = self._read()

    def _read(self) -> dict[str, Any]:
        path = self.folder / _STATE
        try:
            state = json.loads(path.read_text(encoding="utf-8"))
            fits = isinstance(state["plan"], dict) and len(state["losses"]) == state["epoch"]
            np.random.default_rng().bit_generator.state = state["generator"]
        except (OSError, ValueError, LookupError, TypeError):
            fits = False
        if not fits:
            raise TrainingError(f"{path}: not the state of a training; remove it to begin anew")
        return state

    def follow(self, plan: Mapping[str, Any]) -> None:
        """Take all that the training depends on; another training's folder is an error."""
        self._plan = json.loads(json.dumps(plan))
        if not self.epoch:
            return
        kept = self._state["plan"]
        if different := [key for key in self._plan if kept.get(key) != self._plan[key]]:
            raise TrainingError(
                f"{self.folder} holds a training with other {', '.join(different)}; "
                "use the same ones to go on with it, or choose another folder"
            )

    def first_listed(self, photos: list[list[Any]]) -> list[list[Any]]:
        """The photos that the training began with; these, if it begins now.

        Each is a row that starts with its path. They are remembered until the training ends,
        so that it can go on when some have vanished since.
        """
        path = self.folder / _PHOTOS
        if self.epoch and path.is_file():
            try:
                listed = json.loads(path.read_text(encoding="utf-8"))
                before = {row[0]: row for row in listed}
            except (OSError, ValueError, LookupError, TypeError) as error:
                raise TrainingError(
                    f"{path}: not the photos of a training ({error}); remove it to go on "
                    "with those that are there"
                ) from error
            # Only what vanished may differ; anything else is another training.
            if all(before.get(row[0]) == row for row in photos):
                return listed
        elif not self.epoch:
            with self._writing("list the photos"), replacing(path) as temporary:
                temporary.write_text(json.dumps(photos), encoding="utf-8")
        return photos

    @property
    def epoch(self) -> int:
        """The last epoch that is kept; 0 if there is none."""
        return int(self._state["epoch"])

    @property
    def kept(self) -> str:
        """A sentence that says what is kept."""
        what = f"{self.folder} keeps epoch {self.epoch}" if self.epoch else "No epoch is kept yet"
        return f"{what}."

    @property
    def generator(self) -> Any:
        """The state of the random numbers after that epoch."""
        return self._state["generator"]

    @property
    def losses(self) -> list[float]:
        """Mean loss of each epoch so far."""
        return list(self._state["losses"])

    def write_cells(self, cells: Cells) -> None:
        """Write the cell list. Raises `TrainingError` if the disk is full."""
        with self._writing("write the cells"):
            cells.write(self.folder / CELLS_FILE)

    def keep(self, module: Any, epoch: int, generator: Any, loss: float) -> None:
        """Write an epoch; the state file last, since it says which of them counts.

        Raises `TrainingError` if the disk is full; the epoch before stays.
        """
        mx = import_mxnet()
        name = self.folder.name
        state = {
            "epoch": epoch,
            "generator": generator,
            "losses": [*self.losses, loss],
            "plan": self._plan,
        }
        with self._writing(f"keep epoch {epoch}"):
            with tempfile.TemporaryDirectory(dir=self.folder, prefix=".part-") as temporary:
                module.save_checkpoint(str(Path(temporary) / name), epoch)
                if (memory := _memory(module)) is not None:
                    mx.nd.save(str(Path(temporary) / f"{name}-{epoch:04}.states"), memory)
                for path in sorted(Path(temporary).iterdir()):
                    path.replace(self.folder / path.name)
            with replacing(self.folder / _STATE) as path:
                path.write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")
        self._state = state
        for path in self._epochs("params", "states"):
            if path.stem != f"{name}-{epoch:04}":
                path.unlink()

    @contextmanager
    def _writing(self, what: str) -> Iterator[None]:
        full: tuple[type[Exception], ...] = (OSError, import_mxnet().base.MXNetError)
        try:
            yield
        except full as error:
            reason = getattr(error, "strerror", None) or str(error).strip().splitlines()[-1]
            raise TrainingError(
                f"{self.folder}: cannot {what} ({reason}). {self.kept} Free some space there, or "
                "choose another folder, and run the same training again"
            ) from error

    def _epochs(self, *endings: str) -> list[Path]:
        """The files of all epochs with these endings."""
        name = glob.escape(self.folder.name)
        return [
            path
            for ending in endings
            for path in self.folder.glob(f"{name}-[0-9][0-9][0-9][0-9].{ending}")
        ]

    def finish(self) -> None:
        """Remove what only a training that goes on needs."""
        for path in (*self._epochs("states"), self.folder / _PHOTOS):
            path.unlink(missing_ok=True)

    def restore_weights(self, module: Any) -> None:
        """Give the network the kept weights. Raises `CheckpointError`."""
        path = self.folder / f"{self.folder.name}-{self.epoch:04}.params"
        arrays = dict(read_params(path))
        mx = import_mxnet()
        known, auxiliary = module.get_params()
        if wrong := _misfits(arrays, known | auxiliary) or set(known | auxiliary) - set(arrays):
            raise TrainingError(f"{path}: weights of another network ({', '.join(sorted(wrong))})")
        module.set_params(
            {name: mx.nd.array(arrays[name]) for name in known},
            {name: mx.nd.array(arrays[name]) for name in auxiliary},
        )

    def restore_optimizer(self, module: Any) -> None:
        """Give the optimizer its memory back; one that is shared by machines starts without."""
        path = self.folder / f"{self.folder.name}-{self.epoch:04}.states"
        if (updater := _updater(module)) is None or not path.is_file():
            return
        try:
            arrays = dict(read_params(path))
        except CheckpointError as error:
            raise TrainingError(
                f"{path}: not an optimizer's memory as geonb writes it; remove it to go on "
                "without (the loss may rise for a while)"
            ) from error
        if wrong := _misfits(arrays, module.get_params()[0]):
            raise TrainingError(f"{path}: of another network ({', '.join(sorted(wrong))})")
        mx = import_mxnet()
        for key, name in _keys(module).items():
            if name in arrays:
                updater.states[key] = mx.nd.array(arrays[name])
                updater.states_synced[key] = False  # MXNet brings it to its device when used


def _misfits(arrays: Mapping[str, Any], network: Mapping[str, Any]) -> set[str]:
    """Names of arrays that the network lacks, or has in another shape."""
    return {
        name
        for name, array in arrays.items()
        if name not in network or network[name].shape != array.shape
    }


def _updater(module: Any) -> Any:
    """What holds the optimizer's memory; None where that lies with other machines."""
    store = module._kvstore  # noqa: SLF001  (MXNet gives no other way to it than a pickle)
    if store is not None and "dist" in store.type:
        return None
    return store._updater if module._update_on_kvstore else module._updater  # noqa: SLF001


def _keys(module: Any) -> dict[Any, str]:
    """What the memory of each parameter is filed under: its name, or a number per device."""
    names: dict[Any, str] = module._optimizer.idx2name  # noqa: SLF001
    return {name: name for name in names.values()} if module._update_on_kvstore else names  # noqa: SLF001


def _memory(module: Any) -> dict[str, Any] | None:
    """The optimizer's memory by parameter; None where other machines have it, or it has none."""
    if (updater := _updater(module)) is None:
        return None
    keys = _keys(module)
    memory = {keys[key]: state for key, state in updater.states.items() if state is not None}
    return memory or None
