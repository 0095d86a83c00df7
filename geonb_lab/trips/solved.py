"""What the hidden Markov model made of a trip, photo by photo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geonb.distances import haversine
from geonb.kept import kept
from geonb.shown.sheets import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geonb.distances import Place
    from geonb.model import Model
    from geonb_lab.trips.beliefs import Read
    from geonb_lab.trips.chain import Moment
    from geonb_lab.trips.movement import Transitions

MISTAKEN = 0.15  # the share of answers that say nothing of the place, set by hand
STRAY = 0.05  # the share of photos that aren't of the trip: a friend's, a screenshot, a scan
WRONG_PLACE = 0.01
"""The share of known places that are wrong: a copied photo's, or one with a wrong clock."""
TRUST = 0.7
"""Exponent of a photo's probabilities. Photos of one place err alike, so a chain that took them for
independent would be too sure; with 1 it is on drawn tours (set by hand)."""
_NEIGHBOURS = 6  # moments before and after that are asked how they move a photo


@dataclass(frozen=True)
class Neighbour:
    """How one photo moves another.

    Attributes:
        name: The neighbour.
        hours: How long before (negative) or after the photo it was taken.
        probability: What the photo's answer would have, if only this neighbour were known.
    """

    name: str
    hours: float
    probability: float

    def __str__(self) -> str:
        when = f"{abs(self.hours):.1f} h {'before' if self.hours < 0 else 'after'}"
        return f"{self.name}, {when}: {percent(self.probability)} with it alone"


@dataclass(frozen=True, eq=False)
class Chain:
    """Moments of one person that are connected, and what the model made of them."""

    members: list[list[int]]  # the photos of each moment; none where a track ends
    moments: list[Moment]  # in the order of time
    others: list[NDArray[np.float64]]  # for each moment what all others say of its places, (K,)
    path: list[int]  # the place at each moment on the most probable path
    transitions: Transitions
    breaks: tuple[int, ...] = ()  # the moments after which no movement leads on


@dataclass(frozen=True, eq=False)
class Solved:
    """All photos of a trip: what is known of each, what each says alone, and the chains."""

    model: Model
    read: Read
    chains: Sequence[Chain]

    @kept
    def where(self) -> dict[int, tuple[Chain, int]]:
        """The chain and the moment of each photo that doesn't stand alone."""
        return {
            i: (chain, m)
            for chain in self.chains
            for m, members in enumerate(chain.members)
            for i in members
        }

    def probabilities(self, number: int) -> tuple[NDArray[np.float32], float]:
        """The probability of every place for a photo, (places,), and how well the photo fits.

        A photo was taken where the others say, whether its own answer is worth something or not;
        or it isn't of the trip, and then only its own answer counts (`STRAY`).
        """
        answer, known = self.read.beliefs.row(number), self.read.known[number]
        if known:
            answer = np.zeros(len(answer))
            answer[class_of(self.model, known.place)] = 1.0
        if number not in self.where:
            return answer.astype(np.float32), 1.0
        chain, m = self.where[number]
        others, seen = chain.others[m], np.exp(chain.moments[m].emission)
        total = float(others @ seen)
        if known:
            return answer.astype(np.float32), 1 - WRONG_PLACE / total
        answer = answer * (STRAY / total)
        answer[chain.moments[m].classes] += others * (seen - STRAY) / total
        return (answer / answer.sum()).astype(np.float32), 1 - (MISTAKEN + STRAY) / total

    def elsewhere(self, number: int) -> Place | None:
        """Where the others say that a photo was taken, whatever it says itself."""
        if number not in self.where:
            return None
        chain, m = self.where[number]
        return self.model.cells.place(int(chain.moments[m].classes[chain.others[m].argmax()]))

    def neighbours(self, number: int, count: int) -> tuple[Neighbour, ...]:
        """The photos that moved a photo most towards its answer, the strongest first."""
        if number not in self.where or self.read.known[number]:
            return ()
        chain, m = self.where[number]
        here = chain.moments[m]
        own = self.read.beliefs.row(number)[here.classes]
        best = int((chain.others[m] * np.exp(here.emission)).argmax())
        moved = []
        for j in range(max(0, m - _NEIGHBOURS), min(len(chain.moments), m + _NEIGHBOURS + 1)):
            there, members = chain.moments[j], chain.members[j]
            if j != m and members:
                hours = there.hours - here.hours
                steps = chain.transitions.between(here.classes, there.classes, hours)
                told = own * (steps @ np.exp(there.emission - there.emission.max()))
                share = float(told[best] / told.sum()) if told.sum() > 0 else 0.0
                moved.append(Neighbour(self.read.names[members[0]], hours, share))
        up = [n for n in moved if n.probability > own[best]]
        return tuple(sorted(up, key=lambda n: -n.probability)[:count])


def class_of(model: Model, place: Place) -> int:
    """The class of a place: the cell that holds it, or else the one with the nearest centre."""
    found = int(model.cells.index([place])[0])
    return found if found >= 0 else int(haversine(model.cells.places, np.array(place)).argmin())
