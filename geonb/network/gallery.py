"""GeoCLIP's places: a gallery, each place once, and the location encoder that embeds them."""

import csv
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geonb.distances import LATITUDES, LONGITUDES, check_points
from geonb.earth import s2
from geonb.earth.cells import Cells
from geonb.earth.projection import equal_earth
from geonb.errors import CellsError, CheckpointError, PlaceError
from geonb.files import expanded, expecting, md5, regular
from geonb.network.checkpoint import short_digest
from geonb.network.derived import derive
from geonb.network.sessions import open_session, run
from geonb.network.torch_files import read_pth

_CHUNK = 2048  # places that are embedded together


@dataclass(frozen=True, eq=False)
class Gallery:
    """The places that GeoCLIP chooses from, each of them once."""

    cells: Cells  # one a place: the largest that holds no other place
    counts: NDArray[np.int64]  # how often each place is listed, (places,)
    embeddings: np.memmap[Any, np.dtype[np.float32]]  # unit vectors, (places, 512), on the disk


def read_points(source: ArrayLike | str | os.PathLike[str]) -> NDArray[np.float64]:
    """Read places, (N, 2) degrees: a list, a JSON list of pairs, or a CSV with named columns.

    Raises `CellsError` where a file is neither, `PlaceError` where a coordinate is no place.
    """
    rows: Any = source
    name = "the gallery"
    if isinstance(source, (str, os.PathLike)):
        path = expanded(source)
        name = str(path)
        with (
            expecting(path, "a gallery", CellsError, csv.Error),
            regular(path).open(newline="", encoding="utf-8-sig") as file,
        ):
            rows = json.load(file) if path.suffix != ".csv" else _csv_rows(path, file)
    try:
        points = check_points(rows).reshape(-1, 2)
    except PlaceError as error:
        raise PlaceError(f"{name}: {error}") from error
    if len(points) < 2:
        raise CellsError(f"{name}: a gallery needs two places or more, this has {len(points)}")
    return points


def _csv_rows(path: Path, file: Iterable[str]) -> list[list[float]]:
    reader = csv.DictReader(file)
    names = {name.strip().lower(): name for name in reader.fieldnames or ()}
    lat, lng = (next((names[n] for n in k if n in names), "") for k in (LATITUDES, LONGITUDES))
    if not lat or not lng:
        raise CellsError(
            f"{path}: a gallery has columns lat and lng, this has {', '.join(names) or 'none'}"
        )
    try:
        return [[float(str(row[name])) for name in (lat, lng)] for row in reader]
    except ValueError as error:
        raise PlaceError(f"{path}: expected places in degrees ({error})") from error


def open_gallery(location: Path, points: NDArray[np.float64], owner: str = "geoclip") -> Gallery:
    """Embed the distinct places of ``points``, (N, 2) degrees, once; the next time they are mapped.

    100,000 take under 25 s on two cores, with progress. Raises `ModelError`.
    """

    def make(folder: Path) -> None:
        leaves = s2.leaf_ids(points)
        leaves, first, counts = np.unique(leaves, return_index=True, return_counts=True)
        np.savez(folder / "places.npz", ids=_cells(leaves), places=points[first], counts=counts)
        write_embeddings(location, points[first], folder / "embeddings.npy")

    content = f"gallery-{short_digest(location)}-{points_digest(points)}"
    folder = derive(owner, content, make, needed=512 * 4 * len(points))
    embeddings = np.load(folder / "embeddings.npy", mmap_mode="r")
    with np.load(folder / "places.npz") as data:
        return Gallery(Cells(data["ids"], data["places"]), data["counts"], embeddings)


def _cells(leaves: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The largest cell around each leaf, (N,) in the order of the curve, that holds no other."""
    shared = np.full(len(leaves) + 1, -1)  # by a leaf and the one before: level of a common cell
    for level in range(s2.MAX_LEVEL):
        around = s2.parents(leaves, level)
        shared[1:-1][around[1:] == around[:-1]] = level
    return s2.parents(leaves, np.maximum(shared[:-1], shared[1:]) + 1)


def points_digest(points: NDArray[np.float64]) -> str:
    """A digest of a gallery, for the names of what is derived from it."""
    return md5(points.tobytes())[:16]


def write_embeddings(location: Path, places: NDArray[np.float64], path: Path) -> None:
    """Write the unit vectors of ``places`` as a NumPy file, a piece at a time."""
    from tqdm.auto import tqdm

    embed = location_encoder(location)
    shape = (len(places), embed(places[:1]).shape[1])
    rows = np.lib.format.open_memmap(path, "w+", np.float32, shape)
    with tqdm(total=len(places), desc="places", disable=len(places) <= _CHUNK) as bar:
        for first in range(0, len(places), _CHUNK):
            piece = embed(places[first : first + _CHUNK])
            rows[first : first + _CHUNK] = piece
            bar.update(len(piece))
    rows.flush()


def location_encoder(path: Path) -> Callable[[NDArray[np.float64]], NDArray[np.float32]]:
    """What embeds places, (N, 2) degrees, as unit vectors, (N, 512). Raises `CheckpointError`."""
    broken = partial(expecting, path, "a location encoder", CheckpointError, TypeError)
    with broken():
        raw = _onnx_encoder(path) if path.suffix == ".onnx" else _pth_encoder(path)

    def embed(places: NDArray[np.float64]) -> NDArray[np.float32]:
        with broken():  # its matrices may not fit
            rows = raw(places.astype(np.float32))
            rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        if not np.isfinite(rows).all():
            raise CheckpointError(f"{path}: its embeddings are not numbers; fetch it again")
        return rows

    return embed


def _onnx_encoder(path: Path) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    from geonb.network.onnx_reading import check_operators, read_onnx

    check_operators(path, read_onnx(path).graph.node)
    session = open_session(path, prepack=True)
    if [i.name for i in session.get_inputs()] != ["location"]:
        raise CheckpointError(f"{path}: not a location encoder; expected one input, location")
    answer = [output.name for output in session.get_outputs()].index("location_embeds")
    return lambda places: run(session, places, path)[answer]


def _pth_encoder(path: Path) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    weights = read_pth(path)
    needed = [f"capsule.{k}.{part}" for k in (1, 3, 5) for part in ("weight", "bias")]
    needed += ["capsule.0.b", "head.0.weight", "head.0.bias"]
    capsules = sorted({str(name).split(".")[0] for name in weights})
    if missing := [f"{c}.{n}" for c in capsules for n in needed if f"{c}.{n}" not in weights]:
        raise CheckpointError(f"{path}: not a location encoder; it lacks {missing[0]!r}")

    def dense(x: NDArray[np.float32], name: str) -> NDArray[np.float32]:
        return np.asarray(x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"])

    def answer(capsule: str, flat: NDArray[np.float32]) -> NDArray[np.float32]:
        """Random Fourier features, then four dense layers."""
        angles = np.float32(2 * np.pi) * flat @ weights[f"{capsule}.capsule.0.b"].T  # (N, 256)
        x = np.concatenate([np.cos(angles), np.sin(angles)], axis=1)  # (N, 512)
        for layer in (1, 3, 5):
            x = np.maximum(dense(x, f"{capsule}.capsule.{layer}"), 0)  # (N, 1024)
        return dense(x, f"{capsule}.head.0")  # (N, 512)

    def embed(places: NDArray[np.float32]) -> NDArray[np.float32]:
        flat = equal_earth(places) * np.float32(66.50336) / np.float32(180)  # x is ±1 at ±180°
        return np.sum([answer(capsule, flat) for capsule in capsules], axis=0)

    return embed
