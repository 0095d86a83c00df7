"""Read MXNet's own files, symbol and params, without MXNet."""

import json
import math
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from geonb.errors import CheckpointError
from geonb.files import expecting
from geonb.network.layers import Layer

# MXNet, src/ndarray/ndarray.cc: numbers that mark a file of arrays and the layout of each.
_LIST_MAGIC = 0x112
_V1, _V2, _V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
_DTYPES = ("<f4", "<f8", "<f2", "|u1", "<i4", "|i1", "<i8", "|b1")
_MOST_DIMENSIONS = 8


def read_symbol(path: Path) -> tuple[Layer, ...]:
    """Read the layers of a symbol file of MXNet 0.9 or later. Raises `CheckpointError`."""
    with expecting(path, "an MXNet symbol file", CheckpointError, TypeError, AttributeError):
        nodes = json.loads(path.read_text(encoding="utf-8"))["nodes"]
        for node in nodes:
            node["name"].encode()  # text, without halves of characters, which ONNX can't hold
        return tuple(_layer(node, nodes) for node in nodes if node["op"] != "null")


def _layer(node: Mapping[str, Any], nodes: list[Mapping[str, Any]]) -> Layer:
    op, name = node["op"], node["name"]
    attributes = node.get("attr", {}) | node.get("attrs", {})  # up to 0.12, and later
    attributes = {key: str(value) for key, value in attributes.items()}
    names = [nodes[entry[0]]["name"] for entry in node["inputs"]]
    count = 2 if op == "elemwise_add" else 1  # layers that it reads; its arrays follow
    inputs, parameters = tuple(names[:count]), tuple(names[count:])
    if len(inputs) < count:
        raise ValueError(f"layer {name!r} reads {len(inputs)} layers, expected {count}")
    if op == "SoftmaxOutput":
        parameters = ()  # the label, which only training reads
    return Layer(name, op, inputs, parameters, attributes)


def read_params(path: Path) -> dict[str, NDArray[Any]]:
    """Read the named arrays of a ``.params`` file: floats as float32, others as they are.

    Raises `CheckpointError` where the file is cut off or something else.
    """
    with expecting(path, "an MXNet params file", CheckpointError), path.open("rb") as file:
        reader = _Reader(file)
        if reader.take("QQ") != (_LIST_MAGIC, 0):
            raise CheckpointError(f"{path}: not an MXNet params file")
        arrays = [_array(reader) for _ in range(reader.one("Q"))]
        names = [reader.bytes(reader.one("Q")).decode() for _ in range(reader.one("Q"))]
        names = [name.removeprefix("arg:").removeprefix("aux:") for name in names]
        return dict(zip(names, arrays, strict=True))


class _Reader:
    """Takes little-endian numbers off a file, one after the other."""

    def __init__(self, file: BinaryIO) -> None:
        # Not mapped: a mapped file that shrinks meanwhile kills the process.
        self._file, self._left = file, os.fstat(file.fileno()).st_size

    def bytes(self, count: int) -> bytes:
        self._left -= count
        if self._left < 0:
            raise ValueError("it ends too early")
        return self._file.read(count)

    def take(self, types: str) -> tuple[int, ...]:
        """The next numbers, such as two uint64 for ``QQ``."""
        return struct.unpack(f"<{types}", self.bytes(struct.calcsize(f"<{types}")))

    def one(self, kind: str) -> int:
        return self.take(kind)[0]


def _array(reader: _Reader) -> NDArray[Any]:
    """One array, in any of MXNet's three layouts."""
    magic = reader.one("I")
    if magic in {_V2, _V3} and (storage := reader.one("i")) != 0:
        raise ValueError(f"sparse storage {storage}")
    # The first releases begin with the number of dimensions, and their sizes have 32 bits.
    count, kind = (reader.one("I"), "q") if magic in {_V1, _V2, _V3} else (magic, "I")
    if count > _MOST_DIMENSIONS:
        raise ValueError(f"an array of {count:,} dimensions")
    if not count:
        return np.zeros(0, np.float32)  # MXNet's "none": nothing follows
    shape = reader.take(f"{count}{kind}")
    reader.take("ii")  # the device that it was saved from
    dtype = np.dtype(_DTYPES[reader.one("i")])
    values = np.frombuffer(reader.bytes(math.prod(shape) * dtype.itemsize), dtype).reshape(shape)
    if dtype.kind != "f":  # the network may have no use for it
        return values
    with np.errstate(over="ignore"):  # infinite then, and so is what the network answers
        return values.astype(np.float32, copy=False)
