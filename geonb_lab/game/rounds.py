"""The score of the guessing game: you, the model, and the constant guess, photo by photo."""

from dataclasses import dataclass

import numpy as np

from geonb.distances import Place, distance
from geonb.earth.places import nearest_town
from geonb.shown.sheets import Sheet
from geonb_lab.evaluation.guesses import one_place
from geonb_lab.evaluation.scores import osv5m_points
from geonb_lab.game.towns import FoundTown, find_town, whereabouts
from geonb_lab.tabular import Shown

PLAYERS = ("you", "model", "constant guess")


@dataclass(frozen=True)
class Round:
    """One photo of the game.

    Attributes:
        photo: The photo's name.
        truth: Where it was taken, in degrees.
        guesses: The places of you, the model and the constant guess, in degrees.
        named: Whether you named the city, which is a hit.
    """

    photo: str
    truth: Place
    guesses: tuple[Place, Place, Place]
    named: bool = False

    @property
    def km(self) -> list[float]:
        """How far off each guess is."""
        yours, *others = distance(list(self.guesses), self.truth).tolist()
        return [0.0 if self.named else yours, *others]

    @property
    def points(self) -> list[float]:
        """OSV-5M's score of each guess, 0 to 5000: 5000 exp(-km / 1492.7)."""
        return osv5m_points(np.array(self.km)).tolist()


@dataclass(frozen=True, repr=False)
class Rounds(Shown):
    """All rounds that were played: a table wherever it is shown.

    Attributes:
        played: The rounds in their order.
    """

    played: tuple[Round, ...] = ()

    @property
    def total(self) -> list[float]:
        """The points of you, the model and the constant guess, all rounds together."""
        return np.sum([round_.points for round_ in self.played], axis=0).tolist()

    @property
    def summary(self) -> str:
        """Who won, in one sentence; empty before the first round."""
        if not self.played:
            return ""
        you, model, constant = (round(points) for points in self.total)
        winner = "You win" if you > model else "The model wins"
        verdict = f"{winner}, {max(you, model):,} to {min(you, model):,}"
        if you == model:
            verdict = f"A draw, {you:,} each"
        town = nearest_town(self.played[0].guesses[2])
        return f"{verdict}. Always guessing {town.city or town.name} would get {constant:,}."

    def sheet(self) -> Sheet:
        """The table as people read it."""
        head = ["photo", "taken in", *(f"{player}, km" for player in PLAYERS), *PLAYERS]
        rows = [
            [str(number), whereabouts(r.truth), *(f"{km:,.1f}" for km in r.km),
             *(f"{points:,.0f}" for points in r.points)]
            for number, r in enumerate(self.played, start=1)
        ]  # fmt: skip
        notes = [self.summary or "No photo was guessed yet."]
        caption = "Kilometres off, and points: 5000 for a hit or the city's name, half at 1,035 km"
        return Sheet(caption, head, rows, notes, words=2)


def find_place(text: str) -> FoundTown:
    """Find the town that is meant, or "latitude, longitude". Raises `PlaceError`."""
    try:
        lat, lng = (float(part) for part in text.split(","))
    except ValueError:
        return find_town(text)
    return FoundTown("", one_place((lat, lng)), sure=True)
