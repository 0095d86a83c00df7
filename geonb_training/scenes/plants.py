"""Trees of each climate, and the shadows that they throw at noon."""

import math

from geonb_training.scenes.cities import City
from geonb_training.scenes.painting import Canvas
from geonb_training.scenes.view import View

SHADOW = (58, 58, 62)
"""Colour of shadows."""


def draw_shadow(
    canvas: Canvas, view: View, city: City, foot: tuple[float, float], height: float
) -> None:
    """Draw the noon shadow of a tree that stands at ``foot`` (across, depth): away from the sun.

    It is height / tan(sun height) long, and at most two heights: then it leaves the picture.
    """
    across, depth = foot
    length = min(height / math.tan(math.radians(city.sun_height)), 2 * height)
    away = -1 if city.sun_side == "right" else 1
    trunk, tip = across + away * length * 0.5, across + away * length
    corners = [view.at(across, depth - 0.03), view.at(across, depth + 0.03)]
    corners += [view.at(trunk, depth + 0.03), view.at(trunk, depth - 0.03)]
    canvas.polygon(corners, SHADOW)
    left, right = sorted((view.at(across + away * length * 0.3, depth)[0], view.at(tip, depth)[0]))
    crown = (left - 3, view.at(0, depth + 0.2)[1], right + 3, view.at(0, depth - 0.12)[1])
    canvas.ellipse(crown, SHADOW)
    canvas.mark("shadow", crown)


def draw_tree(
    canvas: Canvas, view: View, city: City, foot: tuple[float, float], size: float
) -> None:
    """Draw the climate's typical tree, ``size`` street units high."""
    draw = next(TREES[city.climate[:n]] for n in (2, 1) if city.climate[:n] in TREES)
    across, depth = foot
    x, y = view.at(across, depth)
    draw(canvas, x, y, size / depth)
    half = size / depth / 3
    canvas.mark("tree", (x - half, y - size / depth, x + half, y))


_FRONDS = ((-0.36, 0.06), (-0.28, -0.12), (0, -0.2), (0.28, -0.12), (0.36, 0.06), (-0.2, 0.2),
           (0.22, 0.2))  # fmt: skip


def _palm(canvas: Canvas, x: float, y: float, size: float) -> None:
    top = y - size * 0.8
    canvas.line([(x, y), (x + size * 0.05, top)], "peru", max(1, size * 0.06))
    for dx, dy in _FRONDS:
        tip = (x + dx * size, top + dy * size)
        middle = (x + dx * size * 0.5, top + dy * size * 0.5 - size * 0.09)
        canvas.polygon([(x + size * 0.05, top), middle, tip], "green")


def _shrub(canvas: Canvas, x: float, y: float, size: float) -> None:
    for dx in (-0.16, 0, 0.16):
        box = (x + (dx - 0.13) * size, y - size * 0.34, x + (dx + 0.13) * size, y)
        canvas.ellipse(box, "darkkhaki" if dx else "olive")


def _cypress(canvas: Canvas, x: float, y: float, size: float) -> None:
    canvas.line([(x, y), (x, y - size * 0.2)], "saddlebrown", size * 0.05)
    canvas.ellipse((x - size * 0.12, y - size, x + size * 0.12, y - size * 0.1), "darkgreen")


def _broadleaf(canvas: Canvas, x: float, y: float, size: float) -> None:
    canvas.line([(x, y), (x, y - size * 0.45)], "saddlebrown", size * 0.07)
    canvas.ellipse((x - size * 0.3, y - size * 0.8, x + size * 0.3, y - size * 0.3), "seagreen")
    canvas.ellipse((x - size * 0.2, y - size, x + size * 0.22, y - size * 0.5), "mediumseagreen")


def _conifer(canvas: Canvas, x: float, y: float, size: float) -> None:
    canvas.line([(x, y), (x, y - size * 0.2)], "sienna", size * 0.06)
    for low, half in ((0.12, 0.27), (0.36, 0.21), (0.6, 0.14)):
        tip = (x, y - size * (low + 0.4))
        canvas.polygon(
            [(x - half * size, y - low * size), (x + half * size, y - low * size), tip],
            "darkslategray",
        )


TREES = {"A": _palm, "BW": _palm, "BS": _shrub, "Cs": _cypress, "C": _broadleaf, "D": _conifer}
"""The typical tree by climate; the longest beginning of the class that is listed counts."""
