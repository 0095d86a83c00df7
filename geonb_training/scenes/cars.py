"""Cars and their licence plates."""

import numpy as np

from geonb_training.scenes.cities import City
from geonb_training.scenes.painting import Box, Canvas, Colour, shade
from geonb_training.scenes.shapes import write
from geonb_training.scenes.view import KERB, View

Spot = tuple[float, float]
"""Across the street and into the picture, street units and depth."""

PAINTS = ("white", "silver", "darkgray", "black", "navy", "maroon")
"""What private cars are painted in nearly everywhere."""

GROUNDS = {"blue-top": "white", "blue": "mediumblue", "red": "crimson", "yellow": "gold"}
"""Ground of a plate, where it is not the first word of `City.plate`."""


def draw_cars(canvas: Canvas, view: View, city: City, rng: np.random.Generator) -> None:
    """Draw up to two cars: one goes away in its lane, one comes towards the camera in the other."""
    lane = KERB / 2 * (1 if city.drives == "right" else -1)
    if rng.random() < 0.6:
        _draw_car(canvas, view, city, (-lane, rng.uniform(2.4, 3.4)), rng, rear=False)
    if rng.random() < 0.8:
        _draw_car(canvas, view, city, (lane, rng.uniform(1.45, 1.9)), rng, rear=True)


def _draw_car(
    canvas: Canvas, view: View, city: City, at: Spot, rng: np.random.Generator, *, rear: bool
) -> None:
    """Draw one car from behind, or from the front."""
    across, depth = at
    taxi = bool(city.taxi) and rng.random() < 0.45
    paint: Colour = city.taxi[0] if taxi else PAINTS[int(rng.integers(len(PAINTS)))]
    roof = city.taxi[-1] if taxi else paint
    canvas.rectangle(view.upright(across, depth, 84, -3, 3), (58, 58, 62))
    for wheel in (-32, 32):
        canvas.rectangle(view.upright(across + wheel, depth, 12, 0, 16), "black")
    canvas.rectangle(view.upright(across, depth, 80, 9, 38), paint)
    _draw_cabin(canvas, view, across, depth, shade(roof, 0.94))
    if taxi:
        canvas.rectangle(view.upright(across, depth, 16, 63, 69), "lightyellow")
    for lamp in (-33, 33):
        colour = "red" if rear else "lightyellow"
        canvas.rectangle(view.upright(across + lamp, depth, 11, 24, 33), colour)
    if rear:
        _draw_plate(canvas, view, city, at, rng)
    canvas.mark("car ahead" if rear else "oncoming car", view.upright(across, depth, 84, -3, 66))
    if taxi:
        canvas.mark("taxi", view.upright(across, depth, 84, -3, 69))


def _draw_cabin(canvas: Canvas, view: View, across: float, depth: float, roof: Colour) -> None:
    corners = [(-36, 38), (-27, 63), (27, 63), (36, 38)]
    canvas.polygon([view.at(across + dx, depth, up) for dx, up in corners], roof)
    pane = [(-29, 40), (-23, 58), (23, 58), (29, 40)]
    canvas.polygon([view.at(across + dx, depth, up) for dx, up in pane], "darkslategray")


def _draw_plate(canvas: Canvas, view: View, city: City, at: Spot, rng: np.random.Generator) -> None:
    width, height = (42, 10) if city.plate_shape == "long" else (26, 14)
    box = view.upright(*at, width, 13, 13 + height)
    ground = GROUNDS.get(city.plate) or GROUNDS.get(city.plate.partition("-")[0])
    ground = ground or city.plate.partition("-")[0]
    canvas.rectangle((box[0] - 0.5, box[1] - 0.5, box[2] + 0.5, box[3] + 0.5), "black")
    canvas.rectangle(box, ground)
    inner = _draw_band(canvas, box, city.plate)
    ink = "white" if city.plate in {"black", "blue", "red"} else "black"
    margin = (inner[3] - inner[1]) * 0.2
    write(canvas, (inner[0], inner[1] + margin, inner[2], inner[3] - margin), "latin", ink, rng)
    canvas.mark("plate", (box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1))


def _draw_band(canvas: Canvas, box: Box, plate: str) -> Box:
    """Draw the blue band at the left end or along the top; gives what is left of the plate."""
    left, top, right, bottom = box
    if plate == "blue-top":
        edge = top + (bottom - top) * 0.36
        canvas.rectangle((left, top, right, edge), "mediumblue")
        return left, edge, right, bottom
    if plate.endswith("-blue"):
        edge = left + (right - left) * 0.16
        canvas.rectangle((left, top, edge, bottom), "mediumblue")
        return edge, top, right, bottom
    return box
