"""Towns as people type them: other names, the beginning of a name, and slips of the finger."""

import difflib
import re
import unicodedata
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from geonb.distances import Place, distance
from geonb.earth.places import gazetteer, nearest_town
from geonb.errors import PlaceError
from geonb.shown.pictures import asset

_EXACT = 20
"""A town with the very name counts as this many times its people against one that only begins so:
"York" is York, and "Rio" is Rio de Janeiro."""
_LIKE = 0.8
"""How alike a misspelt name must be, as `difflib` measures it."""
_NEAR_KM = 60.0
"""A city that people know is at most so far away."""


@dataclass(frozen=True)
class FoundTown:
    """A town by its name.

    Attributes:
        name: Its name and country.
        place: Latitude and longitude in degrees.
        sure: Whether the text is its name, or one that it's known by; otherwise it was guessed.
    """

    name: str
    place: Place
    sure: bool


def find_town(text: str) -> FoundTown:
    """Find the town that is meant by "town" or "town, country". Raises `PlaceError`.

    Accents, capitals and hyphens don't matter. Of several towns it's the most populous.
    """
    towns, names = gazetteer(), _names()
    name, _, country = map(_plain, text.partition(","))
    country = _aliases()[0].get(country, country)
    wanted, own = _aliases()[1].get((name, country)) or (name, country)
    here = (_countries() == own) | (not own)
    exact = (names == wanted) & here
    begun = np.char.startswith(names, f"{wanted} ") & here if len(wanted) > 2 else exact
    weight = towns.people * (exact * _EXACT + begun)
    if sure := bool(weight.any()):
        best = int(np.argmax(weight))
    else:
        large = np.where(here, towns.people, 0) >= 15_000
        like = difflib.get_close_matches(wanted, set(names[large].tolist()), 5, _LIKE)
        if not like:
            raise PlaceError(
                f"no town {text.strip()!r} with 5,000 people or more; check the spelling, write "
                "'town, country', or give latitude, longitude, such as 35.7, 139.7"
            )
        best = int(np.argmax(np.where(np.isin(names, like) & large, towns.people, 0)))
    lat, lng = towns.places[best].tolist()
    return FoundTown(_name(towns.names[best], towns.countries[best]), (lat, lng), sure)


def is_in(town: FoundTown, place: Place) -> bool:
    """Whether a place is in a town, or where people would say so: `whereabouts` names it."""
    return town.name in _named(place)


def whereabouts(place: Place) -> str:
    """A place by the nearest town, and by the city that people know, if that's another one."""
    (first, *others), label = _named(place), str(nearest_town(place))
    city = others[-1] if others else first
    return label if city in {first, *others[:-1]} else f"{label}, near {city}"


def _named(place: Place) -> tuple[str, ...]:
    """The nearest town, the city that it's a part of, and the city that people know nearby."""
    town, towns = nearest_town(place), gazetteer()
    names = [_name(name, town.country) for name in (town.name, town.city) if name]
    km = distance(towns.places, place)
    known = int(np.argmax(towns.people / (km + 5) * (km <= _NEAR_KM)))  # large and near
    if km[known] <= _NEAR_KM:
        names.append(_name(towns.names[known], towns.countries[known]))
    return tuple(names)


def _name(town: str, country: str) -> str:
    return town if town == country else f"{town}, {country}"


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text)
    kept = "".join(c for c in letters if not unicodedata.combining(c)).casefold()
    return re.sub(r"^st(?= )", "saint", re.sub(r"[\W_]+", " ", kept).strip())


@cache
def _names() -> NDArray[np.str_]:
    return np.array([_plain(name) for name in gazetteer().names])


@cache
def _countries() -> NDArray[np.str_]:
    return np.array([_plain(country) for country in gazetteer().countries])


@cache
def _aliases() -> tuple[dict[str, str], dict[tuple[str, str], tuple[str, str]]]:
    """Other names of countries; and of towns, alone or with their country."""
    text = asset("aliases.txt", "geonb_lab")
    pairs = [line.split(" = ") for line in text.splitlines() if not line.startswith("#")]
    countries, towns = {}, {}
    for alias, known in pairs:
        name, country = (_plain(part) for part in known.rsplit(",", 1))
        if name:
            towns[_plain(alias), ""] = towns[_plain(alias), country] = name, country
        else:
            countries[_plain(alias)] = country
    return countries, towns
