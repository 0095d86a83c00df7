"""A street, changed in one clue at a time, and what a model says of each; needs no widget."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Any

from PIL import Image

from geonb.errors import printable
from geonb.model import Model
from geonb.photos.photo import open_photo
from geonb.predictions import Prediction, Predictions, predict
from geonb.shown.pictures import styled, tag, thumbnail

_SIDE = 320
"""Pixels; the longer side of a picture in the grid."""
_GRID = "display: grid; grid-template-columns: repeat(auto-fill, minmax(13em, 1fr)); gap: 1em"


@dataclass(frozen=True)
class Flip:
    """One knob that was turned, and what the model says then.

    Attributes:
        name: The knob and its choice; "as it was" for the street before.
        image: The street.
        alt: What can be seen of it, in words.
        predictions: The model's five guesses.
    """

    name: str
    image: Image.Image
    alt: str
    predictions: Predictions

    @property
    def city(self) -> str:
        """Where the model puts the street first."""
        return city_of(self.predictions[0])

    @property
    def answer(self) -> str:
        """The model's first guess, in words."""
        return f"{self.predictions[0].town} {self.predictions[0].probability:.0%}"


@dataclass(frozen=True)
class Flips:
    """A street and its changes: a grid of pictures with the answers below them.

    Attributes:
        flips: The street as it was, then one change at a time.
    """

    flips: tuple[Flip, ...]

    def __repr__(self) -> str:
        width = max(len(flip.name) for flip in self.flips)
        return "\n".join(f"{printable(f.name):{width}}  {printable(f.answer)}" for f in self.flips)

    def _repr_html_(self) -> str:
        return styled(f"<div style='{_GRID}'>{''.join(map(self._figure, self.flips))}</div>")

    def _figure(self, flip: Flip) -> str:
        picture = tag(flip.alt, thumbnail(open_photo(flip.image), _SIDE), "jpeg")
        moved = "→ " if flip.city != self.flips[0].city else ""
        words = f"{escape(flip.name)}<br><b>{moved}{escape(flip.answer)}</b>"
        return f"<figure style='margin: 0'>{picture}<figcaption>{words}</figcaption></figure>"


def show_flips(model: Model, street: Any, flips: Iterable[tuple[str, str]] | None = None) -> Flips:
    """Show what a model says of a street when one clue at a time is changed.

    ``street`` is what `geonb_training.scenes.example_street` gives, or another drawing with knobs.
    ``flips`` are pairs of a knob and its choice; by default each knob is turned to its second
    choice. Raises `GeonbError` for a knob or a choice that isn't there.
    """
    if flips is None:
        flips = [(knob, choices[1]) for knob, choices in street.knobs.items()]
    scenes = [("as it was", street.draw())]
    scenes += [(f"{knob}: {choice}", street.turn(knob, choice).draw()) for knob, choice in flips]
    return Flips(
        tuple(Flip(name, x.image, in_words(x), predict(model, x.image)) for name, x in scenes)
    )


def city_of(guess: Prediction) -> str:
    """The city that a guess is in, without its part of town."""
    return guess.town.city or guess.town.name


def in_words(scene: Any) -> str:
    """What can be seen in a scene, for people who can't see it."""
    return f"A drawn street: {', '.join(scene.clues)}"
