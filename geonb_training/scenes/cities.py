"""The cities that scenes are drawn of, and what is generally known of their streets."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal


@dataclass(frozen=True)
class City:
    """One row of `cities.csv`; `data/cities.md` says where each fact comes from."""

    name: str
    country: str
    place: tuple[float, float]
    """(latitude, longitude) of the centre, degrees."""
    drives: Literal["left", "right"]
    """The side of the road that traffic keeps to."""
    centre_line: str
    """Colour of the line between the two directions."""
    script: str
    """Writing on shop signs: a key of `glyphs.txt`."""
    climate: str
    """Koeppen class, such as Cfa."""
    building: str
    """The usual look of a house: a key of `geonb_training.scenes.buildings.HOUSES`."""
    wall: str
    roof: str
    plate: str
    """Licence plate: ground colour, and where the blue band is, if any."""
    plate_shape: Literal["long", "short"]
    """Long as in Europe (about 520 x 112 mm), or short as in the Americas and Japan."""
    warning: str
    """Shape, and ground where it is not the usual one, of warning signs."""
    taxi: tuple[str, ...]
    """Colour of taxis, and of their roof where that differs; empty where there is no one look."""
    spot: str
    """The place where most visitors take a photo."""
    spot_place: tuple[float, float]
    spot_shape: str
    """A key of `shapes.landmarks`."""
    spot_colour: str

    @property
    def sun_height(self) -> float:
        """Degrees above the horizon of the noon sun at an equinox."""
        return 90 - abs(self.place[0])

    @property
    def sun_side(self) -> Literal["left", "right"]:
        """Where the noon sun stands for a photographer who faces east."""
        return "right" if self.place[0] > 0 else "left"


@cache
def cities() -> tuple[City, ...]:
    """All cities, in the order of the table."""
    text = (resources.files("geonb_training.scenes") / "cities.csv").read_text(encoding="utf-8")
    return tuple(_city(row) for row in csv.DictReader(text.splitlines()))


def _city(row: dict[str, str]) -> City:
    """Put the columns that are not plain text in form."""
    place = float(row.pop("lat")), float(row.pop("lng"))
    spot_place = float(row.pop("spot_lat")), float(row.pop("spot_lng"))
    taxi = tuple(filter(None, row.pop("taxi").split("/")))
    name = row.pop("city")
    return City(name=name, place=place, spot_place=spot_place, taxi=taxi, **row)  # type: ignore[arg-type]
