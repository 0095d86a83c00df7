"""Models: a network with its preprocessing recipe, its cells and its facts in one object."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from geonb.cells import Cells, read_cells
from geonb.checkpoint import CheckpointFiles, find_checkpoint
from geonb.engines import ENGINES, Engine, EngineName
from geonb.errors import CellsError, ModelError
from geonb.preprocessing import RECIPE, Recipe, preprocess
from geonb.weights import CELLS_FILE, REGISTRY, Weights, folder_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geonb.photo import PhotoSource


@dataclass(frozen=True, eq=False)
class Model:
    """A classifier over cells, ready to run."""

    name: str
    """A known model's name, or the prefix of a checkpoint of one's own."""
    engine: EngineName
    """What runs the network."""
    cells: Cells
    """Class i is cell i."""
    recipe: Recipe
    """How a photo is prepared."""
    weights: Weights | None
    """Source and licence of a known model; None for a checkpoint of one's own."""
    network: Engine
    """The loaded network."""

    def __repr__(self) -> str:
        about = f"{len(self.cells):,} cells, engine {self.engine}"
        if self.weights:
            about += f"; {self.weights.attribution}, {self.weights.licence}"
        return f"<Model {self.name}: {about}>"

    @property
    def note(self) -> str:
        """What has to be said wherever this model's answers are shown; mostly nothing."""
        return self.weights.note if self.weights else ""

    def probabilities(self, photos: PhotoSource | Sequence[PhotoSource]) -> NDArray[np.float32]:
        """The probability of every cell, (N, cells), for one photo or a list of N."""
        answer = self.network.probabilities(preprocess(photos, recipe=self.recipe))
        if not np.isfinite(answer).all():
            raise ModelError(f"{self.name} answers with NaN; its parameters are broken")
        return answer


def load_model(source: str | os.PathLike[str], engine: EngineName = "onnxruntime") -> Model:
    """Load a known model (``locationnet``, ``mini``), or a checkpoint of your own.

    A checkpoint is named by its folder or its prefix (``models/RN101-5k500``, also with an epoch,
    ``models/RN101-5k500-0012``), and has its cell list, ``grids.txt``, beside it. A
    known name goes first; write ``./mini`` for a folder of that name.

    Raises `ModelError`, of which `CheckpointError`, `CellsError` and `FetchError` are kinds.
    """
    if engine not in ENGINES:
        raise ModelError(f"no engine {engine!r}; the engines are {', '.join(ENGINES)}")
    name, weights, files = _find(os.fspath(source))
    cells = read_cells(files.symbol.with_name(CELLS_FILE))
    network = ENGINES[engine](files)
    if network.classes != len(cells):
        raise CellsError(
            f"{files.symbol.with_name(CELLS_FILE)}: {len(cells):,} cells, but {files.symbol.name} "
            f"has {network.classes:,} classes; is the list of another model?"
        )
    return Model(name, engine, cells, RECIPE, weights, network)


def _find(source: str) -> tuple[str, Weights | None, CheckpointFiles]:
    if source in REGISTRY:
        weights = REGISTRY[source]
        return source, weights, find_checkpoint(folder_of(weights))
    path = Path(source).expanduser()
    if len(path.parts) == 1 and not (path.is_dir() or any(Path().glob(f"{path.name}-*"))):
        raise ModelError(
            f"no model {source!r}: the known names are {', '.join(REGISTRY)}, "
            "and no folder or checkpoint prefix here is called so"
        )
    files = find_checkpoint(path)
    return Path(files.prefix).name, None, files
