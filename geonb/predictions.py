"""Predictions: the most probable places of a photo."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from types import ModuleType
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from geonb.distances import Place, check_points, distance, haversine
from geonb.earth.cells import Belief
from geonb.errors import ModelError
from geonb.kept import kept
from geonb.photos.photo import Photo, PhotoSource, open_photo

if TYPE_CHECKING:
    from geonb.answers import Answer, TruthCell
    from geonb.earth.places import Town
    from geonb.earth.within import Within
    from geonb.model import Model
    from geonb.promise import Promise
    from geonb.shown.sheets import Sheet


@dataclass(frozen=True)
class Prediction:
    """One of the places where a photo may have been taken.

    It unpacks and indexes like the blog's ``(rank, probability, (latitude, longitude))``.

    Attributes:
        rank: 1 for the most probable cell.
        probability: Probability of the cell, 0 to 1.
        place: Latitude and longitude of the cell's centre of mass, in degrees.
        token: S2 token of the cell.
    """

    rank: int
    probability: float
    place: Place
    token: str

    @property
    def town(self) -> Town:
        """The nearest town, with its distance in kilometres."""
        from geonb.earth.places import nearest_town

        return nearest_town(self.place)

    def __iter__(self) -> Iterator[Any]:
        return iter((self.rank, self.probability, self.place))

    def __getitem__(self, index: int) -> Any:
        return (self.rank, self.probability, self.place)[index]

    def __len__(self) -> int:
        return 3


@dataclass(frozen=True)
class Predictions(Sequence[Prediction]):
    """The most probable places of one photo, best first: a sequence, and a table when shown.

    Attributes:
        best: The predictions, by rank.
        photo: The photo that they are for.
        model, engine: Names of the model and of the engine that ran it.
        model_note: What has to be said beside them: the model's limits and licence.
        given_truth: Where the photo was taken, in degrees, if you said so.
        within: The region that the places were limited to, in words; empty if there is none.
        spread_km: Guesses closer than this (km) were merged; 0 if none were.
        belief: Probabilities of all the model's places; None if only the best cells are known.
        promise: What the model promises of regions; None if nothing.
        warning: Why not to believe them, in a sentence; then there is neither answer nor promise.
    """

    best: tuple[Prediction, ...]
    photo: Photo
    model: str
    engine: str
    model_note: str = ""
    given_truth: Place | None = None
    belief: Belief | None = None
    within: str = ""
    spread_km: float = 0.0
    promise: Promise | None = None
    warning: str = ""

    def __len__(self) -> int:
        return len(self.best)

    @overload
    def __getitem__(self, index: int) -> Prediction: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Prediction, ...]: ...
    def __getitem__(self, index: int | slice) -> Prediction | tuple[Prediction, ...]:
        return self.best[index]

    @property
    def places(self) -> list[Place]:
        """The places alone, best first: latitude and longitude in degrees."""
        return [prediction.place for prediction in self.best]

    @property
    def truth(self) -> Place | None:
        """Where the photo was taken, in degrees: what you gave, or else what its file tells.

        Tables and maps then show distances; None if it isn't known.
        """
        return self.given_truth or self.photo.place

    @property
    def note(self) -> str:
        """What has to be said beside them, of the model and of the photo."""
        return "; ".join(filter(None, (self.model_note, self.photo.note)))

    @property
    def distances(self) -> list[float] | None:
        """Kilometres from each place to the truth; None if that is not known."""
        return None if self.truth is None else distance(self.places, self.truth).tolist()

    @kept
    def answer(self) -> Answer | None:
        """The best place and how sure it is; None after a warning, or if only cells are known."""
        from geonb.answers import answer

        belief = None if self.warning else self.belief
        return answer(belief.cells, belief.probabilities) if belief else None

    @kept
    def truth_cell(self) -> TruthCell | None:
        """The cell that would have been right; None if that is not known."""
        from geonb.answers import truth_cell

        belief, truth = self.belief, self.truth
        return truth_cell(belief.cells, belief.probabilities, truth) if belief and truth else None

    @property
    def summary(self) -> str:
        """The answer in a few sentences; empty if only the best cells are known."""
        return f"{self.answer or ''} {self.restriction}".strip()

    @property
    def restriction(self) -> str:
        """Which places alone were considered, in a sentence; empty if all were."""
        return f"Only places within {self.within} were considered." if self.within else ""

    def sheet(self) -> Sheet:
        """The table as people read it."""
        return _formats().sheet(self)

    def __repr__(self) -> str:
        return self.sheet().text()

    def _repr_html_(self) -> str:
        return self.sheet().html()

    def to_dict(self) -> dict[str, Any]:
        """What ``geonb locate --json`` prints."""
        return _formats().to_dict(self)

    def to_dataframe(self) -> Any:
        """A pandas DataFrame, one row per prediction; ``distance_km`` if the truth is known."""
        return _formats().to_dataframe(self)

    def to_geojson(self) -> dict[str, Any]:
        """A GeoJSON FeatureCollection of points (RFC 7946: longitude comes first there)."""
        return _formats().to_geojson(self)


def predict(
    model: Model,
    photo: PhotoSource,
    top: int = 5,
    truth: Place | None = None,
    within: Within | None = None,
    spread_km: float | None = None,
) -> Predictions:
    """Predict where ``photo`` was taken: the ``top`` most probable places (or all), best first.

    ``within`` is what you already know: a country's name or ISO code, a circle (latitude,
    longitude, kilometres), or a box (south, west, north, east). Other places are left out, and
    the probability of the rest adds up to 1. A place belongs to the country of its nearest town.

    Guesses closer than ``spread_km`` kilometres are merged, and their probabilities added up.
    Merging doesn't change the order. By default it's the model's: 25 for GeoCLIP, whose places
    crowd in cities, 0 for LocationNet and mini.

    ``truth`` is where it was taken, (latitude, longitude) in degrees; by default it's the place
    in the photo's EXIF. The model never sees it: it's for the distances in tables and maps.
    Raises `PhotoError`, `ModelError`, and `PlaceError` for an impossible truth.
    """
    photo = open_photo(photo)
    if truth is not None:
        truth = tuple(check_points(truth).tolist())
    return rank(model, photo, model.probabilities(photo)[0], top, truth, within, spread_km)


def rank(  # noqa: PLR0913, PLR0917 - those of `predict`, and its probabilities
    model: Model,
    photo: Photo,
    probabilities: NDArray[np.float32],
    top: int = 5,
    truth: Place | None = None,
    within: Within | None = None,
    spread_km: float | None = None,
) -> Predictions:
    """The ``top`` most probable places by the ``probabilities`` of all cells, (cells,)."""
    km = model.spread_km if spread_km is None else spread_km
    if not (isinstance(top, (int, np.integer)) and top >= 1):
        raise ModelError(f"top is how many places to give, at least 1, not {top!r:.40}")
    places, name, warning = model.cells.places, "", ""
    if model.is_strange(probabilities):
        warning = f"This photo is unlike all that {model.name} has seen: its guesses mean nothing."
    if within is not None:
        from geonb.earth.within import limit

        limited = limit(model.cells, within)
        probabilities, name = limited.rescale(probabilities), limited.name
        top = min(top, int(limited.inside.sum()))
    found = islice(merge(places, probabilities, km), min(top, len(places)))
    best = tuple(
        Prediction(place, probability, model.cells.place(i), model.cells.tokens[i])
        for place, (i, probability) in enumerate(found, start=1)
    )
    belief = Belief(model.cells, probabilities)
    promise = None if name or warning else model.promise
    return Predictions(
        best, photo, model.name, model.engine, model.note, truth, belief, name, km, promise, warning
    )


def merge(
    places: NDArray[np.float64], probabilities: NDArray[np.float32], km: float
) -> Iterator[tuple[int, float]]:
    """The numbers of the most probable of ``places``, (N, 2) degrees, with their probabilities.

    A place closer than ``km`` kilometres to a better one is merged into it. Raises `ModelError`.
    """
    if not (isinstance(km, (int, float, np.integer, np.floating)) and km >= 0):
        raise ModelError(f"spread_km is kilometres, 0 or more, not {km!r:.40}")
    order = map(int, np.argsort(-probabilities, kind="stable"))
    if not km:
        yield from ((i, float(probabilities[i])) for i in order)
        return
    free = np.ones(len(places), dtype=bool)
    for i in order:
        if free[i]:
            near = free & (haversine(places, places[i]) <= km)
            free &= ~near
            yield i, float(probabilities[near].sum(dtype=np.float64))


def _formats() -> ModuleType:
    """Imported when a result is shown or written: a script that only predicts needs none of it."""
    from geonb.shown import formats

    return formats
