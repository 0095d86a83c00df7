"""How good predictions are: the shares within five distances, with what makes them honest.

Distances are great circles on a sphere of 6371 km, and "within" is ``<=``, as in every published
table. A photo without a prediction counts as wrong; one without a true place is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geonb.distances import Place
from geonb.errors import EvaluationError
from geonb.model import Model
from geonb.predictions import Predictions
from geonb.shown.sheets import Sheet
from geonb_lab.evaluation.axes import CONSTANT, OTHERS, OWN, arms, by_distance, literal, new_axes
from geonb_lab.evaluation.guesses import Guesses, guess, most_frequent, one_place, read_guesses
from geonb_lab.evaluation.photo_sets import PhotoSet
from geonb_lab.evaluation.promises import Coverage
from geonb_lab.evaluation.scores import (
    COLUMNS,
    MARK,
    THRESHOLDS_KM,
    Score,
    choose_published,
    measure,
    score,
)
from geonb_lab.tabular import Tabular

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NEAREST_KM, _FARTHEST_KM = 0.1, 20_040.0
_MARKS = "osD^v*"


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation(Tabular):
    """Predictions measured against the truth: a table wherever it is shown.

    Attributes:
        name: Whose predictions they are.
        scores: The first guess, the best of the first five if there are more than
            one, the constant guess.
        published: What others printed, by test set; your own comes first.
        truth: The true places, (N, 2) degrees.
        km: Kilometres from each first guess to the truth, (N,); NaN without a prediction.
        without_truth: Photos that are left out, because nobody knows where they were taken.
        constant: What the constant guess answers to every photo, in degrees.
        constant_given: Whether the constant came from elsewhere; otherwise it is from these very
            photos.
        coverage: What the model's regions promised, and what was measured; None without a promise.
    """

    name: str
    scores: tuple[Score, ...]
    published: tuple[Score, ...]
    truth: NDArray[np.float64]
    km: NDArray[np.float64]
    without_truth: int
    constant: Place
    constant_given: bool
    coverage: Coverage | None = None

    @property
    def without_prediction(self) -> int:
        """Photos that count as wrong because nothing was predicted."""
        return int(np.isnan(self.km).sum())

    def sheet(self) -> Sheet:
        """See `Tabular`."""
        own = self.scores[0].test_set
        rows = [score.row() for score in (*self.scores, *self.published)]
        caption = f"Per cent of photos within each distance, and its 95% interval (test set: {own})"
        return Sheet(caption, COLUMNS, rows, self._notes(), words=2)

    def _notes(self) -> list[str]:
        """What makes the numbers honest, and what keeps printed ones from being compared."""
        own, missing, (lat, lng) = self.scores[0], self.without_prediction, self.constant
        whose = "the given one" if self.constant_given else "their own most frequent place"
        sources = dict.fromkeys(row.source for row in self.published)
        others = sorted({row.test_set for row in self.published} - {own.test_set})
        sizes = {row.photos for row in self.published if row.test_set == own.test_set}
        notes = {
            f"{missing:,} of {len(self.km):,} photos have no prediction; they count as wrong.":
                missing,
            f"The constant guess answers ({lat:.4f}, {lng:.4f}) to all photos: {whose}.": True,
            f"{self.without_truth:,} photos without a true place are left out.":
                self.without_truth,
            "The best of several guesses is picked by the truth; no user can do that.":
                len(self.scores) > 2,
            repr(self.coverage): self.coverage,
            f"Rows with {MARK} are on your own test set, so you can compare them with yours.":
                sizes,
            f"Published in: {'; '.join(sources)}.": sources,
            f"Warning: the published rows of {', '.join(others)} were measured on other photos "
            f"than {own.test_set!r}; a difference may come from the photos.": others,
            f"Warning: the published rows of {own.test_set} were measured on "
            f"{max(sizes, default=0):,} photos, yours on {own.photos:,}; they compare only "
            "roughly.": any(abs(size - own.photos) > 0.05 * size for size in sizes),
        }  # fmt: skip
        return [note for note, needed in notes.items() if needed]

    def records(self) -> list[dict[str, Any]]:
        """See `Tabular`."""
        return [score.record() for score in (*self.scores, *self.published)]

    def figure(self) -> Figure:
        """The share of photos within every distance; published rows as marks at theirs."""
        canvas, axes = new_axes(8.0)
        constant = measure(np.array(self.constant)[None, None], self.truth)[:, 0]
        own = self.scores[0]
        lines = ((own.system, self.km, OWN), ("constant guess", constant, CONSTANT))
        for name, km, colour in lines:
            known = np.sort(km[~np.isnan(km)])
            share = 100 * np.arange(1, len(known) + 1) / len(km)
            axes.plot(
                [_NEAREST_KM, *known.clip(_NEAREST_KM), _FARTHEST_KM],
                [0, *share, share[-1] if len(share) else 0],
                drawstyle="steps-post", color=colour, label=literal(name),
            )  # fmt: skip
        errors = arms(own.shares, own.intervals)
        axes.errorbar(THRESHOLDS_KM, own.shares, errors, fmt="none", ecolor=OWN, capsize=3)
        for number, row in enumerate(self.published):  # each a colour and mark of its own
            colour, mark = OTHERS[number % len(OTHERS)], _MARKS[number // len(OTHERS) % len(_MARKS)]
            label = literal(f"{row.system}, {row.test_set}")
            axes.plot(THRESHOLDS_KM, row.shares, mark, color=colour, mfc="none", label=label)
        by_distance(axes)
        axes.set_xlim(_NEAREST_KM, _FARTHEST_KM)
        # Below, because no corner of the plot is always empty.
        axes.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3)
        return canvas

    def in_words(self) -> str:
        """See `Tabular`."""
        limits = ", ".join(f"{km:g}" for km in THRESHOLDS_KM)
        return f"Photos within {limits} km. " + " ".join(
            f"{score.system}: {', '.join(f'{share:.1f}%' for share in score.shares)}."
            for score in (self.scores[0], self.scores[-1])
        )


def evaluate(  # noqa: PLR0913
    predictions: Model | Guesses | ArrayLike | Sequence[Predictions | None],
    truth: PhotoSet | ArrayLike | Sequence[Place | None] | None = None,
    *,
    name: str = "yours",
    test_set: str = "yours",
    constant: Place | None = None,
    published: str | Iterable[str | Score] | None = None,
    crops: int = 1,
) -> Evaluation:
    """Measure predictions of N photos, or a model on a set of photos, against their true places.

    ``predictions`` are places, (N, 2) or (N, k, 2) degrees with the best first and NaN for none,
    or what `predict` gave, with None for a photo that could not be read. ``truth`` is (N, 2),
    NaN or None if it is not known; without it, the truth is what the predictions know.
    ``test_set`` is the photos' name: ``IM2GPS`` and ``Placing 2016`` compare with published rows.
    ``constant`` answers every photo in the last row; give `most_frequent` of the training photos,
    or it is taken from these very photos.

    ``evaluate(model, photos)`` asks a model about the photos that `read_photos` gave.
    ``crops=10`` averages its answers for five crops of each photo and their mirror images, as most
    papers do: ten times the work, and not what `predict` answers.

    ``published`` are rows to print beside: names of systems or test sets, or rows of your own. By
    default they are those of your test set, or the blog's if nobody printed any of it.

    Raises `EvaluationError` if the two don't fit, `PlaceError` for what is no place.
    """
    if isinstance(truth, PhotoSet):
        if isinstance(predictions, Model):
            predictions = guess(predictions, truth, crops=crops)
        if not isinstance(predictions, Guesses):
            raise EvaluationError("a set of photos goes with a model; predictions with its .truth")
        name, test_set = predictions.model, truth.name
        guesses, places, coverage = predictions.places, truth.truth, predictions.coverage
    elif isinstance(predictions, Model) or crops != 1:
        raise EvaluationError(
            "a model, and crops=10, need a set of photos: evaluate(model, photos)"
        )
    else:
        (guesses, places), coverage = read_guesses(predictions, truth), None
    known = ~np.isnan(places[:, 0])
    if not known.any():
        raise EvaluationError("no photo has a true place; give truth=, (N, 2) degrees")
    if not known.all():
        guesses, places = guesses[known], places[known]
    km = measure(guesses, places)  # (N, at most 5)
    sample = places[:: 1 + len(places) // 100_000]  # enough to find the most frequent town
    always = most_frequent(sample) if constant is None else one_place(constant)
    scores = [score(f"{name}, first guess", test_set, km[:, 0])]
    if km.shape[1] > 1:
        best = np.fmin.reduce(km, axis=1)  # NaN only where all are
        scores.append(score(f"{name}, best of {km.shape[1]}", test_set, best))
    fixed = measure(np.array(always)[None, None], places)[:, 0]
    scores.append(score("constant guess", test_set, fixed))
    printed = choose_published(published, test_set)
    rows = tuple(replace(row, comparable=row.test_set == test_set) for row in printed)
    lost, given = int((~known).sum()), constant is not None
    return Evaluation(name, tuple(scores), rows, places, km[:, 0], lost, always, given, coverage)
