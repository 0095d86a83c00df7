"""Models: a network with its preprocessing recipe, its cells and its facts in one object."""

import glob
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geonb.earth.cells import CELLS_FILE, Cells
from geonb.errors import CellsError, ModelError, printable
from geonb.files import expanded
from geonb.network.checkpoint import CheckpointFiles, Engine
from geonb.network.opening import EngineName, Precision, find_checkpoint, open_engine
from geonb.network.sessions import Device
from geonb.photos.photo import PhotoSource
from geonb.preprocessing import Recipe, preprocess
from geonb.promise import Promise, read_promise
from geonb.weights.registry import REGISTRY, Weights

BATCH = 16  # photos that are prepared and run together, which bounds the memory


@dataclass(frozen=True, eq=False)
class Model:
    """A classifier over cells, ready to run.

    Attributes:
        name: A known model's name, or the prefix of your own checkpoint.
        engine: What runs the network.
        cells: The classes: class i is cell i.
        recipe: How a photo is prepared.
        weights: Source and licence of a known model; None for your own checkpoint.
        network: The loaded network.
        why: Why `load_model` chose this model; empty if you named it.
        own_files: Where your own files are, if they take the place of a known model's.
        files: The files of the network.
        promise: What the model promises of regions; None if nothing.
        seen: What its answers to the photos of its training have in common, if that is known.
    """

    name: str
    engine: EngineName
    cells: Cells
    recipe: Recipe
    weights: Weights | None
    network: Engine
    why: str = ""
    own_files: str = ""
    files: CheckpointFiles | None = None
    promise: Promise | None = None
    seen: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __repr__(self) -> str:
        return printable(f"<Model {self.name}: {self._about}>")

    def _repr_html_(self) -> str:
        from geonb.shown.pictures import paragraph

        return paragraph(f"Model {self.name}", self._about)

    @property
    def _about(self) -> str:
        places = "places" if self.spread_km else "cells"
        parts = [
            f"{len(self.cells):,} {places}, engine {self.engine}",
            self.network.agreement,
            self.weights and f"{self.weights.attribution}, {self.weights.licence}",
            self.own_files and f"your own files, {self.own_files}",
            self.why and f"chosen because {self.why}",
        ]
        return "; ".join(part for part in parts if part)

    @property
    def folder(self) -> Path | None:
        """Where its files lie."""
        return self.files.folder if self.files else None

    @property
    def spread_km(self) -> float:
        """How near to a better guess people want no other one."""
        return self.files.spread_km if self.files else 0.0

    @property
    def note(self) -> str:
        """What has to be said wherever this model's answers are shown."""
        return self.weights.note if self.weights else ""

    def is_strange(self, probabilities: NDArray[np.float32]) -> bool:
        """Whether an answer's logarithms, (cells,), are far from the plane of those in training."""
        if not self.seen:
            return False
        logs, axes = np.log(np.maximum(probabilities.astype(float), 1e-30)), self.seen["axes"]
        off = logs - logs.mean() - self.seen["middle"]
        return bool(np.linalg.norm(off - axes @ (axes.T @ off)) > self.seen["limit"])

    def probabilities(self, photos: PhotoSource | Sequence[PhotoSource]) -> NDArray[np.float32]:
        """Probabilities of all cells for one photo or a list of N: (N, cells) float32."""
        some: list[Any] = list(photos) if isinstance(photos, (list, tuple)) else [photos]
        answers = [
            self.run(preprocess(some[first : first + BATCH], recipe=self.recipe))
            for first in range(0, len(some), BATCH)
        ]
        return np.concatenate(answers or [np.empty((0, len(self.cells)), np.float32)])

    def run(self, prepared: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probabilities, (N, cells), for prepared photos, (N, 3, side, side).

        Raises `ModelError` if the network's answers are no probabilities.
        """
        answer = self.network.probabilities(prepared)
        if not np.isfinite(answer).all():
            raise ModelError(f"{self.name} answers with NaN; its parameters are broken")
        sums = answer.sum(axis=1, dtype=np.float64)
        if (answer < 0).any() or (abs(sums - 1) > 1e-3).any():
            raise ModelError(
                f"{self.name} answers with numbers from {answer.min():.3g} that add up to "
                f"{sums[np.argmax(abs(sums - 1))]:.3g}, expected probabilities, which add up to 1; "
                "does the network end without a softmax?"
            )
        return answer


def load_model(  # noqa: PLR0913 - each of them is a choice of its own
    source: str | os.PathLike[str] | None = None,
    engine: EngineName = "onnxruntime",
    *,
    precision: Precision = "float32",
    device: Device = "cpu",
    calibration: Sequence[PhotoSource] | None = None,
    gallery: ArrayLike | str | os.PathLike[str] | None = None,
    download: bool = True,
) -> Model:
    """Load a known model (``locationnet``, ``geoclip``, ``mini``), or a checkpoint of your own.

    A known model that is not in the cache is fetched first, unless ``download`` is False. A
    checkpoint is named by its folder or its prefix (``models/RN101-5k500``, also with an epoch,
    ``models/RN101-5k500-0012``, or LocationNet's ``.mlmodel``), and has its cell list beside it,
    ``grids.txt``; a folder with GeoCLIP's files is one too. A known name goes first; write
    ``./mini`` for a folder of that name. Without a source, the variable GEONB_MODEL names it;
    otherwise it is LocationNet if its files are here, else GeoCLIP, else mini: `repr` says why.

    ``engine`` is ``onnxruntime``; ``mxnet``, the blog's own; or ``reference``, which is slow,
    but runs wherever NumPy does. ``precision="int8"`` is smaller and quicker, and answers a
    little differently: how much is measured once, on the photos in ``calibration`` or on drawn
    scenes, and printed. GeoCLIP's int8 files are its publishers' own (307 MB). ``device="cuda"``
    runs on the GPU, with the package onnxruntime-gpu.

    ``gallery`` are the places that GeoCLIP chooses from instead of its own 100,000: pairs of
    latitude and longitude, or a CSV or JSON file of them. Embedding 100,000 places takes half
    a minute, once.

    Raises `ModelError`, of which `CheckpointError`, `CellsError` and `FetchError` are kinds.
    """
    why = ""
    if source is None:
        from geonb.known import choose

        source, why = choose(precision)
    known, place, own = _home(os.fspath(source), precision, download=download)
    files = find_checkpoint(place, int8=precision == "int8", gallery=gallery)
    name = known.name if known else printable(Path(files.prefix).name)
    cells = files.cells()
    network = open_engine(engine, files, precision, device, calibration)
    if network.classes != len(cells):
        raise CellsError(
            f"{files.folder / CELLS_FILE}: {len(cells):,} cells, but {files.paths[0].name} "
            f"has {network.classes:,} classes; is the list of another model?"
        )
    promise = read_promise(files.folder, len(cells))
    seen: dict[str, Any] = {}
    if known and known.shipped and precision == "float32":
        with np.load(files.folder / "seen.npz", allow_pickle=False) as stored:
            seen = dict(stored)
    return Model(name, engine, cells, files.recipe, known, network, why, own, files, promise, seen)


def _home(source: str, precision: Precision, *, download: bool) -> tuple[Weights | None, Path, str]:
    """A known model's record, a model's path, and where that is if it's your own in its place."""
    if source in REGISTRY:
        weights = REGISTRY[source].of_precision(precision)
        if weights.shipped:
            return weights, weights.shipped, ""
        from geonb.known import fetch
        from geonb.weights.fetching import own_files, require

        place = fetch(weights) if download else require(weights)
        return weights, place, str(own_files(weights) or "")
    path = expanded(source)
    possible = len(os.fsencode(path.name)) < 256  # no system has longer names of files
    here = possible and (path.is_dir() or any(Path().glob(f"{glob.escape(path.name)}-*")))
    if len(path.parts) == 1 and not here:
        raise ModelError(
            f"no model {source[:200]!r}: the known names are {', '.join(REGISTRY)}, "
            "and there is no such folder or checkpoint prefix"
        )
    return None, path, ""
