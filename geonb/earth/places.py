"""The nearest town of a place, offline: 69,000 towns of 5,000 people and more (GeoNames)."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from geonb.distances import check_points, distance
from geonb.earth import s2

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geonb.distances import Place

NEAR_KM = 50.0
"""Up to here a place has the town's name; beyond, it is so many kilometres off the town."""


@dataclass(frozen=True)
class Town:
    """The town that is nearest to a place, and how near.

    Attributes:
        name: As GeoNames writes it.
        country: In English.
        km: From the place to the middle of the town.
    """

    name: str
    country: str
    km: float

    def __str__(self) -> str:
        name = f"{self.name}, {self.country}"
        km = f"{self.km:,.0f} km" if self.km >= 1 else "<1 km"
        return f"{name} ({km})" if self.km <= NEAR_KM else f"{km} off {name}"


def nearest_town(place: Place) -> Town:
    """The town nearest to ``place``, wherever on Earth it is. Raises `PlaceError`.

    Towns: GeoNames, CC BY 4.0.
    """
    names, places, vectors = _towns()
    here = s2.unit_vectors(check_points(place).reshape(1, 2))[0]
    index = int(np.argmax(vectors @ here))  # the greatest cosine is the smallest angle
    country, name = names[index]
    lat, lng = places[index].tolist()
    return Town(name, country, distance(place, (lat, lng)))


@cache
def _towns() -> tuple[list[tuple[str, str]], NDArray[np.float64], NDArray[np.float64]]:
    """Country and name of each town, its place (N, 2), and its unit vector (N, 3)."""
    data = files("geonb").joinpath("data", "towns.tsv.gz").read_bytes()
    lines = gzip.decompress(data).decode().splitlines()[1:]  # the first names the source
    rows = [line.split("\t") for line in lines]
    places = np.array([row[2:] for row in rows], dtype=np.float64)
    return [(row[0], row[1]) for row in rows], places, s2.unit_vectors(places)
