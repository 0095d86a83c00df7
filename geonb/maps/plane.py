"""Lines on a plane: land, borders and great circles; all hold across ±180° and poles."""

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from geonb.distances import EARTH_RADIUS_KM, Place, bounds
from geonb.earth import projection, s2
from geonb.files import DATA

Line = NDArray[np.float64]
Box = tuple[float, float, float, float]
KM_PER_DEGREE = np.pi * EARTH_RADIUS_KM / 180


@cache
def land() -> tuple[list[Line], list[Line]]:
    """Land rings and borders of the world, (points, 2) longitude and latitude each.

    Natural Earth 1:50m, public domain; see tools/land.mjs.
    """
    features = json.loads((DATA / "land.geojson").read_bytes())["features"]
    shores, borders = (part["geometry"]["coordinates"] for part in features)
    rings = [np.array(ring) for polygon in shores for ring in polygon]
    return rings, [np.array(line) for line in borders]


@cache
def coasts() -> tuple[list[Line], list[Line]]:
    """Shores and borders for close-ups: Natural Earth 1:10m, to about 100 m (tools/land.mjs)."""
    coasts = json.loads(gzip.decompress((DATA / "coasts.json.gz").read_bytes()))
    shores, borders = (
        np.split(
            np.cumsum(np.reshape(part["steps"], (-1, 2)), axis=0) / 1000.0,
            np.cumsum(part["points"][:-1]),
        )
        for part in (coasts["land"], coasts["borders"])
    )
    return shores, borders


def coasts_in(box: Box) -> tuple[list[Line], list[Line]]:
    """Fine land rings and borders inside south, west, north, east."""
    shores, borders = (on_turns(lines, box[1], box[3]) for lines in coasts())
    return list(cut_rings(shores, box)), list(cut_lines(borders, box))


def box_around(places: Sequence[Place], ratio: float) -> tuple[Box, float]:
    """South, west, north, east of a close-up so many times as wide as high, and its stretch.

    The stretch is how many degrees of longitude are as long as one of latitude.
    """
    south, west, north, east = bounds(places)
    lat, lng = (south + north) / 2, (west + east) / 2
    stretch = 1 / max(float(np.cos(np.radians(lat))), 0.05)
    least = 0.9 if len(set(places)) == 1 else 0.3  # degrees; what is around a single place counts
    half = 0.68 * max(north - south, (east - west) / stretch / ratio, least)
    out = half * ratio * stretch
    return (lat - half, lng - out, lat + half, lng + out), stretch


def on_turns(lines: Iterable[Line], west: float, east: float) -> Iterator[Line]:
    """Lines on each turn of the globe on which they meet a map from ``west`` to ``east``."""
    for line in lines:
        first, last = line[:, 0].min(), line[:, 0].max()
        for turn in (-360.0, 0.0, 360.0):
            if first + turn < east and last + turn > west:
                yield line + np.array([turn, 0.0])


def on_world(lines: Iterable[Line], centre: float, *, closed: bool) -> Iterator[Line]:
    """The parts of lines, or of rings (``closed``), on a map of the world around a meridian."""
    sides = centre - 180, centre + 180
    on_map = on_turns(lines, *sides)
    if closed:
        return (line.clip((sides[0], -90), (sides[1], 90)) for line in on_map)
    return cut_lines(on_map, (-91, sides[0], 91, sides[1]))


def cut_rings(rings: Iterable[Line], box: Box) -> Iterator[Line]:
    """The parts of rings inside south, west, north, east, as rings."""
    from matplotlib.path import Path
    from matplotlib.transforms import Bbox

    south, west, north, east = box
    bbox = Bbox([[west, south], [east, north]])
    for ring in rings:
        cut = Path(ring).clip_to_bbox(bbox)
        cut.should_simplify = False  # it would take degrees for pixels
        yield from map(np.asarray, cut.to_polygons())


def cut_lines(lines: Iterable[Line], box: Box) -> Iterator[Line]:
    """The parts of lines inside south, west, north, east, and one point more at each end."""
    south, west, north, east = box
    for line in lines:
        inside = ((line >= (west, south)) & (line <= (east, north))).all(axis=1)
        padded = np.pad(inside, 1)
        kept = np.flatnonzero(inside | padded[:-2] | padded[2:])
        parts = np.split(kept, np.flatnonzero(np.diff(kept) > 1) + 1)
        yield from (line[part] for part in parts if len(part) > 1)


def equal_earth(line: Line, centre: float = 0.0) -> Line:
    """Degrees (..., 2), longitude first, on the map of the world around a meridian."""
    return projection.equal_earth(line[..., ::-1] - (0.0, centre))


def edge(centre: float = 0.0, south: float = -90.0, north: float = 90.0) -> Line:
    """The ring around a map of the world: its sides, half a turn from the centre, (180, 2)."""
    lats = np.linspace(south, north, 90)
    west, east = np.full(90, centre - 180), np.full(90, centre + 180)
    return np.stack([np.concatenate([west, east]), np.concatenate([lats, lats[::-1]])], axis=-1)


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
