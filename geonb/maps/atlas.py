"""The world in SVG, for pages: it pans and zooms without a network (``data/atlas.js``)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from geonb.distances import EARTH_RADIUS_KM
from geonb.earth.places import towns_in
from geonb.maps import plane
from geonb.maps.drawing import KM_PER_DEGREE, box_around, spread
from geonb.maps.points import TRUTH, Point, points
from geonb.maps.static import near
from geonb.shown.pictures import data

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from geonb.distances import Place
    from geonb.predictions import Predictions

    Box = tuple[float, float, float, float]
    Line = NDArray[np.float64]

SIZE = (720, 480)
"""Width and height of the view box; atlas.js has the same numbers."""
HALF = 10_000
"""Ground units from the middle of the world to its side."""
_SCALE = HALF / float(plane.equal_earth(np.array([180.0, 0.0]))[0])
_UNIT = _SCALE / EARTH_RADIUS_KM
"""Ground units per kilometre."""
_STEP = 1e-4
"""Degrees; for the local shape of the projection."""
_STAR = "M0-10 2.6-3.3 9.6-3.1 4 1.3 6 8.1 0 4.2-6 8.1-4 1.3-9.6-3.1-2.6-3.3Z"


@dataclass(frozen=True)
class Ground:
    """The plane on which the world lies.

    Attributes:
        centre: The longitude in its middle, degrees.
    """

    centre: float

    def at(self, line: Line) -> Line:
        """Degrees (..., 2), longitude first, as ground units; down is positive."""
        turned = np.stack([(line[..., 0] - self.centre + 180) % 360 - 180, line[..., 1]], axis=-1)
        return plane.equal_earth(turned) * (_SCALE, -_SCALE)

    def matrix(self, place: Place) -> list[float]:
        """What makes the ground around a place true to its shape, with north up: a, b, c, d."""
        lat, lng = min(max(place[0], -89.0), 89.0), place[1]
        around = np.array([[lng + _STEP, lat], [lng - _STEP, lat], [lng, lat + _STEP],
                           [lng, lat - _STEP]])  # fmt: skip
        xy = self.at(around)
        east, north = xy[0] - xy[1], xy[2] - xy[3]
        jacobian = np.stack([east / np.cos(np.radians(lat)), -north], axis=-1)
        inverse = np.linalg.inv(jacobian) * np.sqrt(abs(np.linalg.det(jacobian)))
        return inverse.T.ravel().round(5).tolist()

    def path(self, lines: Iterable[Line], digits: int = 0, *, closed: bool) -> str:
        """An SVG path, in units of ``digits`` decimals; it ends at the sides of the world."""
        parts = []
        for line in plane.on_turns(lines, self.centre - 180, self.centre + 180):
            moved = line - np.array([self.centre, 0.0])
            inside: Iterable[Line] = plane.cut_lines([moved], (-91, -180, 91, 180))
            inside = [moved.clip((-180, -90), (180, 90))] if closed else inside
            parts += [_steps(plane.equal_earth(c) * (_SCALE, -_SCALE) * 10**digits) for c in inside]
        return "".join(f"{part}{'z' if closed else ''}" for part in parts if part)


def _steps(xy: Line) -> str:
    """The first point, and the steps from there, in whole units."""
    whole = np.rint(xy).astype(int)
    steps = np.diff(whole, axis=0)
    steps = steps[(steps != 0).any(axis=1)]
    if not len(steps):
        return ""
    words = " ".join(map(str, steps.ravel().tolist())).replace(" -", "-")
    return f"M{whole[0, 0]} {whole[0, 1]}l{words}"


@dataclass(frozen=True)
class View:
    """What the map shows: atlas.js moves it.

    Attributes:
        x: Of the middle, ground units.
        y: Of the middle, ground units; down is positive.
        s: Pixels of the view box per ground unit.
        m: The matrix of the place in the middle.
    """

    x: float
    y: float
    s: float
    m: list[float]

    @property
    def matrix(self) -> Line:
        """From the ground to the screen, (2, 2): the further in, the truer to shape."""
        whole = SIZE[0] / (2.06 * HALF)
        t = min(max(np.log(self.s / whole) / np.log(20), 0.0), 1.0)
        local = np.reshape(self.m, (2, 2)).T
        return self.s * (np.eye(2) + (local - np.eye(2)) * t)

    def on_screen(self, xy: Line) -> Line:
        """Ground units (..., 2) as pixels of the view box."""
        return (xy - (self.x, self.y)) @ self.matrix.T + np.array(SIZE) / 2


def first_view(ground: Ground, places: Sequence[Place]) -> View:
    """The view around some places."""
    (south, west, north, east), _ = box_around(places, SIZE[0] / SIZE[1])
    middle = (south + north) / 2, (west + east) / 2
    x, y = ground.at(np.array(middle[::-1])).round(2).tolist()
    s = SIZE[1] / ((north - south) * KM_PER_DEGREE * _UNIT)
    return View(x, y, float(f"{s:.6g}"), ground.matrix(middle))


def draw(predictions: Predictions, alt: str) -> str:
    """The map of predictions: the world, fine coasts around each guess, pins, and a locator."""
    best = predictions[0].place
    ground = Ground(best[1])
    view = first_view(ground, near(predictions))
    boxes = _boxes(predictions)
    towns = [[name, *ground.at(np.array(place[::-1])).round(1).tolist()]
             for name, place in _towns(boxes)]  # fmt: skip
    shores, borders = plane.land()
    columns = [*view.matrix.T, view.on_screen(np.zeros(2))]
    x, y = ground.at(np.array(best[::-1])).tolist()
    return data("atlas.svg").format(
        width=SIZE[0], height=SIZE[1], alt=escape(alt), unit=_UNIT, x=x, y=y,
        view=json.dumps(view.__dict__), towns=escape(json.dumps(towns, ensure_ascii=False)),
        matrix=" ".join(map(str, np.concatenate(columns).tolist())),
        globe=ground.path([plane.edge(ground.centre)], closed=True),
        land=ground.path(shores, closed=True), borders=ground.path(borders, closed=False),
        fine="".join(_fine(ground, box) for box in boxes), way=_way(ground, predictions),
        pins=_pins(ground, view, predictions),
    )  # fmt: skip


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


def _towns(boxes: list[Box]) -> list[tuple[str, Place]]:
    """The largest of the world, and around each guess; the most populous first."""
    found = {town for box in boxes for town in towns_in(box, 25)}
    found |= set(towns_in((-90.0, -180.0, 90.0, 180.0), 150))
    return [(name, place) for name, place, _ in sorted(found, key=lambda town: -town[2])]


def _fine(ground: Ground, box: Box) -> str:
    """Sea, and on it the land inside a box, from the finer coasts; hundredths of a ground unit."""
    south, west, north, east = box
    side = np.linspace(0, 1, 20)[:, None]
    corners = np.array([[west, south], [east, south], [east, north], [west, north], [west, south]])
    edge = np.concatenate([a + (b - a) * side for a, b in pairwise(corners)])
    shores, borders = plane.coasts()
    land = ground.path(plane.cut_rings(shores.near(box), box), 2, closed=True)
    lines = ground.path(plane.cut_lines(borders.near(box), box), 2, closed=False)
    return (
        f"<path class='sea' d='{ground.path([edge], 2, closed=True)}'/>"
        f"<path class='land' d='{land}'/><path class='borders' d='{lines}'/>"
    )


def _way(ground: Ground, predictions: Predictions) -> str:
    if predictions.truth is None:
        return ""
    line = plane.great_circle(predictions.truth, predictions[0].place)
    return f"<path class='way' d='{ground.path([line], 2, closed=False)}' transform='scale(.01)'/>"


def _pins(ground: Ground, view: View, predictions: Predictions) -> str:
    """The pins, the best one last so that it's in front, where the first view has them."""
    marked = points(predictions)
    spots = np.array([ground.at(np.array(point.place[::-1])) for point in marked])
    radii = np.array([_radius(point) for point in marked])
    screen = view.on_screen(spots)
    moved = spread(screen, radii, [point.label == TRUTH for point in marked])
    drawn = []
    for index, point in enumerate(marked):
        kind = {"1": " best", TRUTH: " true"}.get(point.label, "")
        (x, y), (gx, gy), (u, v) = moved[index], spots[index], screen[index] - moved[index]
        look = (
            f"<path d='{_STAR}'/>" if point.label == TRUTH
            else f"<line class='stem' x2='{u:.1f}' y2='{v:.1f}'/><circle r='{radii[index]:.1f}'/>"
            f"<text>{point.label}</text>"
        )  # fmt: skip
        drawn.append(
            f"<g class='pin{kind}' data-index='{index}' data-x='{gx:.2f}' data-y='{gy:.2f}'"
            f" data-r='{radii[index]:.1f}' data-m='{ground.matrix(point.place)}'"
            f" transform='translate({x:.1f} {y:.1f})'>"
            f"<title>{escape(f'{point.label}: {point.text}')}</title>{look}</g>"
        )
    front = drawn[len(predictions) :]
    return "".join([*reversed(drawn[: len(predictions)]), *front])


def _radius(point: Point) -> float:
    return 10.0 if point.label == TRUTH else 9 + 14 * float(np.sqrt(point.probability))
