"""Read torch's own files of float tensors, without torch."""

import math
import pickletools
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geonb.errors import CheckpointError
from geonb.files import expecting

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
        root = archive.namelist()[0].split("/")[0]

        @cache  # as tensors share them
        def storage(key: int) -> NDArray[np.float32]:
            return np.frombuffer(archive.read(f"{root}/data/{key}"), "<f4")

        found = _follow(archive.read(f"{root}/data.pkl"), storage)
        tensors = found.values() if isinstance(found, dict) else [found]
        if not all(isinstance(tensor, np.ndarray) for tensor in tensors):
            raise TypeError("what it holds are no tensors")
        return found


def check_stored(archive: zipfile.ZipFile, size: int) -> None:
    """Refuse parts that would grow when they are read. Raises `BadZipFile`."""
    parts = archive.infolist()
    if any(part.compress_type != zipfile.ZIP_STORED for part in parts):
        raise zipfile.BadZipFile("its parts are compressed")
    if sum(part.file_size for part in parts) > size:
        raise zipfile.BadZipFile("its parts overlap")


def _follow(body: bytes, storage: Callable[[int], NDArray[np.float32]]) -> Any:  # noqa: C901, PLR0912 - a case for each opcode
    """What the pickle ``body`` makes."""
    if len(body) > _LONGEST:
        raise ValueError(f"its pickle has {len(body):,} bytes")
    stack, marks, memo = list[Any](), [0], dict[Any, Any]()

    def pop(count: int) -> list[Any]:
        values = stack[len(stack) - count :]
        del stack[len(stack) - count :]
        return values

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
                stack.append(tuple(pop(int(opcode.name[-1]))))
            case "TUPLE":
                stack.append(tuple(pop(len(stack) - marks.pop())))
            case "BINPUT" | "LONG_BINPUT":
                memo[argument] = stack[-1]
            case "BINGET" | "LONG_BINGET":
                stack.append(memo[argument])
            case "SETITEM" | "SETITEMS":
                pairs = pop(2 if opcode.name == "SETITEM" else len(stack) - marks.pop())
                if not all(isinstance(name, str) for name in pairs[::2]):
                    raise TypeError("a tensor's name is not text")  # tuples take for ever to hash
                stack[-1].update(zip(pairs[::2], pairs[1::2], strict=True))
            case "BUILD":  # the metadata of a torch module
                pop(1)
            case "BINPERSID":  # ("storage", FloatStorage, "0", "cuda:0", 768)
                _, kind, key, *_ = pop(1)[0]
                if kind != "torch FloatStorage":
                    raise ValueError(f"{kind!s:.80} has no place in a file of float tensors")
                stack.append(storage(int(key)))
            case "REDUCE":
                stack.append(_made(*pop(2)))
            case other if other not in {"PROTO", "STOP"}:
                raise ValueError(f"{other} has no place in a file of tensors")
    return stack.pop()


def _made(function: str, arguments: tuple[Any, ...]) -> Any:
    """What calling a function gives: a dict, or an array on a storage."""
    if function == "collections OrderedDict":
        return {}
    if function != "torch._utils _rebuild_tensor_v2":
        raise ValueError(f"{function!s:.80} has no place in a file of tensors")
    storage, offset, size, stride = arguments[:4]
    if len(size) > 8:
        raise ValueError(f"a tensor of {len(size)} dimensions")
    needed = offset + 1 + sum((n - 1) * s for n, s in zip(size, stride, strict=True))
    # With a stride of 0, one number may stand for any count of them.
    if min((offset, *size, *stride)) < 0 or max(needed, math.prod(size)) > len(storage):
        raise ValueError("a tensor is larger than what is stored")
    steps = [storage.itemsize * s for s in stride]
    return np.lib.stride_tricks.as_strided(storage[offset:], size, steps, writeable=False)
