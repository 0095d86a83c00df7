"""How good predictions are: the shares within five distances, with what makes them honest.

Distances are great circles on a sphere of 6371 km, and "within" is ``<=``, as in every published
table. A photo without a prediction counts as wrong; one without a true place is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.earth import s2
from geonb.earth.distances import Place, check_points
from geonb.errors import EvaluationError, PlaceError
from geonb.evaluation.published_rows import PUBLISHED, THRESHOLDS_KM, PublishedRow
from geonb.evaluation.scores import Score, measure, published_score, score
from geonb.predictions import Predictions
from geonb.sheets import Sheet, Tabular

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

    from geonb.earth.cells import Cells

_BEST_OF = 5
_CONSTANT_LEVEL = 10  # S2 cells of about 9 km: a town
_SAMPLE = 100_000  # photos that are enough to find the most frequent town


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation(Tabular):
    """Predictions measured against the truth: a table wherever it is shown."""

    name: str
    """Whose predictions they are."""
    scores: tuple[Score, ...]
    """The first guess, the best of the first five where there are more than one, the constant."""
    published: tuple[Score, ...]
    """What others printed."""
    truth: NDArray[np.float64]
    """The true places that were measured against, (N, 2) degrees."""
    km: NDArray[np.float64]
    """From each first guess to the truth, (N,); NaN where there was no prediction."""
    without_truth: int
    """Photos that were left out."""
    constant: Place
    """What the constant guess answers to every photo."""
    constant_given: bool
    """Whether it came from elsewhere; else from these very photos."""

    @property
    def without_prediction(self) -> int:
        """Photos that counted as wrong because nothing was predicted."""
        return int(np.isnan(self.km).sum())

    def sheet(self) -> Sheet:
        """See `Tabular`."""
        from geonb.evaluation.score_tables import evaluation_sheet

        return evaluation_sheet(self)

    def records(self) -> list[dict[str, Any]]:
        """See `Tabular`."""
        from geonb.evaluation.score_tables import score_record

        return [score_record(score) for score in (*self.scores, *self.published)]

    def figure(self) -> Figure:
        """Accuracy over distance, on a logarithmic scale."""
        from geonb.evaluation.plots import accuracy_over_distance

        return accuracy_over_distance(self)

    def in_words(self) -> str:
        """See `Tabular`."""
        limits = ", ".join(f"{km:g}" for km in THRESHOLDS_KM)
        return f"Photos within {limits} km. " + " ".join(
            f"{score.system}: {', '.join(f'{share:.1f} %' for share in score.within)}."
            for score in (self.scores[0], self.scores[-1])
        )


def evaluate(
    predictions: ArrayLike | Sequence[Predictions | None],
    truth: ArrayLike | Sequence[Place | None] | None = None,
    *,
    name: str = "yours",
    test_set: str = "yours",
    constant: Place | None = None,
    published: Sequence[PublishedRow] = PUBLISHED,
) -> Evaluation:
    """Measure predictions of N photos against their true places.

    ``predictions`` are places, (N, 2) or (N, k, 2) degrees with the best first and NaN for none,
    or what `predict` gave, with None for a photo that could not be read. ``truth`` is (N, 2),
    NaN or None where it is not known; left out, it is what the predictions know. ``test_set`` is
    the photos' name: ``IM2GPS`` and ``Placing 2016`` compare with published rows. ``constant``
    answers every photo in the last row; give `most_frequent` of the training photos, or else
    it is taken from these very photos.

    Raises `EvaluationError` where the two do not fit, `PlaceError` for what is no place.
    """
    guesses = _guesses(predictions)  # (N, k, 2)
    places = _places(_own_truth(predictions) if truth is None else truth, "truth")
    if places.shape != (len(guesses), 2):
        raise EvaluationError(
            f"{len(guesses):,} predictions and a truth of shape {places.shape}; "
            f"expected ({len(guesses)}, 2), a place a photo in the same order"
        )
    known = ~np.isnan(places[:, 0])
    if not known.any():
        raise EvaluationError("no photo has a true place; give truth=, (N, 2) degrees")
    if not known.all():
        guesses, places = guesses[known], places[known]
    sample = places[:: 1 + len(places) // _SAMPLE]
    answer = most_frequent(sample) if constant is None else _one_place(constant)
    km = measure(guesses[:, :_BEST_OF], places)  # (N, at most 5)
    scores = [score(f"{name}, first guess", test_set, km[:, 0])]
    if km.shape[1] > 1:
        best = np.where(np.isnan(km), np.inf, km).min(axis=1)
        best[np.isinf(best)] = np.nan
        scores.append(score(f"{name}, best of {km.shape[1]}", test_set, best))
    constants = measure(np.array(answer)[None, None], places)
    scores.append(score("constant guess", test_set, constants[:, 0]))
    return Evaluation(
        name,
        tuple(scores),
        tuple(map(published_score, published)),
        places,
        km[:, 0],
        int((~known).sum()),
        answer,
        constant is not None,
    )


def most_frequent(places: ArrayLike, cells: Cells | None = None) -> Place:
    """Give the place of the cell that holds most of the ``places`` (N, 2): the constant guess.

    Without ``cells``, S2 cells of level 10 (about 9 km) are taken, and their photos' centre.
    Raises `EvaluationError` where no place lies in a cell.
    """
    points = check_points(places).reshape(-1, 2)
    classes = _towns(points) if cells is None else cells.index(points)
    inside = classes >= 0
    if not inside.any():
        raise EvaluationError("none of the places lies in a cell, so there is no most frequent one")
    names, counts = np.unique(classes[inside], return_counts=True)
    fullest = names[np.argmax(counts)]
    if cells is not None:
        return _one_place(cells.places[fullest])
    return _one_place(s2.to_degrees(s2.unit_vectors(points[classes == fullest]).sum(axis=0)))


def _towns(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """The number of the level-10 cell of each point."""
    return (s2.parents(s2.leaf_ids(points), _CONSTANT_LEVEL) >> np.uint64(1)).astype(np.int64)


def _one_place(values: ArrayLike) -> Place:
    lat, lng = check_points(values).tolist()
    return lat, lng


def _guesses(predictions: Any) -> NDArray[np.float64]:
    """Places (N, k, 2) with NaN where there is none, from all that `evaluate` takes."""
    if isinstance(predictions, Predictions):
        predictions = [predictions]
    if _are_predictions(predictions):
        most = max((len(p) for p in predictions if p is not None), default=1)
        guesses = np.full((len(predictions), most, 2), np.nan)
        for row, p in zip(guesses, predictions, strict=True):
            if p is not None:
                row[: len(p)] = p.places
        return guesses
    places = _places(predictions, "predictions")
    if places.ndim not in {2, 3} or not places.size:
        raise EvaluationError(
            f"predictions of shape {places.shape}; expected (N, 2) or (N, k, 2) with photos in it"
        )
    return places if places.ndim == 3 else places[:, None]


def _are_predictions(predictions: Any) -> bool:
    is_list = isinstance(predictions, (list, tuple)) and len(predictions) > 0
    return is_list and all(p is None or isinstance(p, Predictions) for p in predictions)


def _own_truth(predictions: Any) -> list[Place | None]:
    """What the predictions know of their photos' places."""
    if isinstance(predictions, Predictions):
        predictions = [predictions]
    if not _are_predictions(predictions):
        raise EvaluationError("predictions given as places need truth=, (N, 2) degrees")
    return [None if p is None else p.truth for p in predictions]


def _places(values: Any, what: str) -> NDArray[np.float64]:
    """Degrees (..., 2), where NaN in both coordinates, or None, means that there is no place."""
    if isinstance(values, (list, tuple)):
        values = [(np.nan, np.nan) if value is None else value for value in values]
    try:
        places = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise EvaluationError(f"{what}: expected (latitude, longitude) in degrees") from error
    if places.shape[-1:] != (2,):
        raise EvaluationError(f"{what}: expected (latitude, longitude), got shape {places.shape}")
    none = np.isnan(places).all(axis=-1)
    try:
        check_points(places[~none] if none.any() else places)
    except PlaceError as error:
        raise PlaceError(f"{what}: {error}") from error
    return places
