"""The partition: cells from the places of photos, small where there are many of them."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geonb.distances import check_points, haversine
from geonb.earth import s2
from geonb.earth.cells import Cells
from geonb.errors import CellsError


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

    Where that lies outside its cell, as in a leaf, a centimetre wide, it's the nearest photo's
    place.
    """

    def photos(i: int) -> NDArray[np.float64]:
        inside = points[order[starts[i] : stops[i]]]
        return inside[np.lexsort(inside.T)]  # so that the order they came in doesn't matter

    sums = [s2.unit_vectors(photos(i)).sum(axis=0) for i in range(len(ids))]
    centres = s2.to_degrees(np.array(sums))
    first, last = s2.ranges(ids)
    leaves = s2.leaf_ids(centres)
    for i in np.flatnonzero((leaves < first) | (leaves > last)).tolist():
        inside = photos(i)
        centres[i] = inside[haversine(inside, centres[i]).argmin()]
    return centres
