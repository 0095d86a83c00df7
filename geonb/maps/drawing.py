"""Drawing with matplotlib: the world, close-ups, pins that don't hide each other, town names."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Patch, PathPatch, Polygon
from matplotlib.path import Path
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Bbox

from geonb.distances import Place, distance
from geonb.earth.places import towns_in
from geonb.maps import plane
from geonb.maps.pins import TRUTH, TRUTH_COLOUR, in_km, move_apart, nearest_turn, pins_of
from geonb.maps.plane import Box, Line
from geonb.predictions import Predictions

SEA, LAND, BORDER = "#e3edf3", "#fbf9f4", "#c5bfb0"
INK, SOFT = "#22303c", "#5b6670"
_LAND: dict[str, Any] = {"fc": LAND, "ec": BORDER, "lw": 0.5, "joinstyle": "round"}


@dataclass
class Chart:
    """Axes that hold a map, and how places come onto it.

    Attributes:
        axes: The matplotlib axes.
        centre: The longitude in its middle, degrees.
        project: Turns degrees (..., 2), longitude first, into the axes' units.
        box: South, west, north, east in degrees.
        frame: The edge of the world, where what is drawn ends; None for a close-up.
        taken: Boxes that words leave free, in points from the lower left.
    """

    axes: Axes
    centre: float
    project: Callable[[Line], Line]
    box: Box
    frame: Patch | None = None
    taken: list[Bbox] = field(default_factory=list)

    @property
    def size(self) -> Line:
        """Width and height of the axes in points."""
        box = self.axes.get_window_extent()
        return np.array([box.width, box.height]) * 72 / self.axes.figure.dpi

    def at(self, place: Place) -> Line:
        """A place in points from the lower left of the axes."""
        lat, lng = place
        xy = self.project(np.array([nearest_turn(lng, self.centre), lat]))
        on_axes = self.axes.transData - self.axes.transAxes
        return np.asarray(on_axes.transform(xy)) * self.size

    def plot(self, spots: Any, **style: Any) -> None:
        """Plot a line or markers at spots in points from the lower left of the axes."""
        x, y = (np.reshape(spots, (-1, 2)) / self.size).T
        self.axes.plot(x, y, transform=self.axes.transAxes, **style)

    def holds(self, place: Place) -> bool:
        """Whether the map shows the place."""
        return bool(((self.at(place) >= 0) & (self.at(place) <= self.size)).all())

    def free(self, box: Bbox) -> bool:
        """Whether words in this box cover nothing and stay on the map."""
        (low, high), (width, height) = box.get_points(), self.size - 4
        inside = low.min() > 4 and high[0] < width and high[1] < height
        return bool(inside and not box.padded(3, 2).count_overlaps(self.taken))

    def _placed(self, lines: Iterable[Line], *, closed: bool) -> list[Line]:
        """In the axes' units, on each turn of the globe where they meet the map."""
        _, west, _, east = self.box
        found = (
            plane.on_world(lines, self.centre, closed=closed) if self.frame
            else plane.on_turns(lines, west, east)
        )  # fmt: skip
        return [self.project(line) for line in found]

    def add_rings(self, rings: Iterable[Line], **style: Any) -> None:
        """Outlines filled as one shape, with their holes, which run the other way round."""
        parts = [Path([*ring, ring[0]], closed=True) for ring in self._placed(rings, closed=True)]
        if parts:
            drawn = PathPatch(Path.make_compound_path(*parts), **style)
            self.axes.add_patch(drawn).set_clip_path(self.frame or self.axes.patch)

    def add_lines(self, lines: Iterable[Line], **style: Any) -> None:
        """Lines, in parts where they leave the map."""
        drawn = LineCollection(self._placed(lines, closed=False), **style)
        self.axes.add_collection(drawn, autolim=False).set_clip_path(self.frame or self.axes.patch)


def world(axes: Axes, centre: float = 0.0, *, south: float = -60.0, north: float = 84.0) -> Chart:
    """Land and sea on an equal-area map of the world around a meridian."""
    chart = Chart(
        axes, centre, lambda line: plane.equal_earth(line, centre),
        (-90.0, centre - 180, 90.0, centre + 180),
    )  # fmt: skip
    ring = plane.edge(centre, south, north)
    chart.frame = frame = Polygon(chart.project(ring), fc=SEA, ec="none")
    axes.add_patch(frame)
    shores, borders = plane.land()
    chart.add_rings(shores, **_LAND)
    chart.add_lines(borders, colors=BORDER, lw=0.35)
    (west, low), (east, high) = frame.get_xy().min(axis=0), frame.get_xy().max(axis=0)
    axes.set(xlim=(west, east), ylim=(low, high), aspect="equal")
    axes.set_axis_off()
    axes.apply_aspect()  # now, so that the size is known
    return chart


def close_up(axes: Axes, places: Sequence[Place]) -> Chart:
    """Land and sea around places, true to shape in the middle; fills the axes."""
    extent = axes.get_window_extent()
    ratio = extent.width / extent.height
    box, stretch = plane.box_around(places, ratio)
    south, west, north, east = box
    lat, lng, half = (south + north) / 2, (west + east) / 2, (north - south) / 2
    chart = Chart(axes, lng, lambda line: (line - (lng, lat)) / (stretch, 1.0), box)
    # Beyond the map, so that the edges of what is cut stay outside.
    around = (lat - 2 * half, 2 * west - lng, lat + 2 * half, 2 * east - lng)
    shores, borders = plane.coasts_in(around)
    chart.add_rings(shores, **_LAND)
    chart.add_lines(borders, colors=BORDER, lw=0.8, linestyles="--")
    axes.set(facecolor=SEA, xlim=(-half * ratio, half * ratio), ylim=(-half, half))
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    return chart


def add_pins(
    chart: Chart, predictions: Predictions, size: float = 0.75, close: Chart | None = None
) -> None:
    """Numbered pins as large as they are probable, and over them the true place as a star.

    Pins that would cover each other move apart, and a line leads from each to its place; the
    star stays. ``size`` is points per unit of `Pin.radius`. What the close-up beside this map
    shows already, ``close``, is left out, but for the best.
    """
    marked = [p for p in pins_of(predictions) if chart.holds(p.place)]
    if close is not None:
        marked = [p for p in marked if p.mark == "1" or not close.holds(p.place)]
    spots = np.array([chart.at(p.place) for p in marked]).reshape(-1, 2)
    moved = move_apart(spots, marked, size)
    for pin, spot, xy in zip(marked, spots, moved, strict=True):
        radius, order = size * pin.radius, 20 + pin.front / 100
        if np.hypot(*(xy - spot)) > 1:
            chart.plot([xy, spot], color=pin.colour, lw=1.2, zorder=9)
            add_dot(chart, spot, 4, pin.colour, zorder=9)
        true = pin.mark == TRUTH
        add_dot(chart, xy, 2 * radius, pin.colour, marker="*" if true else "o", zorder=order)
        if not true:
            height = min(1.3 * radius, 13) / (1 if len(pin.mark) < 2 else 1.35)
            style = {"fontsize": height, "weight": "bold", "zorder": order + 0.005}
            write(chart, pin.mark, xy, "white", **style)
        chart.taken.append(around(xy, radius + 2))
    if predictions.truth and any(pin.mark == TRUTH for pin in marked):
        add_way(chart, predictions.truth, predictions[0].place)


def add_dot(chart: Chart, xy: Line, size: float, colour: str, **style: Any) -> None:
    """A circle with a white rim, or another marker, so many points wide."""
    rim: dict[str, Any] = {"mec": "white", "mew": 1.2 if size > 5 else 0, "clip_on": False}
    chart.plot(xy, ms=size, color=colour, **(rim | {"marker": "o", "zorder": 8} | style))


def add_way(chart: Chart, truth: Place, best: Place) -> None:
    """The shortest way from the true place to the best guess, with its length."""
    line = plane.great_circle(truth, best)
    chart.add_lines([line], colors=TRUTH_COLOUR, lw=1.3, linestyles="--", zorder=3)
    lng, lat = line[len(line) // 2].tolist()
    turn = np.radians(np.arange(0, 360, 45))
    ring = np.stack([1.3 * np.cos(turn), np.sin(turn)], axis=-1)
    spots = np.concatenate([chart.at((lat, lng)) + out * ring for out in (14, 20, 26, 34, 42)])
    words = in_km(distance(truth, best))
    _add_words(chart, words, spots, TRUTH_COLOUR, fontsize=9.0, weight="bold")


def add_towns(chart: Chart, most: int = 5) -> None:
    """Name the largest towns on the map, as many as fit beside the pins.

    A name stands right, left, above or below its town.
    """
    names = 0
    for name, place, _ in towns_in(chart.box, 60):
        spot, sides = chart.at(place), np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
        dot, spots = around(spot, 3), spot + sides * (_half(name, 8.5) + 5)
        if chart.free(dot) and _add_words(chart, name, spots, "#5f594e", fontsize=8.5, zorder=6):
            add_dot(chart, spot, 3.5, "#8a8577", marker="s", zorder=5)
            chart.taken.append(dot)
            names += 1
        if names == most:
            return


def _half(words: str, size: float) -> Line:
    """Half of the width (a letter's is 0.6 of its size) and of the height of words, in points."""
    return np.array([0.6 * size * len(words), size]) / 2


def around(xy: Line, half: Line | float) -> Bbox:
    """The box around a spot that reaches so far to each side."""
    return Bbox([xy - half, xy + half])


def write(chart: Chart, words: str, xy: Line, colour: str, **style: Any) -> None:
    """Words with their middle at a spot."""
    style |= {"color": colour, "ha": "center", "va": "center_baseline"}
    chart.axes.annotate(words, tuple(xy), xycoords="axes points", **style)


def _add_words(chart: Chart, words: str, spots: Line, colour: str, **style: Any) -> bool:
    """Words with a halo at the first of ``spots`` where they cover nothing, if there is one."""
    boxes = [around(xy, _half(words, style["fontsize"])) for xy in spots]
    for xy, box in zip(spots, boxes, strict=True):
        if chart.free(box):
            halo = [withStroke(linewidth=2.5, foreground="white")]
            write(chart, words, xy, colour, path_effects=halo, **({"zorder": 19} | style))
            chart.taken.append(box)
            return True
    return False


def add_scale_bar(chart: Chart) -> None:
    """A bar of a round number of kilometres at the lower left of a close-up."""
    (south, _, north, _), (_, height) = chart.box, chart.size
    km_per_point = (north - south) * plane.KM_PER_DEGREE / height
    longest = 0.28 * float(chart.size[0]) * km_per_point * (1 + 1e-9)
    power = 10.0 ** np.floor(np.log10(longest))
    km = float(max(step for step in (1, 2, 5) if step * power <= longest) * power)
    end = 12 + km / km_per_point
    chart.plot([(12, 12), (end, 12)], lw=2.4, solid_capstyle="butt", color=INK, zorder=22)
    spot = np.array([[(12 + end) / 2, 19.0]])
    _add_words(chart, f"{km:,g} km", spot, INK, fontsize=8.5, zorder=22)
    chart.taken.append(around(np.array([end / 2 + 6, 17]), np.array([end / 2 - 2, 9])))
