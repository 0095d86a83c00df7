"""Reliability: of the answers with 30 %, are three in ten right? A table and its diagram."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.errors import EvaluationError
from geonb.evaluation.scores import wilson
from geonb.shown.sheets import Sheet, Tabular

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray


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
class Reliability(Tabular):
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


def reliability(confidence: ArrayLike, right: ArrayLike, bins: int = 10) -> Reliability:
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
    return Reliability(rows, len(sure), sum(gaps) / len(sure))


def _bin(low: float, high: float, sure: NDArray[np.float64], good: NDArray[np.bool_]) -> Bin:
    if not len(sure):
        return Bin(float(low), float(high), 0, np.nan, np.nan, (0.0, 1.0))
    share = float(good.mean())
    return Bin(
        float(low), float(high), len(sure), float(sure.mean()), share, wilson(share, len(sure))
    )
