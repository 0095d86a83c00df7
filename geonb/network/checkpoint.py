"""A network as files, which are MXNet's or of another form, and as an engine that runs it."""

import glob
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from geonb.earth.cells import CELLS_FILE, Cells, read_cells
from geonb.errors import CheckpointError, ModelError
from geonb.files import cache_folder, expecting, file_digest
from geonb.preprocessing import RECIPE

if TYPE_CHECKING:
    from geonb.network.layers import Checkpoint, Output

SYMBOL = "-symbol.json"
"""How the name of MXNet's symbol file ends."""


@dataclass(frozen=True, eq=False)
class LastLayer:
    """The last layer of GeoCLIP and of heads: a product and a softmax, after the network."""

    weight: NDArray[np.float32]  # (classes, width)
    bias: NDArray[np.float32]  # (classes,)
    source: str  # where it comes from, for errors
    scale: float = 1.0  # what the products are multiplied by
    unit: bool = False  # whether it reads unit vectors

    def features(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """What it reads, (N, width), from what the network gives."""
        if not self.unit:
            return values
        return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)

    def probabilities(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, width) to (N, classes)."""
        logits = np.float32(self.scale) * (self.features(values) @ self.weight.T) + self.bias
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)


class CheckpointFiles:
    """The files of one checkpoint, in whatever form."""

    recipe = RECIPE  # how a photo is prepared for the network
    only_onnx = False  # whether they are ONNX, which the engine onnxruntime runs, and no other
    quantised = False  # whether the network is int8 already, by its publishers
    embeds = False  # whether the network gives an embedding, made a unit vector
    spread_km = 0.0  # guesses nearer to a better one than this are merged; 0 turns merging off

    @property
    def last(self) -> LastLayer | None:
        """The layer that follows the network in NumPy; None if the network has all layers."""
        return None

    @property
    def paths(self) -> tuple[Path, ...]:
        """All of them; the first is the one that errors name."""
        return tuple(vars(self).values())

    @property
    def prefix(self) -> str:
        """What `opening.find_checkpoint` finds them by."""
        return str(self.folder)

    @property
    def owner(self) -> str:
        """What their folder in the cache is called: a known model's name, or the prefix's own."""
        known = self.folder.parent == cache_folder()
        name = self.folder.name if known else Path(self.prefix).name
        return re.sub(r"[^\w-]", "_", name)[:40] or "_"  # no dots: .. would be another folder

    @property
    def folder(self) -> Path:
        """Where they are, with the cell list beside them."""
        return self.paths[0].parent

    @property
    def room(self) -> int:
        """Bytes that converting them may take."""
        return 3 * sum(path.stat().st_size for path in self.paths)

    def cells(self) -> Cells:
        """The classes, from the cell list beside the files. Raises `CellsError`."""
        return read_cells(self.folder / CELLS_FILE)

    def digest(self) -> str:
        """A digest of their content. Raises `CheckpointError`."""
        return "-".join(map(short_digest, self.paths))

    def network_digest(self) -> str:
        """A digest of what `write_onnx` writes. Raises `CheckpointError`."""
        return self.digest()

    def read(self) -> "Checkpoint":
        """Read and check the layers; only MXNet's and Core ML's have any. Raises `ModelError`."""
        raise ModelError(f"{self.prefix}: no layers to read; expected MXNet's files or Core ML's")

    def write_onnx(self, folder: Path, outputs: tuple["Output", ...] = ("probabilities",)) -> None:
        """Write the network as ``model.onnx`` into ``folder``. Raises `CheckpointError`.

        Its input is (N, 3, 224, 224). One that has a `last` layer gives features only.
        """
        from geonb.network.onnx_writing import write_layers

        write_layers(self.read(), folder, outputs)


class Engine(ABC):
    """What runs a network."""

    agreement = ""
    """In words, how well an int8 network agrees with the float32 one."""

    def __init__(self, files: CheckpointFiles, width: int) -> None:
        """The network of a checkpoint, which gives ``width`` numbers. Raises `CheckpointError`."""
        self.last = last = files.last
        self.classes = last.weight.shape[0] if last else width
        """How many classes the network has."""
        if last:
            wanted = last.weight.shape[1]
            if width != wanted:
                raise CheckpointError(
                    f"{last.source} is for {wanted} features, the network "
                    f"{files.paths[0].name} has {width}; the files are of two models"
                )

    @abstractmethod
    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the network itself gives for preprocessed photos (N, 3, 224, 224)."""

    def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run preprocessed photos (N, 3, 224, 224) to probabilities (N, classes)."""
        found = self.run(batch)
        return self.last.probabilities(found) if self.last else found


def short_digest(path: Path) -> str:
    """The first half of a file's MD5. Raises `CheckpointError`."""
    with expecting(path, "a file of a network", CheckpointError):
        return file_digest(path)[:16]


@dataclass(frozen=True)
class OneFile(CheckpointFiles):
    """A form that is one file."""

    path: Path

    @property
    def prefix(self) -> str:
        """The file's path."""
        return str(self.path)


@dataclass(frozen=True)
class MxnetFiles(CheckpointFiles):
    """MXNet's own form: a symbol file and a params file."""

    symbol: Path
    params: Path

    @property
    def prefix(self) -> str:
        """What MXNet's ``load_checkpoint`` calls the prefix."""
        return str(self.symbol).removesuffix(SYMBOL)

    def read(self) -> "Checkpoint":
        """Read a network from its two files. Raises `CheckpointError`."""
        from geonb.network import layers, mxnet_files

        arrays = mxnet_files.read_params(self.params)
        symbol = mxnet_files.read_symbol(self.symbol)
        return layers.Checkpoint(symbol, arrays).checked(self.params)


def find_mxnet(path: Path) -> MxnetFiles:
    """Find MXNet's files in a folder or by a prefix; see `opening.find_checkpoint`."""
    epoch = "[0-9]" * 4
    if path.is_dir():
        symbols = list(path.glob(f"*{SYMBOL}"))
        if len(symbols) != 1:
            raise CheckpointError(
                f"{path}: {len(symbols)} files *{SYMBOL}, expected one; "
                "name one by its prefix, such as models/RN101-5k500"
            )
        prefix = path / symbols[0].name.removesuffix(SYMBOL)
    elif match := re.fullmatch(r"(.+)-(\d{4})(\.params)?", path.name):
        prefix, epoch = path.with_name(match[1]), match[2]
    else:
        prefix = path.with_name(path.name.removesuffix(SYMBOL))
    symbol = prefix.with_name(f"{prefix.name}{SYMBOL}")
    if not symbol.is_file():
        raise CheckpointError(f"{symbol}: no such file; expected the symbol file of a checkpoint")
    params = sorted(prefix.parent.glob(f"{glob.escape(prefix.name)}-{epoch}.params"))
    if not params:
        raise CheckpointError(
            f"{prefix.parent}: no {prefix.name}-{epoch}.params beside {symbol.name}; add the file"
        )
    return MxnetFiles(symbol, params[-1])
