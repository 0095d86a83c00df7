"""The outline of a cell as GeoJSON, cut at ±180° and at the poles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.earth import s2

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STRAIGHT_LEVEL = 7
"""From this level on (about 80 km) an outline's side is one line; sides of larger cells are
divided, because a great circle is bent on a map. Up to 60° the error is below a kilometre."""


def geometry(ids: NDArray[np.uint64]) -> dict[str, Any]:
    """The polygon of one cell; a whole face of the cube is drawn as its four children.

    Only whole faces reach across ±180° or around a pole: smaller cells have these as edges.
    """
    level = int(s2.levels(ids)[0])
    if level == 0:
        parts = [geometry(child[None])["coordinates"] for child in s2.children(ids)[0]]
        return {"type": "MultiPolygon", "coordinates": parts}
    steps = 2 ** max(0, _STRAIGHT_LEVEL - level)
    return {"type": "Polygon", "coordinates": [_ring(s2.rings(ids, steps)[0])]}


def _ring(vectors: NDArray[np.float64]) -> list[list[float]]:
    """Vectors (P, 3) around a cell as a closed ring of longitude and latitude."""
    west_half = vectors[:, 1].sum() < 0
    at_pole = np.hypot(vectors[:, 0], vectors[:, 1]) < 1e-15
    places = s2.to_degrees(vectors).tolist()
    ring: list[list[float]] = []
    for i, (lat, lng) in enumerate(places):
        if at_pole[i]:  # a point on the globe is a line on a map
            beside = (places[i - 1], places[(i + 1) % len(places)])
            ring += [[_on_side(near[1], west=west_half), lat] for near in beside]
        else:
            ring.append([_on_side(lng, west=west_half), lat])
    return [*ring, ring[0]]


def _on_side(lng: float, *, west: bool) -> float:
    """The ±180° line is on both sides; give it the sign of the cell's side."""
    if abs(lng) == 180.0:
        return -180.0 if west else 180.0
    return lng
