"""Cells, the classes of a model: read and write them, find a point's, and make new ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from geonb import s2
from geonb.distances import check_points
from geonb.errors import CellsError
from geonb.files import replacing

if TYPE_CHECKING:
    import os

    from numpy.typing import ArrayLike, NDArray

# Unit vectors are added as integers of this resolution (0.05 mm on the ground), because sums
# of integers do not depend on the points' order. 2**26 points fit.
_STEPS_PER_RADIUS = 2.0**37


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
        first, last = (edge[self._order] for edge in s2.ranges(self.ids))
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
    def _order(self) -> NDArray[np.intp]:
        return np.argsort(self.ids)

    def index(self, points: ArrayLike) -> NDArray[np.intp]:
        """Class of the cell that holds each point, (N, 2) degrees to (N,); -1 where none does."""
        leaves = s2.leaf_ids(check_points(points).reshape(-1, 2))
        first, last = (edge[self._order] for edge in s2.ranges(self.ids))
        slot = np.searchsorted(first, leaves, side="right") - 1
        inside = (slot >= 0) & (leaves <= last[slot])
        return np.where(inside, self._order[slot], -1)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write ``token<TAB>latitude<TAB>longitude`` lines, the format of LocationNet's list."""
        rows = zip(self.tokens, self.places.tolist(), strict=True)
        with replacing(path) as temporary:
            temporary.write_text("".join(f"{t}\t{lat:.9f}\t{lng:.9f}\n" for t, (lat, lng) in rows))


def read_cells(path: str | os.PathLike[str]) -> Cells:
    """Read a cell list, one ``token<TAB>latitude<TAB>longitude`` a line.

    Raises `CellsError` with the line where one is not of that form, where a centre of mass lies
    outside its own cell, and where cells overlap.
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
    cells = Cells(np.array(tokens, np.uint64), check_points(places))
    if len(strays := np.flatnonzero(cells.index(cells.places) != np.arange(len(cells)))):
        i = int(strays[0])
        raise CellsError(
            f"{path}, line {i + 1}: the centre {places[i]} lies outside its own cell "
            f"{cells.tokens[i]}; are the lines or columns mixed up?"
        )
    return cells


def partition(points: ArrayLike, t1: int, t2: int) -> Cells:
    """Make cells from the places of photos, (N, 2) degrees, by the rule of PlaNet and the blog.

    From the six faces down, a cell with ``t1`` or more photos is divided into four, and one
    with fewer than ``t2`` is dropped; leaf cells are not divided. Each cell's place is the
    centre of mass of its photos on the sphere. Cells come in the order of the S2 curve, and
    do not depend on the order of the points.

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
        step = s2.lowest_bit(ids[divided]) >> np.uint64(2)
        offsets = (np.int64(-3), np.int64(-1), np.int64(1), np.int64(3))
        ids = np.stack([ids[divided] + step * o.astype(np.uint64) for o in offsets], -1).ravel()
    ids, starts, stops = (np.concatenate(column) for column in zip(*kept, strict=True))
    order = np.argsort(ids)
    return ids[order], starts[order], stops[order]


def _centres(
    points: NDArray[np.float64],
    order: NDArray[np.intp],
    starts: NDArray[np.intp],
    stops: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Centre of mass of each stretch of the ordered points, on the sphere."""
    edges = np.stack([starts, stops], axis=-1).ravel()
    steps = np.rint(s2.unit_vectors(points) * _STEPS_PER_RADIUS).astype(np.int64)
    steps = np.concatenate([steps[order], np.zeros((1, 3), np.int64)])  # so that stops may end it
    sums = np.add.reduceat(steps, edges, axis=0)[::2]
    return s2.to_degrees(sums.astype(np.float64))
