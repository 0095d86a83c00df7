"""The partition: cells from the places of photos, small where there are many of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geonb.distances import check_points, haversine
from geonb.earth import s2
from geonb.earth.cells import Cells
from geonb.errors import CellsError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

# Unit vectors are added as integers of this resolution (0.05 mm on the ground), because sums
# of integers do not depend on the points' order. A cell of 2**26 points fits.
_STEPS_PER_RADIUS = 2.0**37
_PIECE = 1 << 18  # points added at a time


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
    return Cells(ids, _centres(array, order, ids, starts, stops))


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
    ids: NDArray[np.uint64],
    starts: NDArray[np.intp],
    stops: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Centre of mass of each cell's stretch of the ordered points, on the sphere.

    Vectors are rounded before they are added, so that the order of the photos doesn't matter. If
    that puts a centre outside its cell, as on the 180th meridian, they are added as they are. If it
    is still outside, as in a leaf cell, a centimetre wide, it's the nearest photo's place.
    """
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
    centres = s2.to_degrees(sums.astype(np.float64))
    first_leaf, last_leaf = s2.ranges(ids)
    leaves = s2.leaf_ids(centres)
    for i in np.flatnonzero((leaves < first_leaf) | (leaves > last_leaf)):
        inside = points[order[starts[i] : stops[i]]]
        inside = inside[np.lexsort(inside.T)]  # in an order that doesn't depend on theirs
        centres[i] = s2.to_degrees(s2.unit_vectors(inside).sum(axis=0))
        if not first_leaf[i] <= s2.leaf_ids(centres[i : i + 1])[0] <= last_leaf[i]:
            centres[i] = inside[haversine(inside, centres[i]).argmin()]
    return centres
