"""How good predictions are: the shares within five distances, with what makes them honest.

Distances are great circles on a sphere of 6371 km, and "within" is ``<=``, as in every published
table. A photo without a prediction counts as wrong; one without a true place is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.errors import EvaluationError
from geonb.evaluation.constant import most_frequent, one_place
from geonb.evaluation.inputs import own_truth, read_guesses, read_truth
from geonb.evaluation.published_rows import PUBLISHED, THRESHOLDS_KM, PublishedRow
from geonb.evaluation.scores import Score, measure, published_score, score
from geonb.shown.sheets import Sheet, Tabular

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

    from geonb.distances import Place
    from geonb.predictions import Predictions

_BEST_OF = 5
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
    guesses = read_guesses(predictions)  # (N, k, 2)
    places = read_truth(own_truth(predictions) if truth is None else truth)
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
    answer = most_frequent(sample) if constant is None else one_place(constant)
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
