"""Checkpoints, the files that a network is stored in: found on the disk, read, converted once."""

from __future__ import annotations

import errno
import glob
import hashlib
import os
import re
import shutil
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from geonb.earth.cells import CELLS_FILE, Cells, read_cells
from geonb.errors import CellsError, CheckpointError, ModelError
from geonb.files import file_digest, find_derived
from geonb.preprocessing import RECIPE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from geonb.files import Derived
    from geonb.network.layers import Checkpoint

_SYMBOL = "-symbol.json"
HEAD_FILE = "head.json"
"""Says which network a head is for; a folder with it is a model."""
VISION = ("vision_model.onnx", "model.safetensors")
"""GeoCLIP's vision model, in its two forms."""
VISION_INT8 = tuple(f"vision_model_{kind}.onnx" for kind in ("quantized", "uint8", "int8"))
FOLDERS = (".", "onnx", "gps_gallery", "weights")
"""Where GeoCLIP's files lie in their folder, in their repository and in pip's ``geoclip``."""


class CheckpointFiles(ABC):
    """The files of one checkpoint, in whatever form."""

    recipe = RECIPE
    """How a photo is prepared for the network."""
    only_onnx = False
    """Whether they are ONNX, which the engine onnxruntime runs, and no other."""
    spread_km = 0.0
    """How near to a better guess people want no other one; 0 for a model whose cells differ."""

    @property
    def quantised(self) -> bool:
        """Whether the network is int8 already, by its publishers."""
        return False

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

    def cells(self) -> Cells:
        """The classes, from the cell list beside the files. Raises `CellsError`."""
        return read_cells(self.folder / CELLS_FILE)

    def digest(self) -> str:
        """A digest of their content. Raises `CheckpointError`."""
        try:
            return "-".join(file_digest(path)[:16] for path in self.paths)
        except OSError as error:
            raise CheckpointError(f"{error.filename}: cannot read it ({error.strerror})") from error

    def derived_names(self) -> tuple[str, ...]:
        """What the names of the folders begin with that are derived from these files."""
        return (self.digest(),)

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


@dataclass(frozen=True)
class OnnxFile(CheckpointFiles):
    """ONNX's form: one file, which somebody else converted."""

    path: Path

    only_onnx = True

    @property
    def paths(self) -> tuple[Path, ...]:
        """The one file."""
        return (self.path,)

    @property
    def prefix(self) -> str:
        """The file's path without its ending."""
        return str(self.path.with_suffix(""))

    def read(self) -> Checkpoint:
        """It has no layers of MXNet's."""
        raise ModelError(f"{self.path}: an ONNX file runs on the engine onnxruntime only")

    def digest(self) -> str:
        """Of its content, and of its path, to which the graph points."""
        where = hashlib.md5(str(self.path.resolve()).encode(), usedforsecurity=False)
        return f"{super().digest()}-{where.hexdigest()[:8]}"

    def cells(self) -> Cells:
        """The cell list beside it, which its labels must be, if it has any."""
        from geonb.network.onnx_graphs import read_classifier

        cells = super().cells()
        labels = read_classifier(self.path)[2]
        tokens = [label.split("\t")[0] for label in labels]
        if labels and tokens != cells.tokens:
            raise CellsError(
                f"{self.path}: its {len(labels):,} labels are not the cells of "
                f"{self.folder / CELLS_FILE}; is the list of another model?"
            )
        return cells

    def write_onnx(self, folder: Path) -> None:
        """See `onnx_graphs.read_classifier`."""
        from geonb.network.onnx_graphs import read_classifier, save_graph

        save_graph(*read_classifier(self.path)[:2], folder)


_ONE_FILE: dict[str, tuple[type[CoremlFile | OnnxFile], str]] = {
    ".mlmodel": (CoremlFile, "a Core ML file"),
    ".onnx": (OnnxFile, "an ONNX file"),
}


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
    if (path / HEAD_FILE).is_file():
        from geonb.network.head import find_head

        return find_head(path)
    if _is_geoclip(path):
        from geonb.network.geoclip import find_geoclip

        return find_geoclip(path, int8=int8, gallery=gallery)
    if gallery is not None:
        raise ModelError(f"{path}: a gallery of your own is for GeoCLIP only; leave it out")
    if path.suffix in _ONE_FILE:
        form, what = _ONE_FILE[path.suffix]
        if not path.is_file():
            raise CheckpointError(f"{path}: no such file; expected {what}")
        return form(path)
    if path.is_dir():
        alone = [file for ending in _ONE_FILE for file in path.glob(f"*{ending}")]
        if len(alone) == 1 and not list(path.glob(f"*{_SYMBOL}")):
            return _ONE_FILE[alone[0].suffix][0](alone[0])
    return _find_mxnet(path)


def _is_geoclip(path: Path) -> bool:
    """Whether ``path`` is a folder with a GeoCLIP, or a vision model of one."""
    names = (*VISION, *VISION_INT8)
    if not path.is_dir():
        return path.name in names
    return any((path / sub / name).is_file() for name in names for sub in FOLDERS)


def _find_mxnet(path: Path) -> MxnetFiles:
    epoch = ""
    if path.is_dir():
        symbols = sorted(path.glob(f"*{_SYMBOL}"))
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
