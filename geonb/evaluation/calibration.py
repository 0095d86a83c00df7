"""Calibration: is an answer of 30 % right in three of ten photos? And a temperature to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.errors import EvaluationError
from geonb.evaluation.scores import wilson
from geonb.sheets import Sheet, Tabular

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

_COLDEST, _HOTTEST = 0.02, 50.0
_HALVINGS = 30
_LEAST_PROBABILITY = 1e-30  # what a probability that was rounded to 0 counts as


@dataclass(frozen=True)
class Bin:
    """Answers of similar probability."""

    low: float
    """Probabilities above it (or equal to it, in the first bin)"""
    high: float
    """and up to it."""
    photos: int
    """How many answers were of such a probability."""
    confidence: float
    """Their mean probability; NaN where there are none."""
    right: float
    """The share that was right."""
    interval: tuple[float, float]
    """95 % interval of that share (Wilson)."""


@dataclass(frozen=True, eq=False, repr=False)
class Calibration(Tabular):
    """A reliability table; its plot is the reliability diagram."""

    bins: tuple[Bin, ...]
    """From the least to the most probable answers."""
    photos: int
    """How many answers there were."""
    error: float
    """Expected calibration error: the mean gap between probability and share that was right,
    weighted by photos (Naeini et al., AAAI 2015)."""

    def sheet(self) -> Sheet:
        """See `Tabular`."""
        rows = [
            [
                f"{row.low:.2f}-{row.high:.2f}",
                f"{row.photos:,}",
                f"{row.confidence:.3f}",
                f"{row.right:.3f}",
                f"{row.interval[0]:.3f}-{row.interval[1]:.3f}",
            ]
            for row in self.bins
            if row.photos
        ]
        head = ["probability", "photos", "mean probability", "share right", "95 % interval"]
        sure = sum(row.photos * row.confidence for row in self.bins if row.photos)
        right = sum(row.photos * row.right for row in self.bins if row.photos)
        gap = (sure - right) / self.photos
        tendency = "more" if gap > 0 else "less"
        note = f"On average the answers are {tendency} sure than right, by {abs(gap):.3f}."
        caption = f"Reliability of {self.photos:,} answers; calibration error {self.error:.3f}"
        return Sheet(caption, head, rows, [note])

    def records(self) -> list[dict[str, Any]]:
        """See `Tabular`."""
        return [
            {
                "low": row.low,
                "high": row.high,
                "photos": row.photos,
                "confidence": row.confidence,
                "right": row.right,
                "right_low": row.interval[0],
                "right_high": row.interval[1],
            }
            for row in self.bins
        ]

    def figure(self) -> Figure:
        """The reliability diagram."""
        from geonb.evaluation.plots import reliability_diagram

        return reliability_diagram(self)

    def in_words(self) -> str:
        """See `Tabular`."""
        return "Reliability diagram. " + " ".join(
            f"Of {row.photos} answers with about {row.confidence:.0%}, {row.right:.0%} were right."
            for row in self.bins
            if row.photos
        )


@dataclass(frozen=True)
class Temperature:
    """A temperature fitted on one part of the photos, and what it does to the other part."""

    value: float
    """Above 1 makes a model less sure of itself, below 1 more."""
    before: Calibration
    """The held-out part as the model answers."""
    after: Calibration
    """The same with the temperature."""
    fitted_on: int
    """Photos of the other part, on which it was fitted."""
    left_out: int
    """Photos whose true place lies in no cell, so that no answer can be right."""


def reliability(confidence: ArrayLike, right: ArrayLike, bins: int = 10) -> Calibration:
    """Sort N answers by their probability into equal bins, and count those that were right.

    ``confidence`` is (N,) probabilities of the first guess, ``right`` is (N,) whether it was.
    Raises `EvaluationError`.
    """
    sure, good = np.asarray(confidence, np.float64), np.asarray(right, bool)
    if sure.ndim != 1 or sure.shape != good.shape or not len(sure):
        raise EvaluationError(
            f"expected a probability and a right-or-wrong a photo, got {sure.shape}, {good.shape}"
        )
    if not ((sure >= 0) & (sure <= 1 + 1e-6)).all() or bins < 1:
        raise EvaluationError("probabilities are numbers from 0 to 1, and bins at least 1")
    edges = np.linspace(0, 1, bins + 1)
    slot = np.clip(np.searchsorted(edges, sure, side="left") - 1, 0, bins - 1)
    rows = tuple(
        _bin(edges[i], edges[i + 1], sure[slot == i], good[slot == i]) for i in range(bins)
    )
    gaps = (row.photos * abs(row.confidence - row.right) for row in rows if row.photos)
    return Calibration(rows, len(sure), sum(gaps) / len(sure))


def _bin(low: float, high: float, sure: NDArray[np.float64], good: NDArray[np.bool_]) -> Bin:
    if not len(sure):
        return Bin(float(low), float(high), 0, np.nan, np.nan, (0.0, 1.0))
    share = float(good.mean())
    return Bin(
        float(low), float(high), len(sure), float(sure.mean()), share, wilson(share, len(sure))
    )


def warm(probabilities: ArrayLike, temperature: float) -> NDArray[np.float64]:
    """Apply a temperature to probabilities (..., cells); their order stays as it is."""
    logs = np.log(np.maximum(np.asarray(probabilities, np.float64), _LEAST_PROBABILITY))
    logs /= temperature
    logs -= logs.max(axis=-1, keepdims=True)
    np.exp(logs, out=logs)
    return logs / logs.sum(axis=-1, keepdims=True)


def fit_temperature(probabilities: ArrayLike, classes: ArrayLike) -> float:
    """Find the temperature under which the true ``classes`` (N,) are the most probable.

    ``probabilities`` are (N, cells). The likelihood has one maximum, where its slope is 0
    (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017). Raises `EvaluationError`.
    """
    table, true = _check(probabilities, classes)
    logs = np.log(np.maximum(table, _LEAST_PROBABILITY))
    wanted = logs[np.arange(len(true)), true].mean()
    low, high = np.log(_COLDEST), np.log(_HOTTEST)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        expected = (warm(table, np.exp(middle)) * logs).sum(axis=1).mean()
        if expected > wanted:  # too sure still
            low = middle
        else:
            high = middle
    return float(np.exp((low + high) / 2))


def calibrate(
    probabilities: ArrayLike, classes: ArrayLike, *, bins: int = 10, seed: int = 0
) -> Temperature:
    """Fit a temperature on one half of the photos, and measure it on the other half.

    ``probabilities`` are (N, cells), ``classes`` (N,) the true cells, -1 for none: those photos
    are left out of the fit, and are wrong whatever the answer. Raises `EvaluationError`.
    """
    table, true = np.asarray(probabilities, np.float64), np.asarray(classes)
    order = np.random.default_rng(seed).permutation(len(table))
    fit, rest = order[: len(order) // 2], order[len(order) // 2 :]
    inside = fit[true[fit] >= 0]
    value = fit_temperature(table[inside], true[inside])
    warmed = warm(table[rest], value)
    right = table[rest].argmax(axis=1) == true[rest]
    return Temperature(
        value,
        reliability(table[rest].max(axis=1), right, bins),
        reliability(warmed.max(axis=1), right, bins),
        len(inside),
        int((true < 0).sum()),
    )


def _check(probabilities: ArrayLike, classes: ArrayLike) -> tuple[NDArray[np.float64], Any]:
    table, true = np.asarray(probabilities, np.float64), np.asarray(classes)
    if table.ndim != 2 or true.shape != table.shape[:1] or not len(true):
        raise EvaluationError(
            f"expected probabilities (N, cells) and classes (N,), got {table.shape}, {true.shape}"
        )
    if true.min() < 0 or true.max() >= table.shape[1]:
        raise EvaluationError(f"classes are 0 to {table.shape[1] - 1}; leave other photos out")
    return table, true
