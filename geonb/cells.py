"""Cells, the classes of a model: read and write them, find a point's, and make new ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geonb import s2
from geonb.distances import check_points
from geonb.errors import CellsError
from geonb.files import replacing

if TYPE_CHECKING:
    import os

    from numpy.typing import ArrayLike, NDArray

# Unit vectors are added as integers of this resolution (0.05 mm on the ground), because sums
# of integers do not depend on the points' order. A cell of 2**26 points fits.
_STEPS_PER_RADIUS = 2.0**37
_PIECE = 1 << 18  # points added at a time


@dataclass(frozen=True, eq=False)
class Cells:
    """S2 cells in the order of a model's classes: class i is cell i.

    Raises `CellsError` where an id is no cell, or two cells are the same or overlap.
    """

    ids: NDArray[np.uint64]
    """S2 cell ids, (N,)."""
    places: NDArray[np.float64]
    """Centre of mass of each cell's training photos, (N, 2) degrees."""

    def __post_init__(self) -> None:
        if not len(self.ids):
            raise CellsError("a cell list needs at least one cell, this one is empty")
        if not s2.valid(self.ids).all():
            bad = self.tokens[int(np.argmin(s2.valid(self.ids)))]
            raise CellsError(f"{bad!r} is not the token of an S2 cell")
        first, last = self._ranges
        overlap = np.flatnonzero(first[1:] <= last[:-1])
        if len(overlap):
            a, b = self._order[overlap[0]], self._order[overlap[0] + 1]
            raise CellsError(f"cells {self.tokens[a]} and {self.tokens[b]} overlap")

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        levels = self.levels
        return f"<Cells: {len(self):,} S2 cells of levels {levels.min()} to {levels.max()}>"

    @cached_property
    def tokens(self) -> list[str]:
        """The cells' S2 tokens."""
        return s2.to_tokens(self.ids)

    @cached_property
    def levels(self) -> NDArray[np.int64]:
        """The cells' levels, (N,): 0 is a face of the cube, 30 a leaf."""
        return s2.levels(self.ids)

    @cached_property
    def areas_km2(self) -> NDArray[np.float64]:
        """The cells' areas, (N,) km², on a sphere of 6371 km."""
        from geonb.outlines import areas_km2

        return areas_km2(self.ids)

    def parents(self, level: int) -> NDArray[np.uint64]:
        """Id of the cell of ``level`` that holds each cell, (N,); one of that level is its own.

        Raises `CellsError` where a cell is larger than cells of that level.
        """
        largest = int(self.levels.min())
        if not 0 <= level <= largest:
            raise CellsError(f"these cells have parents of levels 0 to {largest}, not {level}")
        return s2.parents(self.ids, level)

    def to_geojson(self) -> dict[str, Any]:
        """The cells' outlines, areas and places as a GeoJSON FeatureCollection."""
        from geonb.outlines import to_geojson

        return to_geojson(self)

    @cached_property
    def _ranges(self) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        """First and last leaf of the cells in their order on the curve."""
        first, last = s2.ranges(self.ids[self._order])
        return first, last

    @cached_property
    def _order(self) -> NDArray[np.intp]:
        return np.argsort(self.ids)

    def index(self, points: ArrayLike) -> NDArray[np.intp]:
        """Class of the cell that holds each point, (N, 2) degrees to (N,); -1 where none does."""
        leaves = s2.leaf_ids(check_points(points).reshape(-1, 2))
        first, last = self._ranges
        slot = np.searchsorted(first, leaves, side="right") - 1
        inside = (slot >= 0) & (leaves <= last[slot])
        return np.where(inside, self._order[slot], -1)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write ``token<TAB>latitude<TAB>longitude`` lines, the format of LocationNet's list.

        Reading them gives the same cells to the last bit.
        """
        rows = zip(self.tokens, self.places.tolist(), strict=True)
        with replacing(path) as temporary:
            temporary.write_text("".join(f"{t}\t{lat!r}\t{lng!r}\n" for t, (lat, lng) in rows))


def read_cells(path: str | os.PathLike[str]) -> Cells:
    """Read a cell list, one ``token<TAB>latitude<TAB>longitude`` a line.

    Raises `CellsError` with the line where one is not of that form, and where cells overlap.
    """
    path = Path(path)
    tokens, places = [], []
    try:
        for number, line in enumerate(path.read_text(encoding="ascii").splitlines(), start=1):
            token, lat, lng = line.split("\t")
            tokens.append(int(token.ljust(16, "0"), 16))
            places.append((float(lat), float(lng)))
    except OSError as error:
        raise CellsError(f"{path}: cannot read the cell list ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise CellsError(f"{path}: not a cell list (not a text file)") from error
    except ValueError as error:
        raise CellsError(
            f"{path}, line {number}: expected token<TAB>latitude<TAB>longitude, got {line[:80]!r}"
        ) from error
    if not tokens or max(tokens) >= 1 << 64:
        raise CellsError(f"{path}: no cells, or a token longer than 16 digits, in the cell list")
    return Cells(np.array(tokens, np.uint64), check_points(places))


def partition(points: ArrayLike, t1: int, t2: int) -> Cells:
    """Make cells from the places of photos, (N, 2) degrees, by the rule of PlaNet and the blog.

    From the six faces down, a cell with ``t1`` or more photos is divided into four, and one
    with fewer than ``t2`` is dropped; leaf cells are not divided. Each cell's place is the
    centre of mass of its photos on the sphere. Cells come in the order of the S2 curve, and
    do not depend on the order of the points. 33.9 million points, as the blog had, need about
    2 GB.

    Source: Weyand, Kostrikov, Philbin, "PlaNet", ECCV 2016, section 3; thresholds of the blog:
    t1 = 5000, t2 = 500. Raises `CellsError` for thresholds out of order, or where no cell is
    left.
    """
    if not 1 <= t2 <= t1:
        raise CellsError(f"thresholds need 1 <= t2 <= t1, got t1={t1}, t2={t2}")
    array = check_points(points).reshape(-1, 2)
    leaves = s2.leaf_ids(array)
    order = np.argsort(leaves)
    ids, starts, stops = _divide(leaves[order], t1, t2)
    if not len(ids):
        raise CellsError(f"no cell holds t2={t2} or more of the {len(array)} photos; lower t2")
    return Cells(ids, _centres(array, order, starts, stops))


def _divide(
    leaves: NDArray[np.uint64], t1: int, t2: int
) -> tuple[NDArray[np.uint64], NDArray[np.intp], NDArray[np.intp]]:
    """Cells with the stretch of the sorted ``leaves`` that each holds, level by level."""
    kept = []
    ids = (np.arange(6, dtype=np.uint64) << np.uint64(61)) | np.uint64(1 << 60)
    for _ in range(s2.MAX_LEVEL + 1):
        first, last = s2.ranges(ids)
        starts = np.searchsorted(leaves, first, side="left")
        stops = np.searchsorted(leaves, last, side="right")
        count = stops - starts
        divided = (count >= t1) & (first != last)
        keep = (count >= t2) & ~divided
        kept.append((ids[keep], starts[keep], stops[keep]))
        ids = s2.children(ids[divided]).ravel()
    ids, starts, stops = (np.concatenate(column) for column in zip(*kept, strict=True))
    order = np.argsort(ids)
    return ids[order], starts[order], stops[order]


def _centres(
    points: NDArray[np.float64],
    order: NDArray[np.intp],
    starts: NDArray[np.intp],
    stops: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Centre of mass of each stretch of the ordered points, on the sphere; a piece at a time."""
    sums = np.zeros((len(starts), 3), np.int64)
    for first in range(0, len(points), _PIECE):
        vectors = s2.unit_vectors(points[order[first : first + _PIECE]])
        steps = np.zeros((len(vectors) + 1, 3), np.int64)  # one more, so that a stretch may end it
        np.rint(vectors * _STEPS_PER_RADIUS, out=steps[:-1], casting="unsafe")
        last = first + len(vectors)
        here = slice(np.searchsorted(stops, first, "right"), np.searchsorted(starts, last))
        edges = np.stack([starts[here], stops[here]], axis=-1).clip(first, last) - first
        if len(edges):
            sums[here] += np.add.reduceat(steps, edges.ravel(), axis=0)[::2]
    return s2.to_degrees(sums.astype(np.float64))
