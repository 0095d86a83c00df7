"""The constant guess: the one place that would be right most often, for whoever never looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geonb.distances import Place, check_points
from geonb.earth import s2
from geonb.errors import EvaluationError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from geonb.earth.cells import Cells

_LEVEL = 10  # S2 cells of about 9 km: a town


def most_frequent(places: ArrayLike, cells: Cells | None = None) -> Place:
    """Give the place of the cell that holds most of the ``places`` (N, 2): the constant guess.

    Without ``cells``, S2 cells of level 10 (about 9 km) are taken, and their photos' centre.
    Raises `EvaluationError` where no place lies in a cell.
    """
    points = check_points(places).reshape(-1, 2)
    classes = _towns(points) if cells is None else cells.index(points)
    inside = classes >= 0
    if not inside.any():
        raise EvaluationError("none of the places lies in a cell, so there is no most frequent one")
    names, counts = np.unique(classes[inside], return_counts=True)
    fullest = names[np.argmax(counts)]
    if cells is not None:
        return one_place(cells.places[fullest])
    return one_place(s2.to_degrees(s2.unit_vectors(points[classes == fullest]).sum(axis=0)))


def _towns(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """The number of the level-10 cell of each point."""
    return (s2.parents(s2.leaf_ids(points), _LEVEL) >> np.uint64(1)).astype(np.int64)


def one_place(values: ArrayLike) -> Place:
    """Two numbers as a place. Raises `PlaceError`."""
    lat, lng = check_points(values).tolist()
    return lat, lng
