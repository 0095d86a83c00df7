"""Checkpoints, the files that a network is stored in: found on the disk, read, converted once."""

from __future__ import annotations

import errno
import glob
import os
import re
import shutil
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from geonb.errors import CheckpointError, ModelError
from geonb.files import file_digest, find_derived

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from geonb.files import Derived
    from geonb.network.layers import Checkpoint

_SYMBOL = "-symbol.json"


class CheckpointFiles(ABC):
    """The files of one checkpoint, in whatever form."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """All of them; the first is the one that errors name."""
        return tuple(vars(self).values())

    @property
    @abstractmethod
    def prefix(self) -> str:
        """What `find_checkpoint` finds them by: their common path, without the endings."""

    @abstractmethod
    def read(self) -> Checkpoint:
        """Read and check the network. Raises `CheckpointError`."""

    @property
    def folder(self) -> Path:
        """Where they are, with the cell list beside them."""
        return self.paths[0].parent

    def digest(self) -> str:
        """A digest of their content. Raises `CheckpointError`."""
        try:
            return "-".join(file_digest(path)[:16] for path in self.paths)
        except OSError as error:
            raise CheckpointError(f"{error.filename}: cannot read it ({error.strerror})") from error

    def write_onnx(self, folder: Path) -> None:
        """Write the network as ``model.onnx`` into ``folder``. Raises `CheckpointError`."""
        from geonb.network.onnx_file import write_onnx

        write_onnx(self.read(), folder)

    def derive(
        self, kind: str, make: Callable[[Path], None], maker: str = "", copies: int = 2
    ) -> Derived:
        """Derive files of a ``kind`` from these, once for each content: see `derived.derive`.

        Making them takes up to ``copies`` times the checkpoint's size on the disk. Raises
        `ModelError` if there isn't so much room.
        """
        name = f"{self.digest()}-{kind}"
        if found := find_derived(name, maker):
            return found
        from geonb.network.derived import derive

        room = copies * sum(path.stat().st_size for path in self.paths if path.exists())

        def make_if_there_is_room(folder: Path) -> None:
            if shutil.disk_usage(folder).free < room:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
            make(folder)

        try:
            return derive(name, make_if_there_is_room, maker)
        except OSError as error:
            raise ModelError(
                f"{self.prefix}: cannot write the converted model ({error.strerror}); it needs "
                f"{room / 1e6:.0f} MB; make room, or name another folder in GEONB_CACHE"
            ) from error


@dataclass(frozen=True)
class MxnetFiles(CheckpointFiles):
    """MXNet's own form: a symbol file and a params file."""

    symbol: Path
    params: Path

    @property
    def prefix(self) -> str:
        """What MXNet's ``load_checkpoint`` calls the prefix."""
        return str(self.symbol).removesuffix(_SYMBOL)

    @property
    def epoch(self) -> int:
        """The number in the name of the params file."""
        return int(self.params.stem.rpartition("-")[2])

    def read(self) -> Checkpoint:
        """See `mxnet_files.read_mxnet`."""
        from geonb.network.mxnet_files import read_mxnet

        return read_mxnet(self.symbol, self.params)


@dataclass(frozen=True)
class CoremlFile(CheckpointFiles):
    """Core ML's form: one file."""

    path: Path

    @property
    def prefix(self) -> str:
        """The file's path without its ending."""
        return str(self.path.with_suffix(""))

    def read(self) -> Checkpoint:
        """See `coreml.read_coreml`."""
        from geonb.network.coreml import read_coreml

        return read_coreml(self.path)


def find_checkpoint(path: Path) -> CheckpointFiles:
    """Find a checkpoint in a folder, or by a prefix such as ``models/RN101-5k500``.

    A prefix may end with an epoch (``models/RN101-5k500-0012``); without one, the last epoch is
    taken. A path that ends with ``.mlmodel``, or a folder with one such file and no symbol file,
    is a checkpoint in Core ML's form. Raises `CheckpointError` if a file is missing, or if a
    folder holds several networks.
    """
    epoch = ""
    try:
        path.exists()
    except OSError as error:  # too long a name, or a folder that you may not enter
        raise CheckpointError(f"{path!s:.80}: cannot look there ({error.strerror})") from error
    if path.suffix == ".mlmodel":
        if not path.is_file():
            raise CheckpointError(f"{path}: no such file; expected a Core ML file")
        return CoremlFile(path)
    if path.is_dir():
        symbols, coreml = sorted(path.glob(f"*{_SYMBOL}")), sorted(path.glob("*.mlmodel"))
        if len(coreml) == 1 and not symbols:
            return CoremlFile(coreml[0])
        if len(symbols) != 1:
            raise CheckpointError(
                f"{path}: {len(symbols)} files *{_SYMBOL}, expected one; "
                "name one by its prefix, such as models/RN101-5k500"
            )
        prefix = symbols[0].with_name(symbols[0].name.removesuffix(_SYMBOL))
    elif match := re.fullmatch(r"(.+)-(\d{4})(\.params)?", path.name):
        prefix, epoch = path.with_name(match[1]), match[2]
    else:
        prefix = path.with_name(path.name.removesuffix(_SYMBOL))
    symbol = prefix.with_name(f"{prefix.name}{_SYMBOL}")
    if not symbol.is_file():
        raise CheckpointError(f"{symbol}: no such file; expected the symbol file of a checkpoint")
    ending = f"-{epoch or '[0-9][0-9][0-9][0-9]'}.params"
    params = sorted(prefix.parent.glob(glob.escape(prefix.name) + ending))
    if not params:
        raise CheckpointError(
            f"{prefix.parent}: no {prefix.name}{ending} beside {symbol.name}; add the file"
        )
    return MxnetFiles(symbol, params[-1])
