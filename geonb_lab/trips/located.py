"""A trip that was located: each photo with its answer, its answer alone, and its neighbours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geonb.distances import Place
from geonb.earth.places import nearest_town
from geonb.errors import GeonbError
from geonb.kept import kept
from geonb.model import Model
from geonb.photos.photo import Photo, PhotoSource, open_photo
from geonb.predictions import Predictions, rank
from geonb.shown.sheets import Sheet, percent
from geonb_lab.tabular import Shown
from geonb_lab.trips.chain import Chain, Moment, Movement
from geonb_lab.trips.shots import MISTAKEN, STRAY, WRONG_PLACE, KnownPlace, Shot, Taken, class_of

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


@dataclass(frozen=True, eq=False, repr=False)
class Located:
    """One photo of a trip.

    Attributes:
        name: What tables call it.
        taken: When it was taken; None if nothing tells it, and the photo then stands alone.
        known: Its place, if that was known before; None if not.
        source: The photo as it was given; a trip doesn't hold the photos themselves.
        predictions: The most probable places given all photos of the trip.
        alone: The most probable places given this photo alone.
    """

    name: str
    taken: Taken | None
    known: KnownPlace | None
    source: PhotoSource
    _shot: Shot
    _model: Model
    _chain: Chain | None  # None if it stands alone
    _moment: Moment | None

    @property
    def photo(self) -> Photo:
        """The photo, opened anew."""
        return open_photo(self.source, allow_private=self._shot.allow_private)

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """The probability of every place of the model, given all photos, (places,).

        A photo was taken where the others say, whether its own answer is worth something or not;
        or it isn't of the trip (`shots.STRAY`), and then only its own answer counts.
        """
        row = self._shot.belief.whole()
        if self.known:
            row[:] = 0.0
            row[class_of(self._model.cells, self.known.place)] = 1.0
        elif here := self._moment:
            row *= STRAY
            row[here.classes] += here.others * (here.seen - STRAY)
        return (row / row.sum()).astype(np.float32)

    @property
    def probabilities_alone(self) -> NDArray[np.float32]:
        """The same given this photo alone."""
        return self._shot.belief.whole().astype(np.float32)

    @kept
    def predictions(self) -> Predictions:
        """The most probable places given all photos of the trip."""
        own = self.alone  # whether the photo is strange, its own answer tells
        return replace(self._ranked(self.probabilities), promise=own.promise, warning=own.warning)

    @kept
    def alone(self) -> Predictions:
        """The most probable places given this photo alone."""
        return self._ranked(self.probabilities_alone)

    def _ranked(self, probabilities: NDArray[np.float32]) -> Predictions:
        truth = self.known.place if self.known else None
        return rank(self._model, self.photo, probabilities, truth=truth)

    @property
    def place(self) -> Place:
        """The known place, or else the most probable one, in degrees."""
        if self.known:
            return self.known.place
        return self._model.cells.place(int(self.probabilities.argmax()))

    @property
    def on_path(self) -> Place | None:
        """Its place on the most probable path of the whole trip; None without a time."""
        return self._model.cells.place(self._moment.on_path) if self._moment else None

    @property
    def elsewhere(self) -> Place | None:
        """Where the others say that it was taken, whatever it says itself; None without a time."""
        here = self._moment
        return self._model.cells.place(int(here.classes[here.others.argmax()])) if here else None

    @property
    def fits(self) -> float:
        """How probable it is that the photo belongs where the others say, 0 to 1."""
        if not self._moment:
            return 1.0
        total = self._moment.others @ self._moment.seen
        return 1 - (WRONG_PLACE if self.known else MISTAKEN + STRAY) / float(total)

    @property
    def neighbours(self) -> tuple[Neighbour, ...]:
        """The three photos that moved it most towards its answer, the strongest first."""
        if self.known or not (self._chain and (here := self._moment)):
            return ()
        moments = self._chain.moments
        m = moments.index(here)
        own = self._shot.belief.whole()[here.classes]
        best = int((here.others * here.seen).argmax())
        moved = []
        for there in moments[max(0, m - _NEIGHBOURS) : m + _NEIGHBOURS + 1]:
            if there is not here:
                hours = there.hours - here.hours
                steps = self._chain.transitions.between(here.classes, there.classes, hours)
                both = own * (steps @ there.seen)
                share = float(both[best] / both.sum()) if both.sum() > 0 else 0.0
                moved.append(Neighbour(there.shots[0].name, hours, share))
        up = [n for n in moved if n.probability > own[best]]
        return tuple(sorted(up, key=lambda n: -n.probability)[:3])

    def __repr__(self) -> str:
        return f"<{self.name}: {nearest_town(self.place)}>"


@dataclass(frozen=True, eq=False, repr=False)
class Trip(Shown, Sequence[Located]):
    """Photos located together: a sequence in the order they were given, and a table when shown.

    Attributes:
        photos: The photos that could be read.
        parts: What is connected in time, each part in its order.
        model: The model that was asked.
        movement: How people were taken to move.
        notes: What has to be said: wrong clocks, places that contradict the rest, gaps.
        failures: Photos that could not be read, each with its error.
    """

    photos: tuple[Located, ...]
    parts: list[list[Located]]
    model: Model
    movement: Movement
    notes: tuple[str, ...]
    failures: Mapping[str, GeonbError] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.photos)

    def __getitem__(self, index: Any) -> Any:
        return self.photos[index]

    @property
    def ordered(self) -> list[Located]:
        """The photos in the order of time; those without a time come last."""
        return sorted(self.photos, key=lambda p: p.taken.seconds if p.taken else np.inf)

    def sheet(self) -> Sheet:
        """The table as people read it, a row per photo, in the order of time."""
        head = ["photo", "taken", "place", "probability", "alone", "probability alone"]
        rows = []
        for photo in self.ordered:
            alone, cells = photo.probabilities_alone, self.model.cells
            sure = percent(float(photo.probabilities.max()))
            rows.append([
                photo.name,
                str(photo.taken or "no time"),
                str(nearest_town(photo.place)),
                f"known ({photo.known.source})" if photo.known else sure,
                str(nearest_town(cells.place(int(alone.argmax())))),
                percent(float(alone.max())),
            ])  # fmt: skip
        parts = f"{len(self.parts)} connected part{'s' * (len(self.parts) != 1)}"
        caption = f"{len(self):,} photos located together, in {parts}"
        return Sheet(caption, head, rows, [*self.notes, *map(str, self.failures.values())], words=5)
