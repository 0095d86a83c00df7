"""Predictions: the most probable places of a photo."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from geonb.answers import Answer, TruthCell, answer, truth_cell
from geonb.distances import Place, check_points, distance
from geonb.earth.places import Town, nearest_town
from geonb.errors import ModelError
from geonb.photos.photo import Photo, PhotoSource, open_photo

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from geonb.model import Model
    from geonb.shown.sheets import Sheet


@dataclass(frozen=True)
class Prediction:
    """One of the places where a photo may have been taken.

    It unpacks and indexes like the blog's ``(rank, probability, (latitude, longitude))``.

    Attributes
    ----------
    rank : int
        1 for the most probable cell.
    probability : float
        Probability of the cell, 0 to 1.
    place : tuple of float
        Latitude and longitude of the cell's centre of mass, in degrees.
    token : str
        S2 token of the cell.
    town : Town
        The nearest town, with its distance in kilometres.
    """

    rank: int
    probability: float
    place: Place
    token: str

    @property
    def town(self) -> Town:
        """The nearest town, with its distance in kilometres."""
        return nearest_town(self.place)

    def __iter__(self) -> Iterator[Any]:
        return iter((self.rank, self.probability, self.place))

    def __getitem__(self, index: int) -> Any:
        return (self.rank, self.probability, self.place)[index]

    def __len__(self) -> int:
        return 3


@dataclass(frozen=True)
class Predictions:
    """The most probable places of one photo, best first: a table wherever it is shown.

    It is a sequence of `Prediction`.

    Attributes
    ----------
    best : tuple of Prediction
        The predictions, by rank.
    photo : Photo
        The photo that they are for.
    model, engine : str
        Names of the model and of the engine that ran it.
    note : str
        What has to be said beside them, such as the model's limits and licence.
    truth : tuple of float or None
        Where the photo was taken, in degrees, if that is known; tables then show distances.
    answer : Answer or None
        The best place and how sure it is; None if only the best cells are known.
    truth_cell : TruthCell or None
        The cell that would have been right.
    places : list of tuple of float
        Latitude and longitude of each prediction, in degrees.
    distances : list of float or None
        Kilometres from each prediction to the truth; None if that is not known.
    truth_rank, truth_token : int and str, or None
        Rank and S2 token of the cell that would have been right.
    summary : str
        The answer in one sentence, and one on the cell that would have been right.
    """

    best: tuple[Prediction, ...]
    photo: Photo
    model: str
    engine: str
    note: str = ""
    truth: Place | None = None
    answer: Answer | None = None
    truth_cell: TruthCell | None = None

    def __len__(self) -> int:
        return len(self.best)

    def __iter__(self) -> Iterator[Prediction]:
        return iter(self.best)

    @overload
    def __getitem__(self, index: int) -> Prediction: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Prediction, ...]: ...
    def __getitem__(self, index: int | slice) -> Prediction | tuple[Prediction, ...]:
        return self.best[index]

    @property
    def places(self) -> list[Place]:
        """The places alone, best first."""
        return [prediction.place for prediction in self.best]

    @property
    def distances(self) -> list[float] | None:
        """Kilometres from each place to the truth; None if that is not known."""
        return None if self.truth is None else distance(self.places, self.truth).tolist()

    @property
    def truth_rank(self) -> int | None:
        """Rank of the cell that would have been right; None if that is not known."""
        return self._known.rank if self._known else None

    @property
    def truth_token(self) -> str | None:
        """S2 token of the cell that would have been right; None if that is not known."""
        return self._known.token or None if self._known else None

    @property
    def _known(self) -> TruthCell | None:
        """The truth's cell; None in a copy with another truth, such as a map's."""
        return self.truth_cell if self.truth_cell and self.truth_cell.place == self.truth else None

    @property
    def summary(self) -> str:
        """The answer in one sentence, and one on the cell that would have been right."""
        return " ".join(str(part) for part in (self.answer, self._known) if part is not None)

    def sheet(self) -> Sheet:
        """The table as people read it."""
        from geonb.shown.sheets import Sheet, percent

        head = ["rank", "place", "probability", "latitude", "longitude"]
        rows = [
            [str(p.rank), str(p.town), percent(p.probability), f"{lat:.4f}", f"{lng:.4f}"]
            for p in self.best
            for lat, lng in [p.place]
        ]
        if self.distances is not None:
            head.append("km to truth")
            rows = [[*r, f"{km:,.1f}"] for r, km in zip(rows, self.distances, strict=True)]
        caption = f"photo {self.photo.name}, model {self.model}, engine {self.engine}"
        notes = [self.summary, self.note and f"Note: {self.note}."]
        return Sheet(caption, head, rows, [note for note in notes if note], words=2)

    def __repr__(self) -> str:
        return self.sheet().text()

    def _repr_html_(self) -> str:
        return self.sheet().html()

    def to_dict(self) -> dict[str, Any]:
        """What ``geonb locate --json`` prints."""
        return {
            "photo": self.photo.name,
            "model": self.model,
            "engine": self.engine,
            "note": self.note,
            "answer": self.answer and self.answer.to_dict(),
            "truth": self.truth
            and {
                "latitude": self.truth[0],
                "longitude": self.truth[1],
                "token": self.truth_token,
                "rank": self.truth_rank,
                "distances_km": self.distances,
            },
            "predictions": [
                {
                    "rank": p.rank,
                    "probability": p.probability,
                    "latitude": p.place[0],
                    "longitude": p.place[1],
                    "token": p.token,
                    "place": asdict(p.town),
                }
                for p in self.best
            ],
        }

    def to_dataframe(self) -> Any:
        """A pandas DataFrame, one row per prediction; ``distance_km`` if the truth is known."""
        from geonb.shown.sheets import data_frame

        frame = data_frame(self.to_dict()["predictions"]).drop(columns="place")
        frame = frame.assign(nearest_town=[str(p.town) for p in self.best])
        return frame if self.truth is None else frame.assign(distance_km=self.distances)

    def to_geojson(self) -> dict[str, Any]:
        """A GeoJSON FeatureCollection of points (RFC 7946: longitude comes first there)."""
        rows = self.to_dict()["predictions"]
        features = [
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [row["longitude"], row["latitude"]]},
                "properties": {key: row[key] for key in ("rank", "probability", "token", "place")},
            }
            for row in rows
        ]
        return {"type": "FeatureCollection", "features": features}

    def to_html(self, path: str | os.PathLike[str]) -> None:
        """Write the photo, the table and the map as one page that needs nothing else."""
        from geonb.maps.page import write_page

        write_page(self, path)


def predict(
    model: Model, photo: PhotoSource, top: int = 5, truth: Place | None = None
) -> Predictions:
    """Predict where ``photo`` was taken: the ``top`` most probable places, best first.

    A model with fewer places than ``top`` gives all of them.

    ``truth`` is where it was taken, (latitude, longitude) in degrees; by default it's the place
    in the photo's EXIF. The model never sees it: it's for the distances in tables and maps.
    Raises `PhotoError`, `ModelError`, and `PlaceError` for an impossible truth.
    """
    if top < 1:
        raise ModelError(f"top is how many places to give, at least 1, not {top}")
    photo = open_photo(photo)
    if truth is not None:
        truth = tuple(check_points(truth).tolist())
    probabilities = model.probabilities(photo)[0]  # (cells,)
    classes = np.argsort(-probabilities, kind="stable")[:top]
    best = tuple(
        Prediction(rank, float(probabilities[i]), _place(model, i), model.cells.tokens[i])
        for rank, i in enumerate(classes.tolist(), start=1)
    )
    truth = truth or photo.place
    return Predictions(
        best, photo, model.name, model.engine, model.note, truth,
        answer=answer(model.cells, probabilities),
        truth_cell=truth and truth_cell(model.cells, probabilities, truth),
    )  # fmt: skip


def _place(model: Model, index: int) -> Place:
    lat, lng = model.cells.places[index].tolist()
    return lat, lng
