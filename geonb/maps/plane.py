"""Lines on a plane: land, borders, great circles, and cells; all hold across ±180° and poles."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.earth import s2

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geonb.distances import Place
    from geonb.earth.cells import Cells

    Line = NDArray[np.float64]

_STEPS = 8
"""Points on each edge of a large cell: its edges are great circles, and bend on a plane."""
_LARGE_LEVEL = 7
"""Cells from this level down are too small for a bend to be seen."""
_POLE = 90 - 1e-9


@cache
def land_geojson() -> dict[str, Any]:
    """Land and borders of the world (Natural Earth 1:50m, public domain; see tools/land.mjs)."""
    text = files("geonb").joinpath("data", "land.geojson").read_text(encoding="utf-8")
    collection: dict[str, Any] = json.loads(text)
    return collection


@cache
def land() -> tuple[list[Line], list[Line]]:
    """Land rings and borders, (points, 2) longitude and latitude each."""
    shores, borders = (part["geometry"]["coordinates"] for part in land_geojson()["features"])
    return [np.array(polygon[0]) for polygon in shores], [np.array(line) for line in borders]


def great_circle(a: Place, b: Place, steps: int = 64) -> Line:
    """The shortest line between two places, (steps + 1, 2) longitude and latitude, unwrapped."""
    ends = s2.unit_vectors(np.array([a, b]))
    angle = np.arccos(np.clip(ends[0] @ ends[1], -1, 1))
    t = np.linspace(0, 1, steps + 1)[:, None]
    if np.sin(angle) < 1e-9:  # the same place, or antipodes, between which any line is as short
        line = (1 - t) * [a] + t * [b]
    else:
        line = s2.to_degrees(np.sin((1 - t) * angle) * ends[0] + np.sin(t * angle) * ends[1])
    return np.stack([np.unwrap(line[:, 1], period=360), line[:, 0]], axis=-1)


def rings(cells: Cells) -> list[Line]:
    """Each cell's outline, in the cells' order: (points, 2) longitude and latitude, unwrapped."""
    outlines: list[Line] = [np.empty((0, 2))] * len(cells)
    large = cells.levels < _LARGE_LEVEL
    for group, steps in ((large, _STEPS), (~large, 1)):
        indices = np.flatnonzero(group)
        for index, ring in zip(indices, _unwrapped(cells.ids[indices], steps), strict=True):
            outlines[index] = ring
    return outlines


def _unwrapped(ids: NDArray[np.uint64], steps: int) -> list[Line]:
    """Rings with ``steps`` points a side. Each point stands twice: a pole has two longitudes."""
    degrees = s2.to_degrees(s2.rings(ids, steps))  # (N, 4 steps, 2)
    degrees = np.repeat(np.concatenate([degrees, degrees[:, :1]], axis=1), 2, axis=1)
    lat, lng = degrees[..., 0], degrees[..., 1]
    first = np.arange(lat.shape[1]) % 2 == 0
    neighbour = np.where(first, np.roll(lng, 1, axis=1), np.roll(lng, -1, axis=1))
    lng = np.unwrap(np.where(np.abs(lat) > _POLE, neighbour, lng), period=360, axis=1)
    return [_closed(np.stack(ring, axis=-1)) for ring in zip(lng, lat, strict=True)]


def _closed(ring: Line) -> Line:
    """A ring around a pole does not come back to its start: it is closed along the map's edge."""
    turn = ring[-1, 0] - ring[0, 0]
    if abs(turn) > 180:
        pole = np.copysign(90.0, ring[0, 1])
        ring = np.concatenate([ring, [[ring[-1, 0], pole], [ring[0, 0], pole]]])
    return ring - [360 * np.floor((ring[0, 0] + 180) / 360), 0]
