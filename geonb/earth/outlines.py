"""Outlines of cells: their edges, their areas, and GeoJSON cut at ±180° and at the poles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.distances import EARTH_RADIUS_KM
from geonb.earth import s2

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STRAIGHT_LEVEL = 7
"""From this level on (about 80 km) an outline's side is one line; sides of larger cells are
divided, because a great circle is bent on a map. Up to 60° the error is below a kilometre."""


def rings(ids: s2.Ids, steps: int = 1) -> s2.Floats:
    """The edge of each cell, counter-clockwise from a corner: ids (N,) to vectors (N, 4 steps, 3).

    Each side is given by ``steps`` points; between two points runs a great circle.
    """
    face, i, j = _face_ij(ids)
    size = np.int64(1) << (s2.MAX_LEVEL - s2.levels(ids))
    i, j = i & -size, j & -size
    low_u, high_u, low_v, high_v = (_to_face(edge)[:, None] for edge in (i, i + size, j, j + size))
    way, stay = np.arange(steps) / steps, np.zeros(steps)
    across = np.concatenate([way, stay + 1, 1 - way, stay])
    along = np.concatenate([stay, way, stay + 1, 1 - way])
    u, v = low_u + (high_u - low_u) * across, low_v + (high_v - low_v) * along
    one = np.ones_like(u)
    sides = ((one, u, v), (-u, one, v), (-u, -v, one), (-one, -v, -u), (v, -one, -u), (v, u, -one))
    xyz = [np.choose(face[:, None], [side[axis] for side in sides]) for axis in range(3)]
    return np.stack(xyz, axis=-1)


def areas_km2(ids: s2.Ids) -> s2.Floats:
    """The area of each cell, (N,) km², as a polygon of great circles on a sphere of 6371 km."""
    corners = rings(ids)  # (N, 4, 3)
    corners /= np.linalg.norm(corners, axis=-1, keepdims=True)
    a, b, c, d = np.moveaxis(corners, 1, 0)
    return (_triangles(a, b, c) + _triangles(a, c, d)) * EARTH_RADIUS_KM**2


def _triangles(a: s2.Floats, b: s2.Floats, c: s2.Floats) -> s2.Floats:
    """Steradians of triangles with unit vectors (N, 3) as corners.

    Source: Van Oosterom and Strackee, IEEE Trans. Biomed. Eng. 30 (1983); the differences keep
    the digits of cells that are a centimetre wide.
    """
    volume = np.einsum("ni,ni->n", a, np.cross(b - a, c - a))
    cosines = sum(np.einsum("ni,ni->n", p, q) for p, q in ((a, b), (b, c), (c, a)))
    return 2 * np.arctan2(volume, 1 + cosines)


def _face_ij(ids: s2.Ids) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Face, and column and row of one leaf inside each cell."""
    _, to_ij = s2.tables()
    face = (ids >> np.uint64(61)).astype(np.int64)
    pos = ((ids >> np.uint64(1)) & np.uint64((1 << 60) - 1)).astype(np.int64)
    i, j, turn = np.zeros_like(face), np.zeros_like(face), face & 1
    for k in range(28, -1, -4):
        step = to_ij[((pos >> 2 * k & 255) << 2) | turn]
        i, j, turn = i | (step >> 6) << k, j | (step >> 2 & 15) << k, step & 3
    return face, i, j


def _to_face(index: NDArray[np.int64]) -> s2.Floats:
    """A column's or row's lower edge as a face coordinate in [-1, 1]."""
    s = index / 2.0**s2.MAX_LEVEL
    return np.where(s >= 0.5, (4 * s**2 - 1) / 3, (1 - 4 * (1 - s) ** 2) / 3)


def to_geojson(ids: s2.Ids, places: s2.Floats) -> dict[str, Any]:
    """See `Cells.to_geojson`."""
    columns = zip(
        s2.to_tokens(ids), s2.levels(ids).tolist(), areas_km2(ids).tolist(), places.tolist(),
        strict=True,
    )  # fmt: skip
    features = [
        {
            "type": "Feature",
            "geometry": _geometry(ids[i : i + 1]),
            "properties": {
                "class": i,
                "token": token,
                "level": level,
                "area_km2": area,
                "latitude": lat,
                "longitude": lng,
            },
        }
        for i, (token, level, area, (lat, lng)) in enumerate(columns)
    ]
    return {"type": "FeatureCollection", "features": features}


def _geometry(ids: s2.Ids) -> dict[str, Any]:
    """The polygon of one cell; a whole face of the cube is drawn as its four children.

    Only whole faces reach across ±180° or around a pole: smaller cells have these as edges.
    """
    level = int(s2.levels(ids)[0])
    if level == 0:
        parts = [_geometry(child[None])["coordinates"] for child in s2.children(ids)[0]]
        return {"type": "MultiPolygon", "coordinates": parts}
    steps = 2 ** max(0, _STRAIGHT_LEVEL - level)
    return {"type": "Polygon", "coordinates": [_ring(rings(ids, steps)[0])]}


def _ring(vectors: s2.Floats) -> list[list[float]]:
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
