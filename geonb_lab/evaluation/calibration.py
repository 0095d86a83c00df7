"""Calibration: of the answers with 30%, are 3 in 10 right? The temperature that corrects it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geonb.errors import EvaluationError
from geonb.shown.sheets import Sheet
from geonb_lab.evaluation.axes import CONSTANT, OWN, RIM, arms, new_axes
from geonb_lab.evaluation.scores import check_numbers, check_table, percents, wilson
from geonb_lab.tabular import Tabular

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLDEST, _HOTTEST = 0.02, 50.0
_LEAST_PROBABILITY = 1e-30  # what a probability that was rounded to 0 counts as


@dataclass(frozen=True)
class Bin:
    """Answers of similar probability.

    Attributes:
        low, high: Their probabilities are above ``low`` (in the first bin also equal) and up to
            ``high``.
        photos: How many answers there are.
        confidence: Their mean probability, 0 to 1.
        right: The share that was right, 0 to 1.
        interval: The 95% interval of that share (Wilson).
    """

    low: float
    high: float
    photos: int
    confidence: float
    right: float
    interval: tuple[float, float]


@dataclass(frozen=True, eq=False, repr=False)
class Reliability(Tabular):
    """A reliability table; its plot is the reliability diagram.

    Attributes:
        bins: From the least to the most probable answers, without those that are empty.
        photos: How many answers there are.
        error: Expected calibration error, 0 to 1: the mean gap between the probability and the
            share that was right, weighted by photos (Naeini et al., AAAI 2015).
    """

    bins: tuple[Bin, ...]
    photos: int
    error: float

    def sheet(self) -> Sheet:
        """See `Tabular`."""
        rows = [
            [percents(row.low, row.high), f"{row.photos:,}", f"{row.confidence:.0%}",
             f"{row.right:.0%}", percents(*row.interval)]
            for row in self.bins
        ]  # fmt: skip
        head = ["probability", "photos", "mean probability", "share right", "95% interval"]
        sure = sum(row.photos * row.confidence for row in self.bins) / self.photos
        right = sum(row.photos * row.right for row in self.bins) / self.photos
        note = (
            f"On average the model says {sure:.0%}, and {right:.0%} of its answers are right: "
            f"it is {'too sure' if sure > right else 'too modest'} by {abs(sure - right):.1%}."
        )
        caption = f"Reliability of {self.photos:,} answers; calibration error {self.error:.1%}"
        return Sheet(caption, head, rows, [note])

    def records(self) -> list[dict[str, Any]]:
        """See `Tabular`."""
        rows = [asdict(row) for row in self.bins]
        for row in rows:
            row["right_low"], row["right_high"] = row.pop("interval")
        return rows

    def figure(self) -> Figure:
        """How often answers of each probability were right; honest ones lie on the diagonal."""
        canvas, axes = new_axes(5.0)
        axes.plot([0, 1], [0, 1], "--", color=CONSTANT, label="perfectly calibrated")
        mean, right = ([getattr(row, x) for row in self.bins] for x in ("confidence", "right"))
        errors = arms(right, [row.interval for row in self.bins])
        label = f"calibration error {self.error:.1%}"
        axes.errorbar(mean, right, errors, fmt="o-", color=OWN, capsize=3, label=label)
        axes.set(xlabel="probability that the model gave", ylabel="share that was right")
        axes.set(xlim=(-RIM, 1 + RIM), ylim=(-RIM, 1 + RIM), aspect=1.0)
        axes.legend(fontsize=8, loc="upper left")
        return canvas

    def in_words(self) -> str:
        """See `Tabular`."""
        return "Reliability diagram. " + " ".join(
            f"Of {row.photos} answers with about {row.confidence:.0%}, {row.right:.0%} were right."
            for row in self.bins
        )


def reliability(confidence: ArrayLike, right: ArrayLike, bins: int = 10) -> Reliability:
    """Sort N answers by their probability into equal bins, and count those that were right.

    ``confidence`` is (N,) probabilities of the first guess, ``right`` is (N,) whether it was.
    Raises `EvaluationError`.
    """
    sure = check_numbers(confidence, "confidence").astype(np.float64)
    good = check_numbers(right, "right")
    if sure.ndim != 1 or sure.shape != good.shape or not len(sure):
        raise EvaluationError(
            f"expected a probability and a right-or-wrong a photo, got {sure.shape}, {good.shape}"
        )
    if not ((sure >= 0) & (sure <= 1 + 1e-6)).all() or bins not in range(1, 1001):
        raise EvaluationError("probabilities are numbers from 0 to 1, and bins 1 to 1,000")
    if not np.isin(good, (0, 1)).all():
        raise EvaluationError("right is True or False for each photo, or 1 or 0")
    good = good.astype(bool)
    edges = np.linspace(0, 1, bins + 1)
    slot = np.clip(np.searchsorted(edges, sure, side="left") - 1, 0, bins - 1)
    rows = []
    for i in np.unique(slot):
        some, mean = good[slot == i], float(sure[slot == i].mean())
        share = float(some.mean())
        ends = float(edges[i]), float(edges[i + 1])
        rows.append(Bin(*ends, len(some), mean, share, wilson(share, len(some))))
    gaps = (row.photos * abs(row.confidence - row.right) for row in rows)
    return Reliability(tuple(rows), len(sure), sum(gaps) / len(sure))


@dataclass(frozen=True)
class Temperature:
    """A temperature fitted on one half of the photos, and what it does to the other half.

    Attributes:
        value: Above 1 makes a model less sure of itself, below 1 more.
        before, after: The held-out half as the model answers, and the same with the
            temperature.
        fitted_on: Photos of the other half, on which it was fitted.
        left_out: Photos whose true place lies in no cell, so that no answer can be right.
    """

    value: float
    before: Reliability
    after: Reliability
    fitted_on: int
    left_out: int


@np.errstate(under="ignore")  # whatever the process says: nearly nothing is nothing here
def warm(probabilities: ArrayLike, temperature: float) -> NDArray[np.float64]:
    """Apply a temperature to probabilities (..., cells); their order stays as it is."""
    if not 0 < temperature < np.inf:
        raise EvaluationError(f"a temperature is above 0, not {temperature}")
    logs = np.log(np.maximum(np.asarray(probabilities, np.float64), _LEAST_PROBABILITY))
    logs /= temperature
    logs -= logs.max(axis=-1, keepdims=True)
    np.exp(logs, out=logs)
    return logs / logs.sum(axis=-1, keepdims=True)


@np.errstate(under="ignore")
def fit_temperature(probabilities: ArrayLike, classes: ArrayLike) -> float:
    """Find the temperature under which the true ``classes`` (N,) are the most probable.

    ``probabilities`` are (N, cells). The likelihood has one maximum, where its slope is 0
    (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017). Raises `EvaluationError`,
    also if no temperature from 0.02 to 50 is the best.
    """
    table, true = check_table(probabilities, classes)
    table = table.astype(np.float64)
    if true.min() < 0:
        raise EvaluationError(f"classes are 0 to {table.shape[1] - 1}; leave other photos out")
    logs = np.log(np.maximum(table, _LEAST_PROBABILITY))
    wanted = logs[np.arange(len(true)), true].mean()

    def too_sure(log_temperature: float) -> bool:
        warmed = warm(table, float(np.exp(log_temperature)))
        return bool((warmed * logs).sum(axis=1).mean() > wanted)

    low, high = np.log(_COLDEST), np.log(_HOTTEST)
    if not too_sure(low) or too_sure(high):
        raise EvaluationError(
            f"no temperature from {_COLDEST:g} to {_HOTTEST:g} fits these {len(true):,} photos: "
            "nearly all answers are right, or none says anything; give more photos"
        )
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if too_sure(middle) else (low, middle)
    return float(np.exp((low + high) / 2))


def calibrate(probabilities: ArrayLike, classes: ArrayLike, *, bins: int = 10) -> Temperature:
    """Fit a temperature on one half of the photos, and measure it on the other half.

    ``probabilities`` are (N, cells), ``classes`` (N,) the true cells, -1 for none: those photos
    are left out of the fit, and are wrong whatever the answer is. Raises `EvaluationError`.
    """
    table, true = check_table(probabilities, classes)
    order = np.random.default_rng(0).permutation(len(table))
    fit, rest = order[: len(order) // 2], order[len(order) // 2 :]
    inside = fit[true[fit] >= 0]
    value = fit_temperature(table[inside], true[inside])
    warmed = warm(table[rest], value)
    right = table[rest].argmax(axis=1) == true[rest]
    before, after = (reliability(some.max(axis=1), right, bins) for some in (table[rest], warmed))
    return Temperature(value, before, after, len(inside), int((true < 0).sum()))
