"""What you know of a photo's place: that it lies in a country, a box or a circle."""

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from geonb.distances import check_points, haversine
from geonb.earth.cells import Cells
from geonb.errors import ModelError
from geonb.files import DATA

Within: TypeAlias = (
    str
    | tuple[float, float, float]
    | tuple[float, float, float, float]
    | tuple[tuple[float, float], float]
)
"""A country's name or ISO code; a circle, (latitude, longitude, kilometres); or a box, (south,
west, north, east) in degrees, as `geonb.bounds` gives it."""
_FORMS = (
    "within is a country's name or ISO code, a circle (latitude, longitude, kilometres above 0) or "
    "a box (south, west, north, east) in degrees"
)
_USUAL = {"UK": "GB", "EL": "GR"}
"""Codes that people write instead of ISO's."""


@dataclass(frozen=True)
class Limits:
    """What the places of a model are limited to.

    Attributes:
        name: In words: Japan; 50 km around 35.6586, 139.7454.
        inside: Whether each place lies in it, (N,).
    """

    name: str
    inside: NDArray[np.bool_]

    def rescale(self, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """The probabilities, (N,), without what lies outside; the rest adds up to 1.

        Raises `ModelError` if nothing is left.
        """
        inside = np.where(self.inside, probabilities, 0)
        total = inside.sum(dtype=np.float64)
        if not total > 0:
            raise ModelError(f"no place within {self.name} has any probability; name a larger area")
        return (inside / total).astype(np.float32)


def limit(cells: Cells, within: Within) -> Limits:
    """Tell which places of ``cells`` lie within a country, a box or a circle.

    A place belongs to the country of its nearest town. Raises `ModelError` if ``within`` is none
    of these, or no place lies in it; `PlaceError` for impossible coordinates.
    """
    found = _country(cells, within) if isinstance(within, str) else _shape(cells.places, within)
    if not found.inside.any():
        raise ModelError(f"none of the model's places lies within {found.name}")
    return found


def _country(cells: Cells, within: str) -> Limits:
    text = within.strip()
    name = _names().get(_USUAL.get(text.upper(), text).casefold())
    if name is None:
        near = get_close_matches(text.casefold(), _names(), n=3)
        hint = f"; did you mean {' or '.join(_names()[n] for n in near)}?" if near else ""
        raise ModelError(f"no country {within!r}; {_FORMS}{hint}")
    return Limits(f"{name} (by the nearest town)", np.array(cells.countries) == name)


@cache
def _names() -> dict[str, str]:
    """The country's name by its name and its two ISO codes, all in small letters."""
    text = (DATA / "countries.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines()]
    return {key.casefold(): row[2] for row in rows for key in row}


def _shape(places: NDArray[np.float64], within: Within) -> Limits:
    try:
        numbers = np.hstack([np.ravel(part) for part in within]).astype(float).tolist()
    except (TypeError, ValueError, OverflowError):
        numbers = []
    match numbers:
        case lat, lng, km if km > 0:
            inside = haversine(places, check_points((lat, lng))) <= km
            return Limits(f"{km:,g} km around {lat:g}, {lng:g}", inside)
        case south, west, north, east if (
            -90 <= south <= north <= 90 and -180 <= west <= 180 and -180 <= east <= 540
        ):
            lat, lng = places.T
            width = (east - west) % 360 if east - west < 360 else 360  # the box may cross ±180°
            inside = (south <= lat) & (lat <= north) & ((lng - west) % 360 <= width + 1e-9)
            return Limits(f"the box from {south:g}, {west:g} to {north:g}, {east:g}", inside)
    raise ModelError(f"{_FORMS}, not {within!r:.200}")
