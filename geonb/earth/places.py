"""The name of a place, offline: 69,000 towns of 5,000 people and more (GeoNames)."""

import gzip
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from geonb.distances import Place, check_points, haversine
from geonb.earth import s2
from geonb.files import DATA


@dataclass(frozen=True)
class Town:
    """The town that is nearest to a place, and the city that it's a part of.

    The rule: the city is the most populous town of the same country and region that reaches the
    place. A town of P people reaches 0.008 √P kilometres: Paris 12, Tokyo 25. A nearest town that
    has more than a fifth of the city's people keeps its own name: Brooklyn. The nearest town is
    named as the city's part if it is within 3 km. Over 20 km away, the words say how far.

    Attributes:
        name: The nearest town or part of a city, as GeoNames writes it: Sasazuka.
        country: In English: Japan.
        km: From the place to the middle of the town.
        city: The city that people know: Tokyo; empty if the town stands for itself.
    """

    name: str
    country: str
    km: float
    city: str = ""

    def __str__(self) -> str:
        return self.full_name if self.km <= 20 else f"{self.km:,.0f} km from {self.full_name}"

    @property
    def full_name(self) -> str:
        """The name that people know: Tokyo (Sasazuka), Japan."""
        name = self.city or self.name
        if self.city and self.km <= 3:
            name += f" ({self.name.removeprefix(self.city).strip()})"
        return name if name == self.country else f"{name}, {self.country}"


@dataclass(frozen=True)
class Gazetteer:
    """All towns, sorted by country and region.

    Attributes:
        names: Of each town.
        countries: Of each town.
        places: Latitude and longitude in degrees, (N, 2).
        people: How many live there, to two digits, (N,).
        regions: A number for each country's region, (N,).
        vectors: The places as unit vectors, (N, 3).
    """

    names: list[str]
    countries: list[str]
    places: NDArray[np.float64]
    people: NDArray[np.float64]
    regions: NDArray[np.int64]
    vectors: NDArray[np.float64]


def nearest_town(place: Place) -> Town:
    """The town nearest to ``place``, wherever on Earth it is. Raises `PlaceError`.

    Towns: GeoNames, CC BY 4.0.
    """
    return _nearest_town(*check_points(place).reshape(2).tolist())


@lru_cache(maxsize=16384)  # many photos have their guesses in the same few thousand cells
def _nearest_town(lat: float, lng: float) -> Town:
    here, towns = np.array([lat, lng]), gazetteer()
    cosines = towns.vectors @ s2.unit_vectors(here)
    index = int(np.argmax(cosines))  # the greatest cosine is the smallest angle
    low, high = np.searchsorted(towns.regions, towns.regions[index] + np.arange(2))
    people, km = towns.people[low:high], haversine(towns.places[low:high], here)
    reached = np.where(km <= 0.008 * np.sqrt(people), people, 0.0)
    city = low + int(np.argmax(reached))
    part = towns.people[index] <= 0.2 * reached.max()
    return Town(
        towns.names[index], towns.countries[index], float(km[index - low]),
        towns.names[city] if part else "",
    )  # fmt: skip


def towns_in(box: tuple[float, float, float, float], most: int) -> list[tuple[str, Place, float]]:
    """The ``most`` populous towns inside south, west, north, east, which may be beyond 180°.

    Gives name, place and people, the most populous first.
    """
    towns, (south, west, north, east) = gazetteer(), box
    lat, lng = towns.places[:, 0], west + (towns.places[:, 1] - west) % 360
    inside = np.flatnonzero((lat >= south) & (lat <= north) & (lng <= east))
    largest = inside[np.argsort(-towns.people[inside], kind="stable")][:most]
    return [
        (towns.names[i], (float(lat[i]), float(lng[i])), float(towns.people[i]))
        for i in largest.tolist()
    ]


def nearest_towns(places: NDArray[np.float64]) -> NDArray[np.intp]:
    """The gazetteer's index of the town nearest to each of ``places``, (N, 2) degrees; all at once.

    A town's height above the equator's plane differs by no more than its distance. So those within
    a band of heights are enough, unless the nearest of them is farther away than the band is high.
    """
    here, band = s2.unit_vectors(places), 0.02  # of the Earth's radius: 127 km
    by_height = np.argsort(gazetteer().vectors[:, 2])
    towns = gazetteer().vectors[by_height]
    ends = np.searchsorted(towns[:, 2], [here[:, 2] - band, here[:, 2] + band])
    found = np.empty(len(places), np.intp)
    for i, (first, last) in enumerate(ends.T.tolist()):
        cosines = towns[first:last] @ here[i]
        if cosines.max(initial=-1.0) < 1 - band**2 / 2:
            first, cosines = 0, towns @ here[i]  # noqa: PLW2901
        found[i] = first + cosines.argmax()
    return by_height[found]


@cache
def gazetteer() -> Gazetteer:
    """Read the table (made by ``tools/towns.py``)."""
    packed = (DATA / "towns.tsv.gz").read_bytes()
    lines = gzip.decompress(packed).decode().splitlines()[1:]  # the first names the source
    countries, codes, names, *numbers = zip(*(line.split("\t") for line in lines), strict=True)
    lat, lng, people = np.array(numbers, dtype=np.float64)
    borders = (here != there for here, there in pairwise(zip(countries, codes, strict=True)))
    places = np.stack([lat, lng], axis=-1)
    regions = np.cumsum([0, *borders])
    return Gazetteer(list(names), list(countries), places, people, regions, s2.unit_vectors(places))
