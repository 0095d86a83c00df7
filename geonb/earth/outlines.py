"""The shapes of cells: their areas, and their outlines as GeoJSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.distances import EARTH_RADIUS_KM
from geonb.earth import s2

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geonb.earth.cells import Cells

_STRAIGHT_LEVEL = 7
"""From this level on (about 80 km) a side is drawn as one line; sides of larger cells are
divided, because a great circle is bent on a map. The error is below a kilometre at 60°."""


def areas_km2(ids: NDArray[np.uint64]) -> NDArray[np.float64]:
    """The area of each cell, (N,) km², as a polygon of great circles on a sphere of 6371 km."""
    corners = s2.rings(ids)  # (N, 4, 3)
    corners /= np.linalg.norm(corners, axis=-1, keepdims=True)
    a, b, c, d = np.moveaxis(corners, 1, 0)
    return (_triangles(a, b, c) + _triangles(a, c, d)) * EARTH_RADIUS_KM**2


def _triangles(
    a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Steradians of triangles with unit vectors (N, 3) as corners.

    Source: Van Oosterom and Strackee, IEEE Trans. Biomed. Eng. 30 (1983); the differences keep
    the digits of cells that are a centimetre wide.
    """
    volume = np.einsum("ni,ni->n", a, np.cross(b - a, c - a))
    cosines = sum(np.einsum("ni,ni->n", p, q) for p, q in ((a, b), (b, c), (c, a)))
    return 2 * np.arctan2(volume, 1 + cosines)


def to_geojson(cells: Cells) -> dict[str, Any]:
    """A GeoJSON FeatureCollection (RFC 7946): a polygon a cell, cut at ±180° and at the poles.

    Each feature tells its class, token, level, area and place. Longitude comes first there.
    """
    areas = areas_km2(cells.ids).tolist()
    features = [
        {
            "type": "Feature",
            "geometry": _geometry(cells.ids[i : i + 1]),
            "properties": {
                "class": i,
                "token": cells.tokens[i],
                "level": int(cells.levels[i]),
                "area_km2": areas[i],
                "latitude": float(cells.places[i, 0]),
                "longitude": float(cells.places[i, 1]),
            },
        }
        for i in range(len(cells))
    ]
    return {"type": "FeatureCollection", "features": features}


def _geometry(ids: NDArray[np.uint64]) -> dict[str, Any]:
    """The polygon of one cell; a whole face of the cube is drawn as its four children.

    Only whole faces reach across ±180° or around a pole: smaller cells have these as edges.
    """
    level = int(s2.levels(ids)[0])
    if level == 0:
        parts = [_geometry(child[None])["coordinates"] for child in s2.children(ids)[0]]
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
