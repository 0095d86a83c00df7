"""Read MXNet's own files, symbol and params, without MXNet."""

from __future__ import annotations

import json
import math
import os
import struct
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from geonb.errors import CheckpointError
from geonb.files import expecting
from geonb.network.layers import SAME_OP, Checkpoint, Layer, read_count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

# MXNet, src/ndarray/ndarray.cc: numbers that mark a file of arrays and the layout of each.
_LIST_MAGIC = 0x112
_V1, _V2, _V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
_DTYPES = ("<f4", "<f8", "<f2", "|u1", "<i4", "|i1", "<i8", "|b1")
_MOST_DIMENSIONS = 8


def read_mxnet(symbol: Path, params: Path) -> Checkpoint:
    """Read a network from its two files; every array is there, of the shape that its layer needs.

    Raises `CheckpointError`.
    """
    layers = read_symbol(symbol)
    arrays = dict(read_params(params))
    checkpoint = Checkpoint(layers, arrays).checked(params)
    for layer in layers:
        if layer.op == "BatchNorm" and layer.flag("fix_gamma", default=True):
            gamma = layer.parameters[0]
            arrays[gamma] = np.ones_like(arrays[gamma])
    return checkpoint


def read_symbol(path: Path) -> tuple[Layer, ...]:
    """Read the layers of a symbol file of any age. Raises `CheckpointError`."""
    with expecting(path, "an MXNet symbol file", CheckpointError, TypeError, AttributeError):
        nodes = json.loads(path.read_text(encoding="utf-8"))["nodes"]
        return tuple(_layer(node, nodes) for node in nodes if node["op"] != "null")


def _layer(node: Mapping[str, Any], nodes: list[Mapping[str, Any]]) -> Layer:
    op, name = SAME_OP.get(node["op"], node["op"]), node["name"]
    if not isinstance(name, str):
        raise TypeError(f"a layer is called {name!r}")
    # Files before 0.9 keep an operator's attributes under `param`, up to 0.12 under `attr`.
    attributes = node.get("attr", {}) | node.get("param", {}) | node.get("attrs", {})
    attributes = {key: str(value) for key, value in attributes.items()}
    names = [nodes[entry[0]]["name"] for entry in node["inputs"]]
    count = read_count(name, op)
    inputs, parameters = tuple(names[:count]), names[count:]
    if op == "SoftmaxOutput":
        parameters = []  # the label, which only training reads
    if op == "BatchNorm" and len(parameters) == 2:
        # Files before 0.9 name no auxiliary arrays; MXNet derives their names from the layer's.
        parameters += [f"{name}_moving_mean", f"{name}_moving_var"]
    return Layer(name, op, inputs, tuple(parameters), attributes)


def read_params(path: Path) -> Iterator[tuple[str, NDArray[Any]]]:
    """Read the named arrays of a ``.params`` file: floats as float32, others as they are.

    Raises `CheckpointError` where the file is cut off or something else.
    """
    with expecting(path, "an MXNet params file", CheckpointError), path.open("rb") as file:
        reader = _Reader(file)
        if reader.take("QQ") != (_LIST_MAGIC, 0):
            raise CheckpointError(f"{path}: not an MXNet params file")
        arrays = [_array(reader) for _ in range(reader.one("Q"))]
        names = [reader.bytes(reader.one("Q")).decode() for _ in range(reader.one("Q"))]
        pairs = list(zip(names, arrays, strict=True))
    for name, array in pairs:
        yield name.removeprefix("arg:").removeprefix("aux:"), array


class _Reader:
    """Takes little-endian numbers off a file, one after the other."""

    def __init__(self, file: BinaryIO) -> None:
        # Not mapped: a mapped file that shrinks meanwhile kills the process.
        self._file = file
        self._left = os.fstat(file.fileno()).st_size

    def take(self, types: str) -> tuple[int, ...]:
        """The next numbers, such as two uint64 for ``QQ``."""
        return struct.unpack(f"<{types}", self.bytes(struct.calcsize(f"<{types}")))

    def one(self, kind: str) -> int:
        """The next number."""
        return self.take(kind)[0]

    def shape(self, dimensions: int, kind: str) -> tuple[int, ...]:
        """The size of an array in each dimension."""
        if dimensions > _MOST_DIMENSIONS:
            raise ValueError(f"an array of {dimensions:,} dimensions")
        return self.take(f"{dimensions}{kind}")

    def bytes(self, count: int) -> bytes:
        """The next ``count`` bytes."""
        self._left -= count
        if self._left < 0:
            raise ValueError("it ends too early")
        return self._file.read(count)


def _array(reader: _Reader) -> NDArray[Any]:
    """One array, in any of MXNet's three layouts."""
    magic = reader.one("I")
    if magic in {_V2, _V3} and (storage := reader.one("i")) != 0:
        raise ValueError(f"sparse storage {storage}")
    if magic in {_V1, _V2, _V3}:
        shape = reader.shape(reader.one("I"), "q")
    else:  # the first releases: the number of dimensions comes first, and sizes have 32 bits
        shape = reader.shape(magic, "I")
    if not shape:
        return np.zeros(0, np.float32)  # MXNet's "none": nothing follows
    reader.take("ii")  # the device that it was saved from
    dtype = np.dtype(_DTYPES[reader.one("i")])
    values = np.frombuffer(reader.bytes(math.prod(shape) * dtype.itemsize), dtype)
    if dtype.kind != "f":  # the network may have no use for it
        return values.reshape(shape)
    with np.errstate(over="ignore"):  # infinite then, and so is what the network answers
        return values.reshape(shape).astype(np.float32, copy=False)
