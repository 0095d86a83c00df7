"""The engines that run a network: ONNX Runtime for everyone, and two to compare it with."""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

import numpy as np

from geonb.errors import CheckpointError, ModelError
from geonb.network import sessions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from geonb.files import Derived
    from geonb.network.checkpoint import CheckpointFiles
    from geonb.network.quantisation import Agreement
    from geonb.photos.photo import PhotoSource

EngineName = Literal["onnxruntime", "mxnet", "reference"]
Precision = Literal["float32", "int8"]
UNMEASURED = "int8 by its publishers; how well it agrees with float32 has not been measured"


class Engine(Protocol):
    """What runs a network."""

    @property
    def classes(self) -> int:
        """How many classes the network has."""

    @property
    def agreement(self) -> Agreement | str | None:
        """How well an int8 network agrees with the float32 one; None for a float32 network."""

    def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run preprocessed photos (N, 3, 224, 224) to probabilities (N, classes)."""


def open_engine(
    name: EngineName,
    files: CheckpointFiles,
    precision: Precision = "float32",
    device: sessions.Device = "cpu",
    calibration: Sequence[PhotoSource] | None = None,
) -> Engine:
    """Load a checkpoint into an engine; see `load_model` for the choices. Raises `ModelError`."""
    for what, choice, kinds in (
        ("engine", name, EngineName),
        ("precision", precision, Precision),
        ("device", device, sessions.Device),
    ):
        if choice not in get_args(kinds):
            raise ModelError(f"no {what} {choice!r}; the {what}s are {', '.join(get_args(kinds))}")
    if calibration is not None and precision != "int8":
        raise ModelError(
            "calibration is for precision='int8'; float32 has nothing to calibrate, so leave it out"
        )
    if name == "onnxruntime":
        return OnnxEngine(files, precision, device, calibration)
    if files.only_onnx:
        raise ModelError(f"{files.prefix}: it runs on the engine onnxruntime only, not on {name}")
    if (precision, device) != ("float32", "cpu"):
        raise ModelError(
            f"the engine {name} is for comparisons: float32 on the CPU only; "
            "take the engine onnxruntime for another precision or device"
        )
    from geonb.network import reference

    return reference.MxnetEngine(files) if name == "mxnet" else reference.NumpyEngine(files)


class OnnxEngine:
    """ONNX Runtime; what it runs is derived from the checkpoint once, and mapped after that."""

    def __init__(
        self,
        files: CheckpointFiles,
        precision: Precision = "float32",
        device: sessions.Device = "cpu",
        calibration: Sequence[PhotoSource] | None = None,
    ) -> None:
        sessions.check_device(device)
        self._files, self._calibration = files, calibration
        if files.quantised:
            precision = "int8"
        self._kind = "int8" if precision == "int8" else "plain" if device == "cuda" else "float32"
        self._derived = self._derive()
        try:
            self._session = self._start(device)
        except CheckpointError:  # whole as it was written, but ONNX Runtime can't load it
            shutil.rmtree(self._derived.folder, ignore_errors=True)
            self._derived = self._derive()
            self._session = self._start(device)
        self.classes = int(self._session.get_outputs()[0].shape[1])
        self.agreement: Agreement | str | None = UNMEASURED if files.quantised else None
        if self._kind == "int8" and not files.quantised:
            from geonb.network.quantisation import read_agreement

            self.agreement = read_agreement(self._derived.folder)

    def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Engine`."""
        if self._session.get_inputs()[0].shape[0] == 1:  # of others' files: a photo at a time
            parts = [self._session.run(None, {"data": photo[None]})[0] for photo in batch]
            return np.concatenate(parts)
        return self._session.run(None, {"data": batch})[0]

    def _start(self, device: sessions.Device) -> Any:
        path = self._derived.folder / "model.onnx"
        optimised, packed = self._kind != "plain", self._kind == "int8"
        return sessions.open_session(path, device, optimised=optimised, packed=packed)

    def _derive(self) -> Derived:
        """The network as ONNX Runtime maps it, laid out for processors like this one."""
        files, maker = self._files, sessions.runtime().__version__
        if self._kind == "plain":
            return files.derive("plain", files.write_onnx, maker)
        kind, finish = f"float32-{sessions.cpu_kind()}", sessions.optimise
        if self._kind == "int8" and not files.quantised:
            from geonb.network.quantisation import Calibration, quantise

            calibration = Calibration(self._calibration)
            kind = f"int8-{calibration.digest()}-{sessions.cpu_kind()}"
            finish = partial(quantise, files=files, calibration=calibration)

        def make(folder: Path) -> None:
            plain = folder / "plain"
            plain.mkdir()
            files.write_onnx(plain)
            finish(plain / "model.onnx", folder / "model.onnx")
            shutil.rmtree(plain)

        return files.derive(kind, make, maker, copies=3)
