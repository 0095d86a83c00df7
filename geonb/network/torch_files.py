"""Read torch's own files of float tensors, without torch."""

from __future__ import annotations

import math
import pickletools
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.errors import CheckpointError
from geonb.files import expecting

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_LONGEST = 100_000
"""Bytes of the pickle, which holds names and shapes; GeoCLIP's have some thousand."""


def read_pth(path: Path) -> Any:
    """Read what ``torch.save`` wrote: a float tensor, or a dict of them. Raises `CheckpointError`.

    Its pickle may call any function there is. It isn't unpickled: its opcodes are followed as far
    as tensors need them, and nothing is called.
    """
    broken = zipfile.BadZipFile, RuntimeError, TypeError, AttributeError  # locked, odd opcodes
    with (
        expecting(path, "a file of float tensors", CheckpointError, *broken),
        zipfile.ZipFile(path) as archive,
    ):
        check_stored(archive, path.stat().st_size)
        return _Pickle(archive).follow()


def check_stored(archive: zipfile.ZipFile, size: int) -> None:
    """Refuse parts that would grow when they are read. Raises `BadZipFile`."""
    parts = archive.infolist()
    if any(part.compress_type != zipfile.ZIP_STORED for part in parts):
        raise zipfile.BadZipFile("its parts are compressed")
    if sum(part.file_size for part in parts) > size:
        raise zipfile.BadZipFile("its parts overlap")


class _Pickle:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive, self.root = archive, archive.namelist()[0].split("/")[0]
        self.storages: dict[int, NDArray[np.float32]] = {}
        self.stack: list[Any] = []

    def follow(self) -> Any:  # noqa: C901, PLR0912 - a case for each opcode
        """What the pickle makes."""
        body = self.archive.read(f"{self.root}/data.pkl")
        if len(body) > _LONGEST:
            raise ValueError(f"its pickle has {len(body):,} bytes")
        stack, marks, memo = self.stack, [0], dict[Any, Any]()
        for opcode, argument, _ in pickletools.genops(body):
            match opcode.name:
                case "MARK":
                    marks.append(len(stack))
                case "BINUNICODE" | "BININT" | "BININT1" | "BININT2" | "LONG1" | "GLOBAL":
                    stack.append(argument)
                case "NEWTRUE" | "NEWFALSE" | "NONE":
                    stack.append(None)
                case "EMPTY_DICT":
                    stack.append({})
                case "EMPTY_TUPLE":
                    stack.append(())
                case "TUPLE1" | "TUPLE2" | "TUPLE3":
                    stack.append(tuple(self.pop(int(opcode.name[-1]))))
                case "TUPLE":
                    stack.append(tuple(self.pop(len(stack) - marks.pop())))
                case "BINPUT" | "LONG_BINPUT":
                    memo[argument] = stack[-1]
                case "BINGET" | "LONG_BINGET":
                    stack.append(memo[argument])
                case "SETITEM":
                    self.set(self.pop(2))
                case "SETITEMS":
                    self.set(self.pop(len(stack) - marks.pop()))
                case "BUILD":  # the metadata of a torch module
                    self.pop(1)
                case "BINPERSID":  # ("storage", FloatStorage, "0", "cuda:0", 768)
                    stack.append(self.storage(*self.pop(1)[0][1:3]))
                case "REDUCE":
                    stack.append(self.made(*self.pop(2)))
                case other if other not in {"PROTO", "STOP"}:
                    raise ValueError(f"{other} has no place in a file of tensors")
        return stack.pop()

    def pop(self, count: int) -> list[Any]:
        values = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return values

    def set(self, pairs: list[Any]) -> None:
        for name, value in zip(pairs[::2], pairs[1::2], strict=True):
            if not isinstance(name, str):  # a tuple of tuples takes for ever to hash
                raise TypeError("a tensor's name is not text")
            if value is not None:
                self.stack[-1][name] = value

    def storage(self, kind: str, key: str) -> NDArray[np.float32] | None:
        """An array that tensors share; None for whole numbers, such as a count of batches."""
        if kind == "torch FloatStorage" and int(key) not in self.storages:
            data = self.archive.read(f"{self.root}/data/{int(key)}")
            self.storages[int(key)] = np.frombuffer(data, "<f4")
        return self.storages[int(key)] if kind == "torch FloatStorage" else None

    def made(self, function: str, arguments: tuple[Any, ...]) -> Any:
        if function == "collections OrderedDict":
            return {}
        if function != "torch._utils _rebuild_tensor_v2":
            raise ValueError(f"{function!s:.80} has no place in a file of tensors")
        storage, offset, size, stride = arguments[:4]
        if storage is None:
            return None
        if len(size) > 8:
            raise ValueError(f"a tensor of {len(size)} dimensions")
        needed = offset + 1 + sum((n - 1) * s for n, s in zip(size, stride, strict=True))
        # With a stride of 0, one number may stand for any count of them.
        if min((offset, *size, *stride)) < 0 or max(needed, math.prod(size)) > len(storage):
            raise ValueError("a tensor is larger than what is stored")
        steps = [storage.itemsize * s for s in stride]
        return np.lib.stride_tricks.as_strided(storage[offset:], size, steps, writeable=False)
