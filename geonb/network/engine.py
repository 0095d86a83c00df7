"""The two engines that run a network: ONNX Runtime for everyone, MXNet as the reference."""

from __future__ import annotations

import errno
import os
import shutil
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

import geonb
from geonb.errors import CheckpointError, MissingDependencyError, ModelError
from geonb.network.checkpoint import INPUT_SHAPE, CheckpointFiles, CoremlFile, read_checkpoint
from geonb.network.cpus import cpu_kind
from geonb.network.derived import Derived, derive, discard
from geonb.network.onnx_file import write_onnx
from geonb.network.quantisation import Agreement, Calibration, quantise, read_agreement
from geonb.network.sessions import Device, check_device, open_session, optimise

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

EngineName = Literal["onnxruntime", "mxnet"]
Precision = Literal["float32", "int8"]


class Engine(Protocol):
    """What runs a network."""

    @property
    def classes(self) -> int:
        """How many classes the network tells apart."""

    @property
    def agreement(self) -> Agreement | None:
        """How well an int8 network agrees with the float32 one; None for a float32 network."""

    def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run preprocessed photos (N, 3, 224, 224) to probabilities (N, classes)."""


class OnnxEngine:
    """ONNX Runtime; what it runs is derived from the checkpoint once, and mapped after that."""

    def __init__(
        self,
        files: CheckpointFiles | CoremlFile,
        precision: Precision = "float32",
        device: Device = "cpu",
        calibration: Calibration | None = None,
    ) -> None:
        check_device(device)
        if precision not in {"float32", "int8"}:
            raise ModelError(f"no precision {precision!r}; the precisions are float32 and int8")
        self._files = files
        self._calibration = calibration or Calibration()
        self._kind = "int8" if precision == "int8" else "plain" if device == "cuda" else "float32"
        self._derived, self._session = self._open(device)
        self.classes = int(self._session.get_outputs()[0].shape[1])
        self.agreement = read_agreement(self._derived.folder) if precision == "int8" else None

    def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Engine`."""
        return self._session.run(None, {"data": batch})[0]

    def _open(self, device: Device) -> tuple[Derived, Any]:
        derived = self._derive()
        try:
            return derived, self._start(derived, device)
        except CheckpointError:  # whole as it was written, but of another release of ONNX Runtime
            discard(derived)
            derived = self._derive()
            return derived, self._start(derived, device)

    def _derive(self) -> Derived:
        try:
            return derive(self._name(), self._make)
        except OSError as error:
            raise ModelError(
                f"{self._files.prefix}: cannot write the converted model ({error.strerror}); it "
                f"needs {self._room() / 1e6:.0f} MB; make room, or name another folder in "
                "GEONB_CACHE"
            ) from error

    def _room(self) -> int:
        """Bytes that the conversion needs on the disk for a while; half of it is left or less."""
        return (3 if self._kind == "int8" else 2) * sum(
            path.stat().st_size for path in self._files.paths
        )

    def _start(self, derived: Derived, device: Device) -> Any:
        path = derived.folder / "model.onnx"
        kind = self._kind
        return open_session(path, device, optimised=kind != "plain", packed=kind == "int8")

    def _name(self) -> str:
        """The name of the derived folder: the network, and what it was made for, and by."""
        import onnxruntime

        parts = [self._files.digest(), self._kind]
        if self._kind == "int8":
            parts.append(self._calibration.digest())
        if self._kind != "plain":
            parts.append(cpu_kind())
        return "-".join([*parts, geonb.__version__, onnxruntime.__version__])

    def _make(self, folder: Path) -> None:
        if shutil.disk_usage(folder).free < self._room():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
        if self._kind == "plain":
            write_onnx(self._files.read(), folder)
            return
        plain = folder / "plain"
        plain.mkdir()
        write_onnx(self._files.read(), plain)
        if self._kind == "int8":
            quantise(plain / "model.onnx", folder, self._files, self._calibration)
        else:
            optimise(plain / "model.onnx", folder / "model.onnx")
        shutil.rmtree(plain)


class MxnetEngine:
    """MXNet's Module, called as the blog calls it."""

    agreement = None

    def __init__(
        self,
        files: CheckpointFiles | CoremlFile,
        precision: Precision = "float32",
        device: Device = "cpu",
        calibration: Calibration | None = None,
    ) -> None:
        if (precision, device, calibration) != ("float32", "cpu", None):
            raise ModelError(
                "the engine mxnet is the reference: float32 on the CPU only; "
                "take the engine onnxruntime for another precision or device"
            )
        if isinstance(files, CoremlFile):
            raise ModelError(f"{files.path}: the engine mxnet reads MXNet's own files only")
        try:
            import mxnet
        except ImportError as error:
            raise MissingDependencyError(
                "the engine mxnet (Python 3.11, NumPy < 1.24)", "mxnet", "mxnet"
            ) from error
        read_checkpoint(files)  # MXNet's own errors for files that do not fit are hard to read
        self._mxnet = mxnet
        symbol, arguments, auxiliary = mxnet.model.load_checkpoint(files.prefix, files.epoch)
        self._module = mxnet.mod.Module(symbol=symbol, context=mxnet.cpu(), label_names=None)
        self._module.bind([("data", INPUT_SHAPE)], for_training=False)
        self._module.set_params(arguments, auxiliary, allow_missing=True)
        self.classes = int(self._module.output_shapes[0][1][1])

    def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Engine`."""
        # Photo by photo, as the blog does: Module.reshape stumbles over the label of training.
        return np.concatenate([self._one(photo[None]) for photo in batch])

    def _one(self, photo: NDArray[np.float32]) -> NDArray[np.float32]:
        mxnet = self._mxnet
        self._module.forward(mxnet.io.DataBatch([mxnet.nd.array(photo)]), is_train=False)
        return self._module.get_outputs()[0].asnumpy()


ENGINES: dict[str, type[OnnxEngine | MxnetEngine]] = {
    "onnxruntime": OnnxEngine,
    "mxnet": MxnetEngine,
}
