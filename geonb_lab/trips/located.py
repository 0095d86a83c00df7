"""A trip that was located: each photo with its answer, its answer alone, and its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.earth.places import nearest_town
from geonb.kept import kept
from geonb.photos.photo import Photo, open_photo
from geonb.predictions import Predictions, rank
from geonb.shown.sheets import Sheet, percent
from geonb_lab.tabular import Shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from geonb.distances import Place
    from geonb.errors import GeonbError
    from geonb.model import Model
    from geonb.photos.photo import PhotoSource
    from geonb_lab.trips.movement import Movement
    from geonb_lab.trips.solved import Neighbour, Solved
    from geonb_lab.trips.times import KnownPlace, Taken


@dataclass(frozen=True, eq=False, repr=False)
class Located:
    """One photo of a trip.

    Attributes:
        number: Its number among the photos that could be read.
        name: What tables call it.
        taken: When it was taken; None if nothing tells it, and the photo then stands alone.
        known: Its place, if that was known before; None if not.
        predictions: The most probable places given all photos of the trip.
        alone: The most probable places given this photo alone.
    """

    number: int
    name: str
    taken: Taken | None
    known: KnownPlace | None
    _solved: Solved

    @property
    def source(self) -> PhotoSource:
        """The photo as it was given; a trip doesn't hold the photos themselves."""
        return self._solved.read.sources[self.number]

    @property
    def photo(self) -> Photo:
        """The photo, opened anew."""
        return open_photo(self.source, allow_private=self._solved.read.allow_private)

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """The probability of every place of the model, given all photos, (places,)."""
        return self._solved.probabilities(self.number)[0]

    @property
    def probabilities_alone(self) -> NDArray[np.float32]:
        """The same given this photo alone."""
        return self._solved.read.beliefs.row(self.number).astype(np.float32)

    @kept
    def predictions(self) -> Predictions:
        """The most probable places given all photos of the trip."""
        return self._ranked(self.probabilities)

    @kept
    def alone(self) -> Predictions:
        """The most probable places given this photo alone."""
        return self._ranked(self.probabilities_alone)

    def _ranked(self, probabilities: NDArray[np.float32]) -> Predictions:
        solved, truth = self._solved, self.known.place if self.known else None
        return rank(solved.model, self.photo, probabilities, truth=truth, **solved.read.choices)

    @property
    def place(self) -> Place:
        """The known place, or else the most probable one, in degrees."""
        if self.known:
            return self.known.place
        return self._solved.model.cells.place(int(self.probabilities.argmax()))

    @property
    def on_path(self) -> Place | None:
        """Its place on the most probable path of the whole trip; None without a time."""
        found = self._solved.where.get(self.number)
        return self._solved.model.cells.place(found[0].path[found[1]]) if found else None

    @property
    def fits(self) -> float:
        """How probable it is that the photo belongs where the others say, 0 to 1."""
        return self._solved.probabilities(self.number)[1]

    @property
    def neighbours(self) -> tuple[Neighbour, ...]:
        """The three photos that moved it most, first the strongest."""
        return self._solved.neighbours(self.number, 3)

    def __repr__(self) -> str:
        return f"<{self.name}: {nearest_town(self.place)}>"


@dataclass(frozen=True, eq=False, repr=False)
class Trip(Shown, Sequence[Located]):
    """Photos located together: a sequence in the order they were given, and a table when shown.

    Attributes:
        photos: The photos that could be read.
        movement: How people were taken to move.
        notes: What has to be said: wrong clocks, places that contradict the rest, gaps.
        failures: Photos that could not be read, each with its error.
    """

    photos: tuple[Located, ...]
    movement: Movement
    notes: tuple[str, ...]
    failures: Mapping[str, GeonbError]
    _solved: Solved

    def __len__(self) -> int:
        return len(self.photos)

    def __getitem__(self, index: Any) -> Any:
        return self.photos[index]

    @property
    def model(self) -> Model:
        """The model that was asked."""
        return self._solved.model

    @property
    def parts(self) -> list[list[Located]]:
        """What is connected in time, each part in its order."""
        chains = self._solved.chains
        return [[self.photos[i] for group in c.members for i in group] for c in chains]

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
        parts = len(self.parts)
        caption = (
            f"{len(self):,} photos located together, in {parts} connected part{'s' * (parts != 1)}"
        )
        failed = [str(error) for error in self.failures.values()]
        return Sheet(caption, head, rows, [*self.notes, *failed], words=5)
