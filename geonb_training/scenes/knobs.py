"""A street whose clues can be changed, one at a time, to see what a model looks at."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Self

from geonb.errors import TrainingError
from geonb_training.scenes.cities import City, cities
from geonb_training.scenes.scene import Chances, Scene, Shot, draw
from geonb_training.scenes.sets import example_shot

Look = dict[str, Any]
"""Fields of a city, and what they are then."""


_SPOTS = ("Tokyo Tower", "Eiffel Tower", "Big Ben", "Taj Mahal", "Pyramids of Giza")


@dataclass(frozen=True)
class Street:
    """A drawn street with knobs; each call of `turn` gives another street.

    Everything that a knob doesn't change stays where it is, to the last window.

    Attributes:
        shot: The street as it was.
        turned: The knobs that were turned, and to what.
    """

    shot: Shot
    turned: Mapping[str, str] = field(default_factory=dict)

    @property
    def knobs(self) -> dict[str, tuple[str, ...]]:
        """The choices of each knob; what the street had at first comes first."""
        return {knob: tuple(choices) for knob, choices in self._choices().items()}

    @property
    def settings(self) -> dict[str, str]:
        """What each knob is turned to."""
        return {knob: self.turned.get(knob, first) for knob, (first, *_) in self.knobs.items()}

    def turn(self, knob: str, choice: str) -> Self:
        """Turn one knob. Raises `TrainingError` for a knob or a choice that isn't there."""
        choices = self.knobs.get(knob)
        if choices is None:
            raise TrainingError(f"no knob {knob!r}; there are {', '.join(self.knobs)}")
        if choice not in choices:
            raise TrainingError(f"{knob} can't be {choice!r}; there are {', '.join(choices)}")
        return replace(self, turned={**self.turned, knob: choice})

    def draw(self) -> Scene:
        """Draw the street as it is now."""
        look: Look = {"setting": self.shot.setting}
        for knob, choice in self.turned.items():
            look |= self._choices()[knob][choice]
        setting = look.pop("setting")
        turned = replace(self.shot, city=replace(self.shot.city, **look), setting=setting)
        return draw(turned, _chances(self.shot))

    def _choices(self) -> dict[str, dict[str, Look]]:
        """What each choice of each knob changes, with the street's own look first."""
        city = self.shot.city
        knobs = {knob: _own_first(city, looks) for knob, looks in _looks().items()}
        none = {"none": {"setting": "city"}}
        others = {name: _spot(name) for name in _SPOTS if name != city.spot}
        own = {city.spot: {"setting": "spot"}}
        first = own | none if self.shot.setting == "spot" else none | own
        return {**knobs, "landmark": first | others}


@lru_cache(maxsize=8)
def _chances(shot: Shot) -> Chances:
    """The random numbers of a street as it was."""
    chances = Chances(shot.seed)
    draw(shot, chances)
    return chances


@cache
def _looks() -> dict[str, dict[str, Look]]:
    """What each choice of each knob changes, from `knobs.txt`."""
    text = (resources.files("geonb_training.scenes") / "knobs.txt").read_text(encoding="ascii")
    knobs: dict[str, dict[str, Look]] = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            knob, choice, *fields = line.split(" | ")
            knobs.setdefault(knob, {})[choice] = dict(field.split("=") for field in fields)
    return knobs


def _own_first(city: City, looks: dict[str, Look]) -> dict[str, Look]:
    columns = next(iter(looks.values()))
    own = {column: getattr(city, column) for column in columns}
    name = next((name for name, look in looks.items() if look == own), "its own")
    return {name: own} | looks


def _spot(name: str) -> Look:
    city = next(city for city in cities() if city.spot == name)
    return {"setting": "spot", "spot_shape": city.spot_shape, "spot_colour": city.spot_colour}


def example_street(name: str = "tokyo") -> Street:
    """The street of a photo that comes with geonb (see `example_photo`), with knobs."""
    return Street(example_shot(name))
