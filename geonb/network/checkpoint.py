"""Checkpoints: found on the disk, read into layers and arrays, and checked, without MXNet."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geonb.errors import CheckpointError
from geonb.files import file_digest
from geonb.network.layers import Layer, Shape, parameter_shapes
from geonb.network.mxnet_files import read_params, read_symbol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

INPUT_SHAPE: Shape = (1, 3, 224, 224)
"""One photo, as LocationNet and its family take it."""


@dataclass(frozen=True)
class CheckpointFiles:
    """Where a checkpoint of MXNet lies."""

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

    @property
    def folder(self) -> Path:
        """Where its cell list lies beside it."""
        return self.symbol.parent

    @property
    def name(self) -> str:
        """What it is called in errors: the file that names its classes."""
        return self.symbol.name

    @property
    def paths(self) -> tuple[Path, ...]:
        """Both files."""
        return self.symbol, self.params

    def digest(self) -> str:
        """Of both files' content. Raises `CheckpointError`."""
        return _digest(*self.paths)

    def read(self) -> Checkpoint:
        """See `read_checkpoint`."""
        return read_checkpoint(self)


@dataclass(frozen=True)
class CoremlFile:
    """Where a checkpoint in Core ML's form lies."""

    path: Path

    @property
    def prefix(self) -> str:
        """The file's path without its ending."""
        return str(self.path.with_suffix(""))

    @property
    def folder(self) -> Path:
        """Where its cell list lies beside it."""
        return self.path.parent

    @property
    def name(self) -> str:
        """What it is called in errors."""
        return self.path.name

    @property
    def paths(self) -> tuple[Path, ...]:
        """The one file."""
        return (self.path,)

    def digest(self) -> str:
        """Of the file's content. Raises `CheckpointError`."""
        return _digest(*self.paths)

    def read(self) -> Checkpoint:
        """See `coreml.read_coreml`."""
        from geonb.network.coreml import read_coreml

        return read_coreml(self.path)


def _digest(*paths: Path) -> str:
    try:
        return "-".join(file_digest(path)[:16] for path in paths)
    except OSError as error:
        raise CheckpointError(f"{error.filename}: cannot read it ({error.strerror})") from error


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


def find_checkpoint(path: Path) -> CheckpointFiles | CoremlFile:
    """Find a checkpoint's files: in a folder, or for a prefix such as ``models/RN101-5k500``.

    A path that ends with ``.mlmodel``, or a folder with one such file and no symbol file, is a
    checkpoint in Core ML's form.

    The prefix may end with an epoch (``models/RN101-5k500-0012``); otherwise the last epoch is
    taken. Raises `CheckpointError` where a file is missing, or a folder holds several networks.
    """
    epoch = ""
    if coreml := _find_coreml(path):
        return coreml
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


def _find_coreml(path: Path) -> CoremlFile | None:
    if path.suffix == ".mlmodel":
        if not path.is_file():
            raise CheckpointError(f"{path}: no such file; expected a Core ML file")
        return CoremlFile(path)
    found = sorted(path.glob("*.mlmodel")) if path.is_dir() else []
    if len(found) == 1 and not list(path.glob("*-symbol.json")):
        return CoremlFile(found[0])
    return None


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
