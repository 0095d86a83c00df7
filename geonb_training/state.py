"""What a training keeps after each epoch, so that a kill costs one epoch at most.

Nothing in the folder can run code when it is read: weights and the optimizer's memory are arrays,
the rest is JSON.
"""

import contextlib
import glob
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geonb.earth.cells import CELLS_FILE, Cells
from geonb.errors import CheckpointError, OutputError, TrainingError
from geonb.files import expanded
from geonb.network.layers import Checkpoint, Layer, parameter_shapes
from geonb.network.mxnet_files import read_params
from geonb.writing import PART, replacing
from geonb_training.network import misfits
from geonb_training.writing import symbol_json, write_params

Arrays = Mapping[str, NDArray[np.float32]]

_STATE, _PHOTOS = TRAINING = ("training.json", "training-photos.json")
"""Files of a training; a folder with one of them is its own."""


def new_folder(folder: str | os.PathLike[str], *marks: str) -> Path:
    """The folder to write to, made now, so that you know at once if it can't be.

    It must be empty, but for what a killed run left, or hold a file of one of these names, which
    say that it was written by the same function. Raises `TrainingError`.
    """
    path = expanded(folder).resolve()
    try:
        path.mkdir(parents=True, exist_ok=True)
        others = {other.name for other in path.iterdir() if not other.name.startswith(PART)}
        if others and others.isdisjoint(marks):
            raise TrainingError(
                f"{path}: holds {min(others)}, which could be lost; choose an empty folder"
            )
        for left_over in path.glob(f"{PART}*/"):
            if not left_over.is_symlink():
                shutil.rmtree(left_over)
    except OSError as error:
        raise TrainingError(f"{path}: cannot make the folder ({error.strerror})") from error
    return path


class Keeper:
    """The kept epoch in a model's folder: weights, and what the optimizer remembers.

    Raises `TrainingError` if the folder holds something broken.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        """The model's folder; its files are called after it."""
        self._plan: Any = {}
        self._state: dict[str, Any] = {"epoch": 0, "losses": []}
        if (folder / _STATE).is_file():
            self._state = self._read(
                _STATE,
                lambda kept: (
                    isinstance(kept["plan"], dict) and len(kept["losses"]) == kept["epoch"]
                ),
            )

    def _read(self, name: str, fits: Callable[[Any], bool]) -> Any:
        path = self.folder / name
        with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
            kept = json.loads(path.read_text(encoding="utf-8"))
            if fits(kept):
                return kept
        raise TrainingError(f"{path}: not as a training writes it; remove it to go on without")

    def follow(self, plan: Mapping[str, Any], cells: Cells) -> None:
        """Take all that the training depends on, and write the cells.

        Raises `TrainingError` for another training's folder, or if the disk is full.
        """
        self._plan = json.loads(json.dumps(plan))
        kept = self._state.get("plan", self._plan)
        if different := [key for key in self._plan if kept.get(key) != self._plan[key]]:
            raise TrainingError(
                f"{self.folder} holds a training with other {', '.join(different)}; "
                "use the same ones to go on with it, or choose another folder"
            )
        with self._writing("write the cells"):
            cells.write(self.folder / CELLS_FILE)

    def first_listed(self, photos: list[list[Any]]) -> list[list[Any]]:
        """The photos that the training began with; these, if it begins now.

        Each is a row that starts with its path. They are remembered until the training ends,
        so that it can go on when some have vanished since.
        """
        path = self.folder / _PHOTOS
        if self.epoch and path.is_file():
            listed: list[list[Any]] = self._read(
                _PHOTOS,
                lambda kept: all(len(row) == 5 and isinstance(row[0], str) for row in kept),
            )
            before = {row[0]: row for row in listed}
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
    def losses(self) -> list[float]:
        """Mean loss of each epoch so far."""
        return list(self._state["losses"])

    def keep(
        self,
        layers: Sequence[Layer],
        epoch: int,
        arrays: Arrays,
        memory: Arrays | None,
        loss: float,
    ) -> None:
        """Write an epoch; the state file last, since it says which of them counts.

        Raises `TrainingError` if the disk is full; the epoch before stays.
        """
        name = f"{self.folder.name}-{epoch:04}"
        state = {"epoch": epoch, "losses": [*self.losses, loss], "plan": self._plan}
        with self._writing(f"keep epoch {epoch}"):
            with tempfile.TemporaryDirectory(dir=self.folder, prefix=PART) as temporary:
                part = Path(temporary)
                symbol = part / f"{self.folder.name}-symbol.json"
                symbol.write_text(symbol_json(layers), encoding="utf-8")
                write_params(part / f"{name}.params", arrays, layers)
                if memory is not None:
                    write_params(part / f"{name}.states", memory, layers)
                for path in sorted(part.iterdir()):
                    path.replace(self.folder / path.name)
            with replacing(self.folder / _STATE) as path:
                path.write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")
        self._state = state
        for path in self._epochs("params", "states"):
            if path.stem != name:
                path.unlink()

    @contextlib.contextmanager
    def _writing(self, what: str) -> Iterator[None]:
        try:
            yield
        except (OSError, OutputError) as error:
            reason = getattr(error, "strerror", None) or error
            raise TrainingError(
                f"{self.folder}: cannot {what} ({reason}). {self.kept} Free some space there, or "
                "choose another folder, and run the same training again"
            ) from error

    def _epochs(self, *endings: str) -> list[Path]:
        """The files of all epochs with these endings."""
        name = f"{glob.escape(self.folder.name)}-{'[0-9]' * 4}"
        return [path for ending in endings for path in self.folder.glob(f"{name}.{ending}")]

    def finish(self) -> None:
        """Remove what only a training that goes on needs."""
        for path in (*self._epochs("states"), self.folder / _PHOTOS):
            path.unlink(missing_ok=True)

    def weights(self, layers: Sequence[Layer]) -> Checkpoint:
        """The network with the kept weights. Raises `CheckpointError` and `TrainingError`."""
        path = self.folder / f"{self.folder.name}-{self.epoch:04}.params"
        arrays = read_params(path)
        if wrong := misfits(arrays, layers) or set(parameter_shapes(layers)) - set(arrays):
            raise TrainingError(f"{path}: weights of another network ({', '.join(sorted(wrong))})")
        return Checkpoint(tuple(layers), arrays)

    def memory(self, layers: Sequence[Layer]) -> Arrays | None:
        """What the optimizer remembered after that epoch; None if nothing is kept."""
        path = self.folder / f"{self.folder.name}-{self.epoch:04}.states"
        if not self.epoch or not path.is_file():
            return None
        with contextlib.suppress(CheckpointError):
            arrays = read_params(path)
            if not misfits(arrays, layers):
                return arrays
        raise TrainingError(
            f"{path}: not an optimizer's memory of this network; remove it to go on without (the "
            "loss may rise for a while)"
        )
