"""A head: a last layer of your own on the network of another model, which stays where it is."""

import json
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError

import numpy as np

from geonb.errors import CheckpointError
from geonb.files import cache_folder, expecting
from geonb.network.checkpoint import CheckpointFiles, LastLayer
from geonb.network.layers import Output
from geonb.network.torch_files import check_stored
from geonb.preprocessing import Recipe

HEAD_FILE = "head.json"
"""Says which network a head is for; a folder with it is a model."""
ARRAYS_FILE = "head.npz"
"""Its weights and biases."""


@dataclass(frozen=True)
class HeadFiles(CheckpointFiles):
    """A head's files, and those of the network that it stands on."""

    path: Path
    base: CheckpointFiles
    recipe: Recipe
    only_onnx: bool
    embeds: bool

    @property
    def paths(self) -> tuple[Path, ...]:
        """The head's two files, then the network's."""
        return (self.path, self.path.with_name(ARRAYS_FILE), *self.base.paths)

    @property
    def owner(self) -> str:
        """The network's: heads on one network share what is derived from it."""
        return self.base.owner

    @property
    def last(self) -> LastLayer:
        """The head itself. Raises `CheckpointError`."""
        path = self.path.with_name(ARRAYS_FILE)
        with _expecting_head(path):
            with zipfile.ZipFile(path) as archive:
                check_stored(archive, path.stat().st_size)
            with np.load(path, allow_pickle=False) as stored:
                weight, bias = np.asarray(stored["weight"]), np.asarray(stored["bias"])
            fits = weight.ndim == 2 and bias.shape == weight.shape[:1]
            numbers = weight.dtype == bias.dtype == np.float32
            if fits and numbers and np.isfinite(weight).all() and np.isfinite(bias).all():
                return LastLayer(weight, bias, f"{self.path}: the head", unit=self.embeds)
        raise CheckpointError(f"{path}: not a head's weights and biases; fit it again")

    def network_digest(self) -> str:
        """See `CheckpointFiles.network_digest`."""
        digest = self.base.network_digest()
        return digest if self.embeds else f"{digest}-features"

    def write_onnx(self, folder: Path, _: tuple[Output, ...] = ()) -> None:
        """Write the network up to what its own last layer reads."""
        self.base.write_onnx(folder, ("features",))


def _expecting_head(path: Path) -> AbstractContextManager[None]:
    what, advice = "a head as geonb writes it", "; fit it again"
    # A list in JSON; a header of NumPy's, which it reads as Python.
    broken = zipfile.BadZipFile, RuntimeError, TypeError, SyntaxError, TokenError
    return expecting(path, what, CheckpointError, *broken, advice=advice)


def anchors() -> dict[str, Path]:
    """Folders that differ between machines."""
    return {"geonb": Path(__file__).parents[1].resolve(), "cache": cache_folder().resolve()}


def find_head(folder: Path, find: Callable[[Path], CheckpointFiles]) -> HeadFiles:
    """Find a head in ``folder``, and ``find`` its network. Raises `CheckpointError`."""
    path = folder / HEAD_FILE
    with _expecting_head(path):
        told = json.loads(path.read_text(encoding="utf-8"))["backbone"]
        anchor = {**anchors(), "disk": Path(folder.resolve().anchor)}[told["at"]]
        place, name, digest = anchor / told["path"], str(told["name"]), told["digest"]
    with suppress(CheckpointError, RecursionError):  # a head may stand on itself
        base = find(place)
        if base.digest() == digest:
            return HeadFiles(path, base, base.recipe, base.only_onnx, base.embeds)
    raise CheckpointError(
        f"{path}: the network {name} that it was fitted on is not at {place}; "
        f"fetch it with geonb fetch {name}, or fit the head again"
    )
