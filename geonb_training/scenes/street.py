"""Sky, ground, the road with its centre line, and signs."""

import numpy as np

from geonb_training.scenes.cities import City
from geonb_training.scenes.painting import Canvas, Colour, shade
from geonb_training.scenes.shapes import write
from geonb_training.scenes.view import HOUSE_LINE, KERB, View

FAR = 14.0
"""Depth at which things are too small to draw."""

SKIES = {"A": ("deepskyblue", "honeydew"), "B": ("dodgerblue", "moccasin")}
SKIES |= {"C": ("steelblue", "aliceblue"), "D": ("lightsteelblue", "white")}
"""Colour overhead and at the horizon by climate group: moist, dry, temperate, cold air."""

GROUND = {"A": "forestgreen", "B": "burlywood", "C": "olivedrab", "D": "darkseagreen"}
"""What grows, or does not, where nothing is built, by climate group."""


def draw_sky(canvas: Canvas, view: View, city: City, rng: np.random.Generator) -> bool:
    """Draw the sky, and the noon sun where no cloud hides it; tells whether the sun shines."""
    top, bottom = SKIES[city.climate[0]]
    wet = {"f": 0.5, "m": 0.4, "w": 0.3, "s": 0.15}.get(city.climate[1], 0.08)
    sunny = bool(rng.random() > wet)
    if not sunny:
        top, bottom = "slategray", "gainsboro"
    canvas.gradient((0, 0, 320, view.horizon + 1), top, bottom)
    if sunny:
        side = 1 if city.sun_side == "right" else -1
        x = view.centre + side * 34
        y = view.horizon * (1 - city.sun_height / 90 * 0.86)
        canvas.ellipse((x - 11, y - 11, x + 11, y + 11), shade(top, 1.45))
        canvas.ellipse((x - 7, y - 7, x + 7, y + 7), "lightyellow")
        canvas.mark("sun", (x - 11, y - 11, x + 11, y + 11))
    for _ in range(int(rng.integers(0, 4)) + (0 if sunny else 3)):
        _draw_cloud(canvas, view, rng, "white" if sunny else "lightgray")
    canvas.mark("sky", (0, 0, 320, view.horizon))
    return sunny


def _draw_cloud(canvas: Canvas, view: View, rng: np.random.Generator, colour: Colour) -> None:
    x, y = rng.uniform(20, 300), rng.uniform(8, view.horizon * 0.6)
    for shift, size in ((-12, 6), (0, 9), (13, 7)):
        wide, high = size * 1.5, size * 0.6
        canvas.ellipse((x + shift - wide, y - high, x + shift + wide, y + high), colour)


def draw_ground(canvas: Canvas, view: View, city: City, rng: np.random.Generator) -> None:
    """Draw the ground, pavement, road and its centre line."""
    canvas.rectangle((0, view.horizon, 320, 240), GROUND[city.climate[0]])
    for half, colour in ((HOUSE_LINE, "silver"), (KERB + 3, "gray"), (KERB, "dimgray")):
        edges = [view.at(-half, FAR), view.at(half, FAR), view.at(half, 0.9), view.at(-half, 0.9)]
        canvas.polygon(edges, colour)
    if rng.random() < 0.88:
        _draw_centre_line(canvas, view, city.centre_line)


def _draw_centre_line(canvas: Canvas, view: View, colour: str) -> None:
    """Dashes, each 0.45 deep, up to where they would melt into one."""
    paint = "gold" if colour == "yellow" else "white"
    for step in range(8):
        near, far = 0.95 + step * 0.8, 1.4 + step * 0.8
        canvas.polygon(
            [view.at(-4, near), view.at(4, near), view.at(4, far), view.at(-4, far)], paint
        )
    left, right = view.at(-6, 0.95)[0], view.at(6, 0.95)[0]
    canvas.mark("centre line", (left, view.at(0, 6)[1], right, 240))


Corners = tuple[tuple[float, float], ...]
DIAMOND: Corners = ((0.0, -1.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0))
TRIANGLE: Corners = ((0.0, -1.0), (1.0, 0.75), (-1.0, 0.75))
"""Corners of warning signs; x to the right, y down, from the middle."""


def draw_warning_sign(canvas: Canvas, view: View, city: City, depth: float) -> None:
    """Draw a warning sign on the side that traffic keeps to."""
    across = (KERB + 8) * (1 if city.drives == "right" else -1)
    foot, (x, y) = view.at(across, depth), view.at(across, depth, 92)
    canvas.line([foot, (x, y)], "gray", 2)
    size = 23 / depth
    shape, _, ground = city.warning.partition("-")
    if shape == "diamond":
        rings = ((size, "black"), (size * 0.88, "gold"))
        corners = DIAMOND
    else:
        rim = "black" if ground == "black" else "red"
        rings = ((size, rim), (size * 0.6, "gold" if ground else "white"))
        corners = TRIANGLE
    for radius, colour in rings:
        canvas.polygon([(x + dx * radius, y + dy * radius) for dx, dy in corners], colour)
    canvas.line([(x, y - size * 0.2), (x, y + size * 0.25)], "black", 1.5)
    canvas.mark("warning sign", (x - size, y - size, x + size, y + size))


BOARDS = (("white", "black"), ("navy", "white"), ("firebrick", "white"), ("gold", "black"),
          ("darkgreen", "white"), ("black", "gold"))  # fmt: skip
"""Ground and letters of shop signs."""


def draw_shop_sign(
    canvas: Canvas, view: View, city: City, side: int, rng: np.random.Generator
) -> None:
    """Draw a shop sign that sticks out over the pavement, in the city's script."""
    depth = rng.uniform(1.25, 1.6)
    inner = view.at(side * (HOUSE_LINE - 62), depth)[0]
    outer = view.at(side * (HOUSE_LINE + 14), depth)[0]
    left, right = sorted((inner, outer))
    middle = view.at(0, depth, rng.uniform(108, 138))[1]
    box = (left, middle - 10, right, middle + 10)
    ground, ink = BOARDS[int(rng.integers(len(BOARDS)))]
    canvas.rectangle((box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1), ink)
    canvas.rectangle(box, ground)
    write(canvas, (left + 3, middle - 6, right - 3, middle + 6), city.script, ink, rng)
    canvas.mark("shop sign", (box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1))
