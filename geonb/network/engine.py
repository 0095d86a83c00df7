"""The engines that run a network: ONNX Runtime for everyone, and two to compare it with."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

from geonb.errors import CheckpointError, ModelError
from geonb.files import discard
from geonb.network.sessions import (
    Device,
    check_device,
    cpu_kind,
    open_session,
    optimise,
    runtime_version,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from geonb.files import Derived
    from geonb.network.checkpoint import CheckpointFiles
    from geonb.network.quantisation import Agreement, Calibration
    from geonb.photos.photo import PhotoSource

EngineName = Literal["onnxruntime", "mxnet", "reference"]
Precision = Literal["float32", "int8"]


class Engine(Protocol):
    """What runs a network."""

    @property
    def classes(self) -> int:
        """How many classes the network has."""

    @property
    def agreement(self) -> Agreement | None:
        """How well an int8 network agrees with the float32 one; None for a float32 network."""

    def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run preprocessed photos (N, 3, 224, 224) to probabilities (N, classes)."""


def open_engine(
    name: EngineName,
    files: CheckpointFiles,
    precision: Precision = "float32",
    device: Device = "cpu",
    calibration: Sequence[PhotoSource] | None = None,
) -> Engine:
    """Load a checkpoint into an engine; see `load_model` for the choices. Raises `ModelError`."""
    for what, choice, kinds in (
        ("engine", name, EngineName),
        ("precision", precision, Precision),
        ("device", device, Device),
    ):
        if choice not in get_args(kinds):
            raise ModelError(f"no {what} {choice!r}; the {what}s are {_and(get_args(kinds))}")
    if calibration is not None and precision != "int8":
        raise ModelError(
            "calibration is for precision='int8' only; "
            "leave it out, or ask for int8 (geonb locate --precision int8)"
        )
    if name == "onnxruntime":
        return OnnxEngine(files, precision, device, calibration)
    if (precision, device) != ("float32", "cpu"):
        raise ModelError(
            f"the engine {name} is for comparisons: float32 on the CPU only; "
            "take the engine onnxruntime for another precision or device"
        )
    from geonb.network import reference

    return reference.MxnetEngine(files) if name == "mxnet" else reference.NumpyEngine(files)


def _and(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


class OnnxEngine:
    """ONNX Runtime; what it runs is derived from the checkpoint once, and mapped after that."""

    def __init__(
        self,
        files: CheckpointFiles,
        precision: Precision = "float32",
        device: Device = "cpu",
        calibration: Sequence[PhotoSource] | None = None,
    ) -> None:
        check_device(device)
        self._files = files
        self._calibration: Calibration | None = None
        self._kind = "int8" if precision == "int8" else "plain" if device == "cuda" else "float32"
        self.agreement: Agreement | None = None
        if precision == "int8":
            from geonb.network.quantisation import Calibration, read_agreement

            self._calibration = Calibration(calibration)
        self._derived, self._session = self._open(device)
        if precision == "int8":
            self.agreement = read_agreement(self._derived.folder)
        self.classes = int(self._session.get_outputs()[0].shape[1])

    def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Engine`."""
        return self._session.run(None, {"data": batch})[0]

    def _open(self, device: Device) -> tuple[Derived, Any]:
        derived = self._derive()
        try:
            return derived, self._start(derived, device)
        except CheckpointError:  # whole as it was written, but ONNX Runtime can't load it
            discard(derived)
            derived = self._derive()
            return derived, self._start(derived, device)

    def _derive(self) -> Derived:
        parts = [self._kind]
        if self._calibration:
            parts.append(self._calibration.digest())
        if self._kind != "plain":
            parts.append(cpu_kind())
        copies = 3 if self._calibration else 2
        return self._files.derive("-".join(parts), self._make, runtime_version(), copies)

    def _start(self, derived: Derived, device: Device) -> Any:
        path = derived.folder / "model.onnx"
        kind = self._kind
        return open_session(path, device, optimised=kind != "plain", packed=kind == "int8")

    def _make(self, folder: Path) -> None:
        if self._kind == "plain":
            self._files.write_onnx(folder)
            return
        plain = folder / "plain"
        plain.mkdir()
        self._files.write_onnx(plain)
        if self._calibration:
            from geonb.network.quantisation import quantise

            quantise(plain / "model.onnx", folder, self._files, self._calibration)
        else:
            optimise(plain / "model.onnx", folder / "model.onnx")
        shutil.rmtree(plain)
