"""Outlines of cells: their edges, their areas, and GeoJSON cut at ±180° and at the poles."""

from collections.abc import Iterator
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from geonb.distances import EARTH_RADIUS_KM
from geonb.earth import s2

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


def polygons(ids: s2.Ids) -> list[list[s2.Floats]]:
    """Each cell's outline as closed rings on a map: longitude and latitude, (points, 2).

    A whole face of the cube has the four rings of its children, because only whole faces reach
    across ±180° or around a pole: smaller cells have these as edges.
    """
    found: list[list[s2.Floats]] = [[] for _ in ids]
    levels = s2.levels(ids)
    for level in np.unique(levels).tolist():
        indices = np.flatnonzero(levels == level)
        if level == 0:
            parts = [list(chain(*polygons(four))) for four in s2.children(ids[indices])]
        else:
            edges = rings(ids[indices], 2 ** max(0, _STRAIGHT_LEVEL - level))
            parts = [[ring] for ring in _on_map(edges)]
        for i, part in zip(indices.tolist(), parts, strict=True):
            found[i] = part
    return found


def _on_map(edges: s2.Floats) -> Iterator[s2.Floats]:
    """Edges of cells, vectors (N, P, 3), as closed rings of longitude and latitude.

    The ±180° line is on both sides: it gets the sign of the cell's side. A pole is a line on a
    map: it stands in the ring twice, with the longitude of either neighbour.
    """
    side = np.where(edges[..., 1].sum(axis=1, keepdims=True) < 0, -180.0, 180.0)
    lat, lng = np.moveaxis(s2.to_degrees(edges), -1, 0)
    lng = np.where(np.abs(lng) == 180, side, lng)
    at_pole = np.hypot(edges[..., 0], edges[..., 1]) < 1e-15
    for ring, poles in zip(np.stack([lng, lat], axis=-1), at_pole, strict=True):
        for i in np.flatnonzero(poles):  # one at most
            beside = ring[[i - 1, (i + 1) % len(ring)]]
            beside[:, 1] = ring[i, 1]
            ring = np.concatenate([ring[:i], beside, ring[i + 1 :]])  # noqa: PLW2901
        yield np.concatenate([ring, ring[:1]])
