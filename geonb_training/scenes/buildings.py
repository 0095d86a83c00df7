"""Houses along the street, in the usual look of the city."""

from dataclasses import dataclass

import numpy as np

from geonb_training.scenes.cities import City
from geonb_training.scenes.painting import Canvas, Colour, shade
from geonb_training.scenes.view import HOUSE_LINE, Facade, View

STOREY = 34.0
"""Height of a storey, street units."""


@dataclass(frozen=True)
class House:
    """What the houses of one look have in common."""

    storeys: tuple[int, int]
    """Fewest and most."""
    roof: str
    """flat, band, gable, stepped, mansard, eaves or battlement."""
    columns: int
    """Windows in a row."""
    window: tuple[float, float]
    """Share of its field that a window fills, along and up."""
    pane: Colour = "lightslategray"
    frame: Colour = "white"
    ground_floor: Colour = ""
    """Colour of an arcade or a shop front; empty for none."""
    boards: bool = False
    """Whether the wall is of boards."""


HOUSES = {
    "slab": House((4, 9), "flat", 4, (0.55, 0.5), frame="dimgray", ground_floor="darkslategray"),
    "glass": House((8, 14), "flat", 5, (0.88, 0.8), pane="powderblue", frame="steelblue"),
    "brick": House((3, 5), "flat", 3, (0.42, 0.62)),
    "stucco": House((3, 5), "band", 3, (0.36, 0.62), pane="dimgray", frame="olivedrab"),
    "mansard": House((4, 6), "mansard", 4, (0.38, 0.7), frame="dimgray"),
    "gable": House((2, 4), "gable", 3, (0.42, 0.55)),
    "stepped": House((3, 4), "stepped", 3, (0.5, 0.68)),
    "clapboard": House((2, 2), "gable", 2, (0.36, 0.55), boards=True),
    "mudbrick": House((2, 3), "battlement", 3, (0.2, 0.3), pane="saddlebrown", frame="peru"),
    "shophouse": House((2, 4), "band", 2, (0.6, 0.6), "teal", "white", ground_floor="saddlebrown"),
    "eaves": House((1, 2), "eaves", 3, (0.62, 0.5), pane="saddlebrown", frame="maroon"),
}
"""The looks that `City.building` names."""


PLASTERS = ("ivory", "lightgray", "wheat", "tan", "rosybrown", "gainsboro", "darkgray", "bisque")
"""Walls that are seen nearly everywhere."""

TYPICAL = 0.72
"""Share of houses whose walls have the city's own colour."""


def draw_house(
    canvas: Canvas, facade: Facade, city: City, tone: float, rng: np.random.Generator
) -> None:
    """Draw one house; ``tone`` makes its walls lighter or darker than its neighbour's."""
    house = HOUSES[city.building]
    storeys = int(rng.integers(house.storeys[0], house.storeys[1] + 1))
    height = storeys * STOREY + 8
    own = rng.random() < TYPICAL
    wall = shade(city.wall if own else PLASTERS[int(rng.integers(len(PLASTERS)))], tone)
    _draw_end(canvas, facade, height, shade(wall, 0.78))
    canvas.polygon(facade.panel(0, 1, 0, height), wall)
    if house.boards:
        for up in range(6, int(height), 9):
            canvas.line([facade.at(0, up), facade.at(1, up)], shade(wall, 0.86), 0.5)
    _draw_windows(canvas, facade, house, storeys)
    if house.ground_floor:
        canvas.polygon(facade.panel(0.04, 0.96, 0, 26), house.ground_floor)
    ROOFS[house.roof](canvas, facade, height, shade(city.roof, tone))


def _draw_end(canvas: Canvas, facade: Facade, height: float, colour: Colour) -> None:
    """The wall that faces the camera, seen where the next house is lower or missing."""
    view: View = facade.view
    inner = view.at(facade.side * HOUSE_LINE, facade.near, height)
    outer = view.at(facade.side * (HOUSE_LINE + 150), facade.near)
    left, right = sorted((inner[0], outer[0]))
    canvas.rectangle((left, inner[1], right, outer[1]), colour)


def _draw_windows(canvas: Canvas, facade: Facade, house: House, storeys: int) -> None:
    along, up = house.window
    for storey in range(storeys):
        low = 8 + STOREY * (storey + 0.5 - up / 2)
        for column in range(house.columns):
            middle, half = (column + 0.5) / house.columns, along / 2 / house.columns
            panel = facade.panel(middle - half, middle + half, low, low + STOREY * up)
            canvas.polygon(panel, house.frame)
            panel = facade.panel(middle - half * 0.7, middle + half * 0.7, low + 2, low + 30 * up)
            canvas.polygon(panel, house.pane)


def _flat(canvas: Canvas, facade: Facade, height: float, roof: Colour) -> None:
    canvas.polygon(facade.panel(0, 1, height - 3, height + 6), roof)


def _band(canvas: Canvas, facade: Facade, height: float, roof: Colour) -> None:
    """Low tiled roof, of which the street sees the overhang and the slope."""
    eaves = [facade.at(0, height - 3, 9), facade.at(1, height - 3, 9)]
    canvas.polygon([*eaves, facade.at(0.97, height + 22), facade.at(0.03, height + 22)], roof)


def _gable(canvas: Canvas, facade: Facade, height: float, roof: Colour) -> None:
    eaves = [facade.at(-0.03, height - 4, 6), facade.at(1.03, height - 4, 6)]
    canvas.polygon([*eaves, facade.at(0.5, height + 44)], roof)


def _stepped(canvas: Canvas, facade: Facade, height: float, roof: Colour) -> None:
    for step in range(4):
        inset = step * 0.13
        low = height + step * 13
        canvas.polygon(facade.panel(inset, 1 - inset, low - 2, low + 13), roof)
        canvas.polygon(facade.panel(inset, 1 - inset, low + 10, low + 13), "white")


def _mansard(canvas: Canvas, facade: Facade, height: float, roof: Colour) -> None:
    steep = [facade.at(0, height), facade.at(1, height), facade.at(0.95, height + 36)]
    canvas.polygon([*steep, facade.at(0.05, height + 36)], roof)
    canvas.polygon(facade.panel(0, 1, height - 3, height + 2), shade(roof, 1.5))
    for middle in (0.2, 0.5, 0.8):
        canvas.polygon(facade.panel(middle - 0.07, middle + 0.07, height + 6, height + 26), "ivory")
        panel = facade.panel(middle - 0.04, middle + 0.04, height + 8, height + 22)
        canvas.polygon(panel, "darkslategray")


def _eaves(canvas: Canvas, facade: Facade, height: float, roof: Colour) -> None:
    """Wide tiled roof whose corners turn up."""
    corners = [facade.at(-0.1, height + 10, 16), facade.at(0.1, height - 4, 14)]
    corners += [facade.at(0.9, height - 4, 14), facade.at(1.1, height + 10, 16)]
    canvas.polygon([*corners, facade.at(0.8, height + 40), facade.at(0.2, height + 40)], roof)
    ridge = [facade.at(0.16, height + 41), facade.at(0.84, height + 41)]
    canvas.line(ridge, shade(roof, 0.6), 2)


def _battlement(canvas: Canvas, facade: Facade, height: float, roof: Colour) -> None:
    canvas.polygon(facade.panel(0, 1, height - 2, height + 3), roof)
    for step in range(5):
        panel = facade.panel(step / 5, step / 5 + 0.1, height, height + 11)
        canvas.polygon(panel, roof)


ROOFS = {"flat": _flat, "band": _band, "gable": _gable, "stepped": _stepped, "mansard": _mansard,
         "eaves": _eaves, "battlement": _battlement}  # fmt: skip
