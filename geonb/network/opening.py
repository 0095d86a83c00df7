"""Open a network: find its files, in whatever form, and start the engine that runs them."""

from collections.abc import Sequence
from copy import copy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from geonb.errors import CheckpointError, ModelError
from geonb.files import md5
from geonb.kept import kept
from geonb.network import sessions
from geonb.network.checkpoint import SYMBOL, CheckpointFiles, Engine, find_mxnet
from geonb.network.derived import derive
from geonb.photos.photo import PhotoSource

EngineName = Literal["onnxruntime", "mxnet", "reference"]
Precision = Literal["float32", "int8"]
_ONE_FILE = {".mlmodel": "a Core ML file", ".onnx": "an ONNX file"}
_AGREEMENT = "agreement.txt"
_UNMEASURED = "int8 by its publishers; how well it agrees with float32 has not been measured"


def find_checkpoint(path: Path, *, int8: bool = False, gallery: Any = None) -> CheckpointFiles:
    """Find a checkpoint in a folder, or by a prefix such as ``models/RN101-5k500``.

    A prefix may end with an epoch (``models/RN101-5k500-0012``); without one, the last epoch is
    taken. A path that ends with ``.mlmodel`` or ``.onnx``, or a folder with one such file and no
    symbol file, is a checkpoint in that form. A folder with a ``vision_model.onnx`` or with
    CLIP's ``model.safetensors`` is a GeoCLIP; ``int8`` takes its quantised vision model, and
    ``gallery`` replaces its places. A folder with a ``head.json`` is a head on another network.
    Raises `CheckpointError` if a file is missing, or if a folder holds several networks.
    """
    try:
        path.exists()
    except OSError as error:  # too long a name, or a folder that you may not enter
        raise CheckpointError(f"{path!s:.80}: cannot look there ({error.strerror})") from error
    if path.is_dir():
        files = [file for ending in _ONE_FILE for file in path.glob(f"*{ending}")]
        mxnet = any(path.glob(f"*{SYMBOL}")) and any(path.glob("*.params"))
    else:
        files = [path] if path.suffix in _ONE_FILE else []
        mxnet = not files and path.suffix != ".safetensors"
    if not mxnet and (found := _find_other_form(path, files, int8=int8, gallery=gallery)):
        return found
    if gallery is not None:
        raise ModelError(f"{path}: a gallery of your own is for GeoCLIP only; leave it out")
    return find_mxnet(path)


def _find_other_form(
    path: Path, files: list[Path], *, int8: bool, gallery: Any
) -> CheckpointFiles | None:
    """A checkpoint in another form than MXNet's, such as one of the ``files``; None if none."""
    from geonb.network import coreml, geoclip, head

    if geoclip.is_geoclip(path):
        return geoclip.find_geoclip(path, int8=int8, gallery=gallery)
    if gallery is not None:
        return None
    if (path / head.HEAD_FILE).is_file():
        return head.find_head(path, find_checkpoint)
    if len(files) != 1:
        return None
    (file,) = files
    if not file.is_file():
        raise CheckpointError(f"{file}: no such file; expected {_ONE_FILE[file.suffix]}")
    from geonb.network import onnx_reading  # only here: it imports onnx

    return coreml.CoremlFile(file) if file.suffix == ".mlmodel" else onnx_reading.OnnxFile(file)


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


class OnnxEngine(Engine):
    """ONNX Runtime; what it runs is derived from the checkpoint once, and mapped after that."""

    def __init__(
        self,
        files: CheckpointFiles,
        precision: Precision = "float32",
        device: sessions.Device = "cpu",
        calibration: Sequence[PhotoSource] | None = None,
    ) -> None:
        int8 = files.quantised or precision == "int8"
        self._kind = "int8" if int8 else "plain" if device == "cuda" else "float32"
        self.folder = self._derive(files, calibration)
        self._session = self._open(device)
        if files.quantised:
            self.agreement = _UNMEASURED
        elif self._kind == "int8":
            self.agreement = (self.folder / _AGREEMENT).read_text(encoding="utf-8")
        *_, width = self._session.get_outputs()[0].shape or [None]
        if not isinstance(width, int):
            width = self.run(np.zeros((1, 3, 224, 224), np.float32)).shape[-1]
        super().__init__(files, width)

    def _derive(self, files: CheckpointFiles, photos: Sequence[PhotoSource] | None) -> Path:
        """The folder with ``model.onnx``: as it is, for a GPU; in int8; or fit for this CPU."""
        content, runtime = f"{files.network_digest()}-{self._kind}", sessions.runtime()
        if self._kind == "plain":
            return derive(files.owner, content, files.write_onnx, needed=files.room)
        content += f"-{sessions.cpu_kind()}"
        quantising = self._kind == "int8" and not files.quantised
        if quantising:
            from geonb.network.quantisation import photos_digest, quantise

            content += f"-{photos_digest(photos)}-{md5(files.digest().encode())[:8]}"

        def make(folder: Path) -> None:
            with TemporaryDirectory(dir=folder) as plain:
                source, target = Path(plain, "model.onnx"), folder / "model.onnx"
                files.write_onnx(source.parent)
                if quantising:
                    agreement = quantise(source, target, files, photos)
                    (folder / _AGREEMENT).write_text(agreement, encoding="utf-8")
                else:
                    sessions.open_session(source, target=target, name=files.paths[0])

        return derive(files.owner, content, make, needed=files.room, maker=runtime.__version__)

    def _open(self, device: sessions.Device, threads: int = 0) -> Any:
        return sessions.open_session(
            self.folder / "model.onnx",
            device=device,
            threads=threads,
            optimised=self._kind != "plain",
            prepack=self._kind == "int8",
        )

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Engine`."""
        return sessions.run(self._session, batch)[0]

    @kept
    def alone(self) -> "OnnxEngine | None":
        """The same network in a session of one thread, for threads; None if they take turns.

        ONNX Runtime's threads wait for each other by spinning, which takes up to a third of the
        processor from the threads that prepare photos beside them.
        """
        if self._kind == "plain":  # on the GPU
            return None
        alone = copy(self)
        alone._session = alone._open("cpu", threads=1)  # noqa: SLF001
        return alone
