"""Drawn trips: scenes with times, of people who move on, in two ways of moving.

A tour leaves home for two to four other cities within 2500 km, or as many as there are, about a day
in each. A life stays at home for days whose number has a long tail, goes to a city the more
probably the nearer it ranks (Noulas et al., PLoS ONE 7, 2012), and mostly comes back (Song et al.,
Nature Physics 6, 2010).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from geonb.distances import distance
from geonb_training.scenes.cities import City, cities
from geonb_training.scenes.photographers import photographers
from geonb_training.scenes.scene import Scene, Shot, draw, settle

Way: TypeAlias = Literal["tour", "life"]
TOUR_KM = 2500.0  # how far from home a tour goes
PLANE_KMH, AIRPORTS_H = 700.0, 3.0
"""Between cities: the mean speed of a flight, km/h, and the hours before and after it."""


@dataclass(frozen=True)
class DrawnTrip:
    """What is settled of a trip before its scenes are drawn.

    Attributes:
        shots: What is taken, in the order of time.
        hours: When, hours since the trip began.
    """

    shots: tuple[Shot, ...]
    hours: tuple[float, ...]

    def scenes(self) -> Iterator[Scene]:
        """Draw them, one after the other."""
        return map(draw, self.shots)

    @property
    def places(self) -> list[tuple[float, float]]:
        """Where each was taken, in degrees."""
        return [shot.place for shot in self.shots]


def drawn_trip(number: int, way: Way = "tour", photos: int = 28, seed: int = 5) -> DrawnTrip:
    """Settle trip ``number``: one photographer that no training has seen, some cities, times."""
    rng = np.random.default_rng((seed, ("tour", "life").index(way), number))
    crowd = photographers("test")
    who = crowd[int(rng.integers(len(crowd)))]
    shots, hours = [], []
    for city, hour in (_tour if way == "tour" else _life)(photos, rng):
        shots.append(settle([replace(who, homes=(city,))], (seed, 3, int(rng.integers(1 << 30)))))
        hours.append(hour)
    return DrawnTrip(tuple(shots), tuple(hours))


def _tour(photos: int, rng: np.random.Generator) -> Iterator[tuple[City, float]]:
    """City and hour of each photo, evenly many in each city."""
    home, others, km = _home(rng)
    near = [city for city, far in zip(others, km, strict=True) if far < TOUR_KM] or list(others[:2])
    chosen = rng.permutation(len(near))[: rng.integers(2, 5)].tolist()
    stops, hour = [home, *(near[i] for i in chosen)], 0.0
    for number in range(photos):
        if not number or number * len(stops) // photos != (number - 1) * len(stops) // photos:
            hour += 24 * rng.uniform(0.5, 1.5)
        hour += rng.exponential(2.0)
        yield stops[number * len(stops) // photos], hour


def _life(photos: int, rng: np.random.Generator) -> Iterator[tuple[City, float]]:
    """City and hour of each photo; most are taken at home, or soon after coming somewhere."""
    home, others, _ = _home(rng)
    here, hour, leave = home, 0.0, _stay(rng)
    ranks = 1 / np.arange(1, len(others) + 1)  # the others come nearest first
    for _ in range(photos):
        hour += rng.exponential(8.0)
        if hour > leave:
            back = here is not home and rng.random() < 0.6
            there = home if back else others[int(rng.choice(len(others), p=ranks / ranks.sum()))]
            hour += AIRPORTS_H + float(distance(here.place, there.place)) / PLANE_KMH
            here, leave = there, hour + _stay(rng)
        yield here, hour


def _stay(rng: np.random.Generator) -> float:
    """Hours in one city: 8 to 1000, with the long tail t^-1.8 (Song et al. 2010)."""
    return float(min(8 * rng.random() ** (-1 / 0.8), 1000.0))


def _home(rng: np.random.Generator) -> tuple[City, tuple[City, ...], list[float]]:
    """A home, the other cities from near to far, and their kilometres."""
    home = cities()[int(rng.integers(len(cities())))]
    away = sorted((float(distance(home.place, c.place)), c.name) for c in cities() if c != home)
    by_name = {city.name: city for city in cities()}
    return home, tuple(by_name[name] for _, name in away), [km for km, _ in away]
