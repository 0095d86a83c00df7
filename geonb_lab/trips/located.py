"""A trip that was located: each photo with its answer, its answer alone, and its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.distances import haversine
from geonb.earth.places import nearest_town
from geonb.photos.photo import Photo, PhotoSource, open_photo
from geonb.predictions import Predictions, rank
from geonb.regions import read_promise
from geonb.shown.sheets import Sheet, percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from geonb.distances import Place
    from geonb.errors import GeonbError
    from geonb.model import Model
    from geonb.regions import Promise
    from geonb_lab.trips.beliefs import Beliefs
    from geonb_lab.trips.chain import Moment
    from geonb_lab.trips.movement import Movement, Transitions
    from geonb_lab.trips.times import Taken

MISTAKEN = 0.15
"""The share of answers that say nothing of the place, fitted on drawn tours."""
STRAY = 0.05
"""The share of photos that aren't of the trip: a friend's, a screenshot, a scan."""
WRONG_PLACE = 0.01
"""The share of known places that are wrong: a copied photo's, or one with a wrong clock."""
TRUST = 0.7
"""Exponent of a photo's probabilities. Photos of one place err alike, so a chain that took them for
independent would be too sure; with 1 it is (fitted on drawn tours)."""
_NEIGHBOURS = 6
"""Moments before and after that are asked how they move a photo."""


@dataclass(frozen=True)
class KnownPlace:
    """A place that is known of a photo: in degrees, to so many km, and what told it."""

    place: Place
    source: str
    accuracy_km: float = 0.0


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
        return f"with {self.name}, {when}: {percent(self.probability)}"


@dataclass(frozen=True, eq=False)
class Chain:
    """Moments of one person that are connected, and what the model made of them.

    Attributes:
        members: The photos of each moment; none where a track ends.
        moments: The moments, in order of time.
        others: For each moment what all others say of its places, (K,).
        path: The place at each moment on the most probable path.
        transitions: How the person moves.
    """

    members: list[list[int]]
    moments: list[Moment]
    others: list[NDArray[np.float64]]
    path: list[int]
    transitions: Transitions


@dataclass(frozen=True, eq=False, repr=False)
class Located:
    """One photo of a trip.

    Attributes:
        trip: The trip that it belongs to.
        number: Its number among the photos as they were given.
        name: What tables call it.
        taken: When it was taken; None if nothing tells it, and the photo then stands alone.
        known: Its place, if that was known before; None if not.
        predictions: The most probable places given all photos of the trip.
        alone: The most probable places given this photo alone.
        fits: How probable it is that the photo was taken where the others say, 0 to 1.
        neighbours: The photos that moved it most, first the strongest.
        on_path: Its place on the most probable path.
    """

    trip: Trip
    number: int
    name: str
    taken: Taken | None
    known: KnownPlace | None

    @property
    def photo(self) -> Photo:
        """The photo, opened anew: a trip of thousands would not fit into the memory."""
        return open_photo(self.trip.sources[self.number], allow_private=self.trip.allow_private)

    @cached_property
    def predictions(self) -> Predictions:
        """The most probable places given all photos of the trip."""
        return self._ranked(self.trip.probabilities(self.number)[0])

    @cached_property
    def alone(self) -> Predictions:
        """The most probable places given this photo alone."""
        return self._ranked(self.trip.beliefs.row(self.number).astype(np.float32))

    def _ranked(self, probabilities: NDArray[np.float32]) -> Predictions:
        trip = self.trip
        truth = self.known.place if self.known else None
        return rank(trip.model, self.photo, probabilities, truth=truth, **trip.choices)

    @property
    def fits(self) -> float:
        """How probable it is that the photo was taken where the others say, 0 to 1."""
        return self.trip.probabilities(self.number)[1]

    @property
    def on_path(self) -> Place | None:
        """Its place on the most probable path; None for a photo without a time."""
        found = self.trip.find(self.number)
        return found and self.trip.model.cells.place(found[0].path[found[1]])

    @cached_property
    def neighbours(self) -> tuple[Neighbour, ...]:
        """The photos that moved it most, first the strongest."""
        return self.trip.neighbours(self.number)

    def __repr__(self) -> str:
        best = int(self.trip.probabilities(self.number)[0].argmax())
        place = self.known.place if self.known else self.trip.model.cells.place(best)
        return f"<{self.name}: {nearest_town(place)}>"


@dataclass(frozen=True, eq=False, repr=False)
class Trip(Sequence[Located]):
    """Photos located together: a sequence in the order they were given, and a table when shown.

    Attributes:
        model: The model that was asked.
        sources: The photos, as they were given.
        photos: What is known of each.
        beliefs: What each says alone.
        chains: What is connected in time, with what the hidden Markov model made of it.
        movement: How people were taken to move.
        notes: What has to be said: wrong clocks, places that contradict the rest, gaps.
        failures: Photos that could not be read, each with its error.
        choices: ``top``, ``within`` and ``spread_km`` of `geonb.predict`.
        allow_private: See `geonb.open_photo`.
        path: Photos in the order of time with their places on the most probable path.
    """

    model: Model
    sources: Sequence[PhotoSource]
    about: Sequence[tuple[str, Taken | None, KnownPlace | None]]
    beliefs: Beliefs
    chains: Sequence[Chain]
    movement: Movement
    notes: tuple[str, ...]
    failures: Mapping[str, GeonbError]
    choices: Mapping[str, Any]
    allow_private: bool = False

    def __len__(self) -> int:
        return len(self.about)

    def __getitem__(self, index: Any) -> Any:
        return self.photos[index]

    @cached_property
    def photos(self) -> tuple[Located, ...]:
        """What is known of each photo."""
        return tuple(Located(self, i, *facts) for i, facts in enumerate(self.about))

    @property
    def path(self) -> list[tuple[Located, Place]]:
        """Photos in the order of time with their places on the most probable path."""
        return [
            (self.photos[i], self.model.cells.place(chain.path[m]))
            for chain in self.chains
            for m, members in enumerate(chain.members)
            for i in members
        ]

    @property
    def promise(self) -> Promise | None:
        """What the model promises of regions; it was learned on photos alone."""
        folder = self.model.folder
        return read_promise(folder, len(self.model.cells)) if folder else None

    def find(self, number: int) -> tuple[Chain, int] | None:
        """The chain and the moment of a photo; None if it stands alone."""
        return self._where.get(number)

    @cached_property
    def _where(self) -> dict[int, tuple[Chain, int]]:
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
        found, known = self.find(number), self.about[number][2]
        answer = self.beliefs.row(number).copy()
        if known:
            answer[:] = 0.0
            answer[class_of(self.model, known.place)] = 1.0
        if found is None:
            return answer.astype(np.float32), 1.0
        chain, m = found
        moment, others = chain.moments[m], chain.others[m]
        seen = np.exp(moment.emission)
        total = float(others @ seen)
        if known:
            return answer.astype(np.float32), 1 - WRONG_PLACE / total
        answer *= STRAY / total
        answer[moment.classes] += others * (seen - STRAY) / total
        return (answer / answer.sum()).astype(np.float32), 1 - (MISTAKEN + STRAY) / total

    def neighbours(self, number: int, count: int = 3) -> tuple[Neighbour, ...]:
        """The photos that moved a photo most towards its answer, the strongest first."""
        found = self.find(number)
        if found is None or self.about[number][2]:
            return ()
        chain, m = found
        alone, here = self.beliefs.row(number).copy(), chain.moments[m]
        classes, own = here.classes, alone[here.classes]
        best = int((chain.others[m] * np.exp(here.emission)).argmax())
        moved = []
        for j in range(max(0, m - _NEIGHBOURS), min(len(chain.moments), m + _NEIGHBOURS + 1)):
            there = chain.moments[j]
            if j == m or not chain.members[j]:
                continue
            steps = chain.transitions.between(classes, there.classes, abs(there.hours - here.hours))
            told = own * (steps @ np.exp(there.emission - there.emission.max()))
            name = self.about[chain.members[j][0]][0]
            share = float(told[best] / told.sum()) if told.sum() > 0 else 0.0
            moved.append(Neighbour(name, there.hours - here.hours, share))
        up = [n for n in moved if n.probability > own[best]]
        return tuple(sorted(up, key=lambda n: -n.probability)[:count])

    def elsewhere(self, number: int) -> Place | None:
        """Where the others say that a photo was taken, whatever it says itself."""
        found = self.find(number)
        if found is None:
            return None
        chain, m = found
        return self.model.cells.place(int(chain.moments[m].classes[chain.others[m].argmax()]))

    def sheet(self) -> Sheet:
        """The table as people read it, a row per photo, in the order of time."""
        head = ["photo", "taken", "place", "probability", "alone", "probability alone"]
        order = sorted(self.photos, key=lambda p: (p.taken is None, p.taken and p.taken.seconds))
        count = len({id(chain) for chain in self.chains})
        caption = f"{len(self):,} photos located together, in {count} connected parts"
        return Sheet(caption, head, [self._row(p) for p in order], list(self.notes), words=5)

    def _row(self, photo: Located) -> list[str]:
        together, alone = self.probabilities(photo.number)[0], self.beliefs.row(photo.number)
        best, first = int(together.argmax()), int(alone.argmax())
        cells, known = self.model.cells, photo.known
        return [
            photo.name,
            str(photo.taken) if photo.taken else "no time",
            str(nearest_town(known.place if known else cells.place(best))),
            f"known ({known.source})" if known else percent(float(together[best])),
            str(nearest_town(cells.place(first))),
            percent(float(alone[first])),
        ]

    def __repr__(self) -> str:
        return self.sheet().text()

    def _repr_html_(self) -> str:
        return self.sheet().html()


def class_of(model: Model, place: Place) -> int:
    """The class of a place: the cell that holds it, or else the one with the nearest centre."""
    found = int(model.cells.index([place])[0])
    return found if found >= 0 else int(haversine(model.cells.places, np.array(place)).argmin())
