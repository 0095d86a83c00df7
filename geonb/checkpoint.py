"""Checkpoints: found on the disk, read into layers and arrays, and checked, without MXNet."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geonb.errors import CheckpointError
from geonb.layers import Layer, Shape, parameter_shapes
from geonb.mxnet_files import read_params, read_symbol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

INPUT_SHAPE: Shape = (1, 3, 224, 224)
"""One photo, as LocationNet and its family take it."""


@dataclass(frozen=True)
class CheckpointFiles:
    """Where a checkpoint lies."""

    symbol: Path
    params: Path

    @property
    def prefix(self) -> str:
        """What MXNet's ``load_checkpoint`` calls the prefix."""
        return str(self.symbol).removesuffix("-symbol.json")

    @property
    def epoch(self) -> int:
        """The number in the name of the params file."""
        return int(self.params.stem.rpartition("-")[2])

    def digest(self) -> str:
        """SHA-256 of both files' content."""
        digest = hashlib.sha256(self.symbol.read_bytes())
        with self.params.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A network: its layers in order, and their arrays."""

    layers: tuple[Layer, ...]
    arrays: Mapping[str, NDArray[np.float32]]
    """By name; a gamma that MXNet fixes at 1 is 1 here, whatever the file holds."""

    @property
    def classes(self) -> int:
        """How many classes the network tells apart."""
        dense = [layer for layer in self.layers if layer.op == "FullyConnected"]
        if not dense:
            raise CheckpointError("the network has no FullyConnected layer, so no classes")
        return int(dense[-1].number("num_hidden", 0))


def find_checkpoint(path: Path) -> CheckpointFiles:
    """Find the two files in a folder, or for a prefix such as ``models/RN101-5k500``.

    The prefix may end with an epoch (``models/RN101-5k500-0012``); otherwise the last epoch is
    taken. Raises `CheckpointError` where a file is missing, or a folder holds several networks.
    """
    epoch = ""
    if path.is_dir():
        symbols = sorted(path.glob("*-symbol.json"))
        if len(symbols) != 1:
            raise CheckpointError(
                f"{path}: {len(symbols)} files *-symbol.json, expected one; "
                "name one by its prefix, such as models/RN101-5k500"
            )
        prefix = symbols[0].with_name(symbols[0].name.removesuffix("-symbol.json"))
    elif match := re.fullmatch(r"(.+)-(\d{4})(\.params)?", path.name):
        prefix, epoch = path.with_name(match[1]), match[2]
    else:
        prefix = path.with_name(path.name.removesuffix("-symbol.json"))
    symbol = prefix.with_name(f"{prefix.name}-symbol.json")
    if not symbol.is_file():
        raise CheckpointError(f"{symbol}: no such file; expected the symbol file of a checkpoint")
    pattern = f"{prefix.name}-{epoch or '[0-9][0-9][0-9][0-9]'}.params"
    params = sorted(prefix.parent.glob(pattern))
    if not params:
        raise CheckpointError(f"{prefix.parent}: no {pattern} beside {symbol.name}; add the file")
    return CheckpointFiles(symbol, params[-1])


def read_checkpoint(files: CheckpointFiles) -> Checkpoint:
    """Read both files, and check that every array is there and of the shape that its layer needs.

    Raises `CheckpointError`.
    """
    layers = read_symbol(files.symbol)
    arrays = dict(read_params(files.params))
    for name, shape in parameter_shapes(layers, INPUT_SHAPE).items():
        if name not in arrays:
            raise CheckpointError(f"{files.params}: no array {name!r}, which {files.symbol} needs")
        if arrays[name].shape != shape:
            raise CheckpointError(
                f"{files.params}: {name!r} has shape {arrays[name].shape}, "
                f"{files.symbol} needs {shape}; are the two of the same network?"
            )
    for layer in layers:
        if layer.op == "BatchNorm" and layer.flag("fix_gamma", default=True):
            gamma = layer.parameters[0]
            arrays[gamma] = np.ones_like(arrays[gamma])
    return Checkpoint(layers, arrays)
