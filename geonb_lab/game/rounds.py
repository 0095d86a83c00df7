"""The score of the guessing game: you, the model, and the constant guess, photo by photo."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np

from geonb.distances import Place, distance
from geonb.earth.places import gazetteer, nearest_town
from geonb.errors import PlaceError
from geonb.shown.sheets import Sheet
from geonb_lab.evaluation.guesses import one_place
from geonb_lab.evaluation.scores import osv5m_points

PLAYERS = ("you", "model", "constant guess")


@dataclass(frozen=True)
class Round:
    """One photo of the game.

    Attributes:
        photo: The photo's name.
        truth: Where it was taken, in degrees.
        guesses: The places of you, the model and the constant guess, in degrees.
        km: How far off each of them is.
        points: OSV-5M's score of each, 0 to 5000: 5000 exp(-km / 1492.7).
    """

    photo: str
    truth: Place
    guesses: tuple[Place, Place, Place]

    @property
    def km(self) -> list[float]:
        """How far off each guess is."""
        return distance(list(self.guesses), self.truth).tolist()

    @property
    def points(self) -> list[float]:
        """OSV-5M's score of each guess, 0 to 5000."""
        return osv5m_points(np.array(self.km)).tolist()


@dataclass(frozen=True)
class Rounds:
    """All rounds that were played: a table wherever it is shown.

    Attributes:
        played: The rounds in their order.
        total: The points of you, the model and the constant guess, all rounds together.
        summary: Who won, in one sentence; empty before the first round.
    """

    played: tuple[Round, ...] = ()

    @property
    def total(self) -> list[float]:
        """The points of each player, all rounds together."""
        return np.sum([round_.points for round_ in self.played], axis=0).tolist()

    @property
    def summary(self) -> str:
        """Who won, in one sentence."""
        if not self.played:
            return ""
        you, model, constant = (round(points) for points in self.total)
        verdict = "you beat the model" if you > model else "the model beats you"
        if you == model:
            verdict = "a draw with the model"
        photos = f"{len(self.played)} photo{'s' if len(self.played) > 1 else ''}"
        return (
            f"{photos}: {verdict}, {you:,} to {model:,} points. "
            f"Whoever never looks gets {constant:,}."
        )

    def sheet(self) -> Sheet:
        """The table as people read it."""
        head = ["photo", "taken in", *(f"{player}, km" for player in PLAYERS), *PLAYERS]
        rows = [
            [str(number), str(nearest_town(r.truth)), *(f"{km:,.1f}" for km in r.km),
             *(f"{points:,.0f}" for points in r.points)]
            for number, r in enumerate(self.played, start=1)
        ]  # fmt: skip
        notes = [self.summary or "No photo was guessed yet."]
        caption = "Kilometres off, and points: 5000 for a hit, half at 1,035 km"
        return Sheet(caption, head, rows, notes, words=2)

    def __repr__(self) -> str:
        return self.sheet().text()

    def _repr_html_(self) -> str:
        return self.sheet().html()


def find_place(text: str) -> Place:
    """The place of a town by its name, or of "latitude, longitude". Raises `PlaceError`.

    Of several towns with the name, the most populous; accents and capitals don't matter.
    """
    try:
        lat, lng = (float(part) for part in text.split(","))
    except ValueError:
        return _town(text)
    return one_place((lat, lng))


def _town(text: str) -> Place:
    towns, (name, _, country) = gazetteer(), text.partition(",")
    names = np.array([_plain(town) for town in towns.names]) == _plain(name)
    if country:
        names &= np.array([_plain(other) for other in towns.countries]) == _plain(country)
    if not names.any():
        raise PlaceError(
            f"no town {text.strip()!r} with 5,000 people or more; check the spelling, write "
            "'town, country', or give latitude, longitude, such as 35.7, 139.7"
        )
    return one_place(towns.places[np.argmax(np.where(names, towns.people, -1.0))])


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.strip())
    return "".join(c for c in letters if not unicodedata.combining(c)).casefold()
