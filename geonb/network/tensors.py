"""Files of tensors, read without the packages that wrote them: safetensors, and torch's own."""

from __future__ import annotations

import io
import json
import math
import pickle
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.errors import CheckpointError
from geonb.files import expecting

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from geonb.network.layers import Shape

_DTYPES = {"F32": "<f4", "F16": "<f2", "F64": "<f8", "I64": "<i8", "I32": "<i4", "U8": "|u1"}


@dataclass(frozen=True)
class Stored:
    """One tensor, and where in which file it lies."""

    path: Path
    shape: Shape
    dtype: str
    """As NumPy writes it: ``<f4``."""
    offset: int
    """Bytes before it in the file."""

    @property
    def nbytes(self) -> int:
        """How many bytes it has."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize

    def external(self, name: str, root: Path) -> Any:
        """The ONNX tensor ``name`` that points here, by a path that starts at ``root``."""
        from onnx import TensorProto, helper

        dtype = helper.np_dtype_to_tensor_dtype(np.dtype(self.dtype))
        tensor = TensorProto(name=name, data_type=dtype, data_location=TensorProto.EXTERNAL)
        tensor.dims.extend(self.shape)
        location = self.path.resolve().relative_to(root.resolve()).as_posix()
        values = {"location": location, "offset": self.offset, "length": self.nbytes}
        for key, value in values.items():
            tensor.external_data.add(key=key, value=str(value))
        return tensor


def read_safetensors(path: Path) -> dict[str, Stored]:
    """Find the tensors of a safetensors file of known types. Raises `CheckpointError`.

    The header is not believed: tensors lie one after the other, in the file, each as large as its
    shape says.
    """
    with expecting(path, "a safetensors file", CheckpointError):
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > 10_000_000:  # CLIP's has 90 kB
                raise CheckpointError(f"{path}: not a safetensors file (a header of {length:,} B)")
            header = json.loads(file.read(length))
        start, size = 8 + length, path.stat().st_size
        header.pop("__metadata__", None)
        spans = sorted((*tensor["data_offsets"], name) for name, tensor in header.items())
        end = 0
        for first, last, name in spans:
            if first != end or not first <= last <= size - start:
                raise CheckpointError(
                    f"{path}: {name!r} does not lie where the header says; the file is cut off "
                    "or made up; fetch it again"
                )
            end = last
        stored = {
            name: Stored(path, tuple(header[name]["shape"]), dtype, start + first)
            for first, _, name in spans
            if (dtype := _DTYPES.get(header[name]["dtype"]))
        }
        for first, last, name in spans:
            tensor = stored.get(name)
            if tensor and (tensor.nbytes != last - first or min(tensor.shape, default=0) < 0):
                raise CheckpointError(f"{path}: {name!r} is not as large as its shape says")
    return stored


class _Unpickler(pickle.Unpickler):
    """Knows the three names that float tensors need, and no other: nothing else can be called."""

    def __init__(self, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(io.BytesIO(archive.read(f"{root}/data.pkl")))
        self._archive, self._root = archive, root

    def find_class(self, module: str, name: str) -> Any:
        match module, name:
            case "collections", "OrderedDict":
                return OrderedDict
            case "torch", "FloatStorage":
                return "<f4"
            case "torch._utils", "_rebuild_tensor_v2":
                return _tensor
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a file of tensors")

    def persistent_load(self, pid: Any) -> NDArray[np.float32]:
        _, dtype, key, _, _ = pid  # ("storage", FloatStorage, "0", "cuda:0", 768)
        return np.frombuffer(self._archive.read(f"{self._root}/data/{int(key)}"), dtype)


def _tensor(
    storage: NDArray[np.float32], offset: int, size: Sequence[int], stride: Sequence[int], *_: Any
) -> NDArray[np.float32]:
    needed = offset + 1 + sum((n - 1) * s for n, s in zip(size, stride, strict=True))
    # With a stride of 0, one number may stand for any count of them.
    if min((offset, *size, *stride)) < 0 or max(needed, math.prod(size)) > len(storage):
        raise pickle.UnpicklingError("a tensor is larger than what is stored")
    steps = [storage.itemsize * s for s in stride]
    return np.lib.stride_tricks.as_strided(storage[offset:], size, steps, writeable=False)


def check_stored(archive: zipfile.ZipFile) -> None:
    """Refuse parts that would grow when they are read. Raises `BadZipFile`."""
    if any(part.compress_type != zipfile.ZIP_STORED for part in archive.infolist()):
        raise zipfile.BadZipFile("its parts are compressed")


def read_pth(path: Path) -> Any:
    """Read what ``torch.save`` wrote: a float tensor, or a dict of them. Raises `CheckpointError`.

    A pickle may call any function there is; here it may build float32 tensors, and nothing else.
    """
    # A broken pickle calls what it has with anything; zipfile raises RuntimeError if it's locked.
    broken = pickle.UnpicklingError, zipfile.BadZipFile, RuntimeError, TypeError, AttributeError
    with (
        expecting(path, "a file of float tensors", CheckpointError, *broken),
        zipfile.ZipFile(path) as archive,
    ):
        check_stored(archive)
        return _Unpickler(archive, archive.namelist()[0].split("/")[0]).load()
