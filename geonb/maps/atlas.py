"""The world in SVG, for pages and widgets: it pans and zooms without a network (``atlas.js``)."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

import numpy as np

from geonb.distances import EARTH_RADIUS_KM, Place
from geonb.earth.places import towns_in
from geonb.maps import plane
from geonb.maps.pins import TRUTH, Pin, move_apart, near, nearest_turn, pins_of
from geonb.maps.plane import KM_PER_DEGREE, Box, Line, box_around
from geonb.predictions import Predictions
from geonb.shown.pictures import asset

SCRIPT: str = asset("apart.js") + asset("atlas.js")
"""What makes it move; the script of what it stands in comes after it."""
STYLE: str = asset("atlas.css")
SIZE = (720, 480)
"""Width and height of the first view, in pixels."""
HALF = 10_000
"""Ground units from the middle of the world to its side; atlas.js has the same number."""
_SCALE = HALF / float(plane.equal_earth(np.array([180.0, 0.0]))[0])
_UNIT = _SCALE / EARTH_RADIUS_KM
"""Ground units per kilometre."""
_STAR = "M0-10 2.6-3.3 9.6-3.1 4 1.3 6 8.1 0 4.2-6 8.1-4 1.3-9.6-3.1-2.6-3.3Z"


@dataclass(frozen=True)
class Ground:
    """The plane on which the world lies.

    Attributes:
        centre: The longitude in its middle, degrees.
    """

    centre: float = 0.0

    def at(self, line: Line) -> Line:
        """Degrees (..., 2), longitude first, as ground units; down is positive."""
        lng, lat = line[..., 0], line[..., 1]
        turned = np.stack([nearest_turn(lng, self.centre), lat], axis=-1)
        return plane.equal_earth(turned, self.centre) * (_SCALE, -_SCALE)

    def matrix(self, place: Place) -> Line:
        """Matrix that undoes the projection's distortion here, (2, 2), with north up."""
        lat, lng = min(max(place[0], -89.0), 89.0), place[1]
        steps = 1e-4 * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])  # degrees
        xy = self.at(np.array([lng, lat]) + steps)
        east, north = xy[0] - xy[1], xy[2] - xy[3]
        jacobian = np.stack([east / np.cos(np.radians(lat)), -north], axis=-1)
        return np.linalg.inv(jacobian) * np.sqrt(abs(np.linalg.det(jacobian)))

    def path(self, lines: Iterable[Line], digits: int = 0, *, closed: bool) -> str:
        """An SVG path, in units of ``digits`` decimals; it ends at the sides of the world."""
        scale = np.array([_SCALE, -_SCALE]) * 10**digits
        inside = plane.on_world(lines, self.centre, closed=closed)
        parts = [_steps(plane.equal_earth(line, self.centre) * scale) for line in inside]
        return "".join(f"{part}{'z' if closed else ''}" for part in parts if part)

    def way(self, a: Place, b: Place) -> str:
        """The shortest way between two places, for the map's layer of ways."""
        line = self.path([plane.great_circle(a, b)], 2, closed=False)
        return f"<path class='way' d='{line}'/>"


def _steps(xy: Line) -> str:
    """The first point, and the steps from there, in whole units."""
    whole = np.rint(xy).astype(int)
    steps = np.diff(whole, axis=0)
    steps = steps[(steps != 0).any(axis=1)]
    if not len(steps):
        return ""
    words = " ".join(map(str, steps.ravel().tolist())).replace(" -", "-")
    return f"M{whole[0, 0]} {whole[0, 1]}l{words}"


def world(
    alt: str,
    ground: Ground = Ground(),
    middle: Place = (0.0, 0.0),
    scale: float = 0.0,
    towns: Iterable[tuple[str, Place]] = (),
    **layers: str,
) -> str:
    """The map as SVG, with its first view around ``middle``; the ``layers`` are those of atlas.svg.

    ``scale`` is pixels per ground unit; 0 for the whole world.
    """
    matrix = scale * ground.matrix(middle) if scale else np.eye(2) * SIZE[0] / (2.06 * HALF)
    at = ground.at(np.array(middle[::-1]))
    columns = np.concatenate([*matrix.T, -matrix @ at])
    shores, borders = plane.land()
    named = [[name, round(lng, 4), round(lat, 4)] for name, (lat, lng) in towns]
    return asset("atlas.svg").format(
        left=-SIZE[0] / 2, top=-SIZE[1] / 2, width=SIZE[0], height=SIZE[1], alt=escape(alt),
        centre=ground.centre, unit=_UNIT, matrix=" ".join(map(str, columns.tolist())),
        view=json.dumps({"x": at[0], "y": at[1], "s": scale}),
        towns=escape(json.dumps(named, ensure_ascii=False)),
        globe=ground.path([plane.edge(ground.centre)], closed=True),
        land=ground.path(shores, closed=True), borders=ground.path(borders, closed=False),
        **({"earth": "", "fine": "", "ways": "", "pins": ""} | layers),
    )  # fmt: skip


def draw(predictions: Predictions, alt: str) -> str:
    """The map of predictions: the world, fine coasts around each guess, pins, and a locator."""
    best = predictions[0].place
    ground = Ground(best[1])
    (south, west, north, east), _ = box_around(near(predictions), SIZE[0] / SIZE[1])
    middle = (south + north) / 2, (west + east) / 2
    scale = float(f"{SIZE[1] / ((north - south) * KM_PER_DEGREE * _UNIT):.6g}")
    here = ground.at(np.array(best[::-1]))
    return world(
        alt, ground, middle, scale, towns=largest_towns(predictions), earth=" id='earth'",
        fine="".join(_fine(ground, box) for box in _boxes(predictions)),
        ways=ground.way(predictions.truth, best) if predictions.truth else "",
        pins=_pins(predictions, ground, middle, scale),
    ) + asset("locator.svg").format(x=here[0], y=here[1])  # fmt: skip


def _boxes(predictions: Predictions) -> list[Box]:
    """Around the best guesses together, and around each of the others."""
    together = near(predictions)
    groups = [together, *([place] for place in predictions.places if place not in together)]
    boxes = []
    for places in groups:
        (south, west, north, east), stretch = box_around(places, 1.5)
        up = max((north - south) * 2.5 / 2, 1.0)  # fine coasts in 2.5 times a close-up's box
        lat, lng, out = (south + north) / 2, (west + east) / 2, 1.5 * up * stretch
        if up < 20:
            boxes.append((max(lat - up, -89.9), lng - out, min(lat + up, 89.9), lng + out))
    return boxes


def largest_towns(predictions: Predictions | None = None) -> list[tuple[str, Place]]:
    """The largest of the world, and around each guess; the most populous first."""
    boxes = _boxes(predictions) if predictions else []
    found = {town for box in boxes for town in towns_in(box, 25)}
    found |= set(towns_in((-90.0, -180.0, 90.0, 180.0), 150))
    return [(name, place) for name, place, _ in sorted(found, key=lambda town: (-town[2], town))]


def _fine(ground: Ground, box: Box) -> str:
    """Sea, and on it the land inside a box, from the finer coasts; hundredths of a ground unit."""
    from matplotlib.path import Path

    south, west, north, east = box
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    edge = np.asarray(Path(corners).interpolated(20).vertices)  # sides are bent on the ground
    rings, lines = plane.coasts_in(box)
    return (
        f"<path class='geonb-globe' d='{ground.path([edge], 2, closed=True)}'/>"
        f"<path class='geonb-land' d='{ground.path(rings, 2, closed=True)}'/>"
        f"<path class='geonb-borders' d='{ground.path(lines, 2, closed=False)}'/>"
    )


def _pins(predictions: Predictions, ground: Ground, middle: Place, scale: float) -> str:
    """The pins, the best one last so that it's in front, where the first view has them."""
    marked = pins_of(predictions)
    around = ground.at(np.array([pin.place[::-1] for pin in marked]))
    spots = (around - ground.at(np.array(middle[::-1]))) @ (scale * ground.matrix(middle)).T
    moved = move_apart(spots, marked)
    drawn = zip(marked, moved, spots - moved, range(len(marked)), strict=True)
    return "".join(_pin(*pin) for pin in sorted(drawn, key=lambda pin: pin[0].front))


def _pin(pin: Pin, xy: Line, stem: Line, index: int) -> str:
    (lat, lng), (x, y), (u, v) = pin.place, xy, stem
    kind = {"1": " best", TRUTH: " true"}.get(pin.mark, "")
    look = (
        f"<path d='{_STAR}'/>" if pin.mark == TRUTH
        else f"<line class='stem' x2='{u:.1f}' y2='{v:.1f}'/><circle r='{pin.radius:.1f}'/>"
        f"<text>{pin.mark}</text>"
    )  # fmt: skip
    return (
        f"<g class='pin{kind}' data-index='{index}' data-at='[{lng:.5f},{lat:.5f}]'"
        f" data-r='{pin.radius:.1f}' transform='translate({x:.1f} {y:.1f})'>"
        f"<title>{escape(pin.words)}</title>{look}</g>"
    )
