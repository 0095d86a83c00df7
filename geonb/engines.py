"""The two engines that run a network: ONNX Runtime for everyone, MXNet as the reference."""

from __future__ import annotations

import shutil
import uuid
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from geonb.checkpoint import INPUT_SHAPE, CheckpointFiles, read_checkpoint
from geonb.errors import CheckpointError, MissingDependencyError
from geonb.onnx_file import write_onnx
from geonb.weights import cache_folder

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

EngineName = Literal["onnxruntime", "mxnet"]


class Engine(Protocol):
    """What runs a network."""

    @property
    def classes(self) -> int:
        """How many classes the network tells apart."""

    def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run preprocessed photos (N, 3, 224, 224) to probabilities (N, classes)."""


class OnnxEngine:
    """ONNX Runtime on the CPU; the ONNX file is written once, and lies in the cache after that."""

    def __init__(self, files: CheckpointFiles) -> None:
        folder = cache_folder() / "onnx" / files.digest()[:32]
        if not _complete(folder):
            _write(files, folder)
        try:
            self._session = _session(folder)
        except CheckpointError:  # broken in the cache: it was whole when it was written
            _write(files, folder)
            self._session = _session(folder)
        self.classes = int(self._session.get_outputs()[0].shape[1])

    def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Engine`."""
        return self._session.run(None, {"data": batch})[0]


def _session(folder: Path) -> Any:
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as states

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what it has to say comes as an error
    broken = (
        states.Fail,
        states.InvalidArgument,
        states.InvalidGraph,
        states.InvalidProtobuf,
        states.NoSuchFile,
        states.RuntimeException,
    )
    try:
        return onnxruntime.InferenceSession(
            folder / "model.onnx", options, providers=["CPUExecutionProvider"]
        )
    except broken as error:
        raise CheckpointError(f"{folder}: ONNX Runtime cannot load it ({error})") from error


def _complete(folder: Path) -> bool:
    """Whether the cached folder holds what was written into it, by the sizes noted there."""
    try:
        sizes = dict(line.split() for line in (folder / "sizes").read_text().splitlines())
        return all((folder / name).stat().st_size == int(size) for name, size in sizes.items())
    except (OSError, ValueError):
        return False


def _write(files: CheckpointFiles, folder: Path) -> None:
    """Convert a checkpoint into ``folder``, which appears whole or not at all."""
    checkpoint = read_checkpoint(files)
    temporary = folder.with_name(f".part-{uuid.uuid4().hex}")
    temporary.mkdir(parents=True)
    try:
        write_onnx(checkpoint, temporary)
        sizes = "".join(f"{file.name} {file.stat().st_size}\n" for file in temporary.iterdir())
        (temporary / "sizes").write_text(sizes)
        shutil.rmtree(folder, ignore_errors=True)
        try:
            temporary.rename(folder)
        except OSError:
            if not _complete(folder):  # else another process was faster, with the same content
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


class MxnetEngine:
    """MXNet's Module, called as the blog calls it."""

    def __init__(self, files: CheckpointFiles) -> None:
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
