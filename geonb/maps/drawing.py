"""Drawing with matplotlib: frames with land and sea, numbered pins, the line to the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.distances import EARTH_RADIUS_KM, bounds
from geonb.maps.plane import great_circle, land
from geonb.maps.points import TRUTH, TRUTH_COLOUR, in_km, nearest_turn, points

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from geonb.distances import Place
    from geonb.predictions import Predictions

SEA, LAND, BORDER = "#dbe9f2", "#f4f1e6", "#b5b09c"
_INK = "#333333"
_KM_PER_DEGREE = np.pi * EARTH_RADIUS_KM / 180
_LEAST_SPAN = 0.15
"""Degrees; a close-up of a single place shows at least this much around it."""
_TURNS = (-360.0, 0.0, 360.0)


def frame(axes: Axes, box: tuple[float, float, float, float], stretch: float) -> None:
    """Land and sea inside south, west, north, east; ``stretch`` widens a degree of latitude."""
    south, west, north, east = box
    shores, borders = land()
    add_rings(axes, shores, fc=LAND, ec=BORDER, lw=0.5)
    add_lines(axes, borders, colors=BORDER, lw=0.4)
    axes.set(facecolor=SEA, xlim=(west, east), ylim=(south, north), aspect=stretch)
    axes.xaxis.set_major_formatter(longitude)
    axes.yaxis.set_major_formatter(lambda lat, _: f"{lat:g}°" if abs(lat) <= 90 else "")
    if east - west > 180:
        axes.set_xticks(np.arange(-360, 361, 60))
        axes.set_yticks(np.arange(-90, 91, 30))
        axes.set(xlim=(west, east), ylim=(south, north))  # ticks outside had widened the view
    else:
        axes.locator_params(nbins=6)
    axes.tick_params(labelsize=8, color=BORDER)


def longitude(lng: float, _: Any = None) -> str:
    """A tick's text: 181 is -179°, and the line itself is 180° on both of its sides."""
    turned = round((lng + 180) % 360 - 180, 6)
    return "180°" if turned == -180 else f"{turned:g}°"


def add_rings(axes: Axes, rings: Sequence[NDArray[np.float64]], **style: Any) -> None:
    """Filled outlines, also where they reach over the ±180° line from the next turn."""
    from matplotlib.collections import PolyCollection

    for turn in _TURNS:
        moved = [ring + np.array([turn, 0]) for ring in rings]
        axes.add_collection(PolyCollection(moved, **style), autolim=False)


def add_lines(axes: Axes, lines: Sequence[NDArray[np.float64]], **style: Any) -> None:
    """Lines, also where they reach over the ±180° line from the next turn."""
    from matplotlib.collections import LineCollection

    for turn in _TURNS:
        moved = [line + np.array([turn, 0]) for line in lines]
        axes.add_collection(LineCollection(moved, **style), autolim=False)


def add_points(axes: Axes, predictions: Predictions, size: int, *, distance: bool) -> None:
    """Numbered pins, the best one in front, and over them the true place as a star."""
    west, east = axes.get_xlim()
    centre = (west + east) / 2
    if predictions.truth is not None:
        _add_truth(axes, predictions, centre, size, distance=distance)
    for point in reversed(points(predictions)):
        if point.label != TRUTH:
            xy = (nearest_turn(point.place[1], centre), point.place[0])
            _pin(axes, xy, point.label, point.colour, size)


def _pin(axes: Axes, xy: tuple[float, float], label: str, colour: str, size: int) -> None:
    """A head with the number, and a stem that ends in the place; near the top it hangs down."""
    south, north = axes.get_ylim()
    side = -1 if xy[1] > north - 0.12 * (north - south) else 1
    order = 10 - int(label) / 100
    axes.annotate(
        label, xy, xytext=(0, side * 1.25 * size), textcoords="offset points", color="white",
        fontsize=0.62 * size, weight="bold", ha="center", va="center", annotation_clip=True,
        zorder=order, bbox={"boxstyle": "circle,pad=0.25", "fc": colour, "ec": "white"},
        arrowprops={"arrowstyle": "-", "color": colour, "lw": 2, "shrinkB": 0},
    )  # fmt: skip
    axes.plot(*xy, "o", ms=3.5, color=colour, zorder=order)


def _add_truth(
    axes: Axes, predictions: Predictions, centre: float, size: int, *, distance: bool
) -> None:
    truth, best = predictions.truth, predictions[0].place
    if truth is None or predictions.distances is None:
        return
    xy = nearest_turn(truth[1], centre), truth[0]
    line = great_circle(truth, best)
    add_lines(axes, [line], colors=TRUTH_COLOUR, lw=1.4, linestyles="--", zorder=3)
    axes.plot(*xy, "*", ms=size + 2, mfc=TRUTH_COLOUR, mec="white", mew=1.2, zorder=20)
    if distance:
        lng, lat = line[len(line) // 2]
        axes.annotate(
            in_km(predictions.distances[0]), (nearest_turn(lng, centre), lat), xytext=(0, -12),
            textcoords="offset points", ha="center", va="center", fontsize=8, color=TRUTH_COLOUR,
            weight="bold", annotation_clip=True, zorder=19,
            bbox={"boxstyle": "round,pad=0.2", "fc": "white", "ec": "none", "alpha": 0.85},
        )  # fmt: skip


def add_scale_bar(axes: Axes) -> None:
    """A bar of a round number of kilometres at the lower left, true in the middle of the map."""
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    km_per_degree = _KM_PER_DEGREE * max(np.cos(np.radians((south + north) / 2)), 1e-3)
    km = _round_down(0.3 * (east - west) * km_per_degree)
    x, y = west + 0.05 * (east - west), south + 0.06 * (north - south)
    end = x + km / km_per_degree
    axes.plot([x, end], [y, y], lw=3, solid_capstyle="butt", color=_INK, zorder=22)
    axes.annotate(
        f"{km:,g} km",
        (x, y),
        xytext=(0, 4),
        textcoords="offset points",
        fontsize=8,
        color=_INK,
        zorder=22,
    )


def _round_down(value: float) -> float:
    """The largest 1, 2 or 5 times a power of ten that is not above ``value``."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(max(step for step in (1, 2, 5) if step * power <= value * (1 + 1e-9)) * power)


def bounds_of_close_up(places: Sequence[Place]) -> tuple[tuple[float, float, float, float], float]:
    """South, west, north, east around places with a margin, and the stretch of a degree there."""
    south, west, north, east = bounds(places)
    lat, lng = (south + north) / 2, (west + east) / 2
    stretch = float(1 / max(np.cos(np.radians(lat)), 0.05))
    half = max(north - south, (east - west) / stretch, _LEAST_SPAN) * 0.7
    south, north = max(lat - half, -90.0), min(lat + half, 90.0)
    return (south, lng - half * stretch, north, lng + half * stretch), stretch
