"""The plots of measurements: accuracy over distance, reliability, differences, the leak."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geonb.evaluation.published_rows import THRESHOLDS_KM
from geonb.evaluation.scores import measure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

    from geonb.evaluation.accuracy import Evaluation
    from geonb.evaluation.comparisons import Comparison
    from geonb.evaluation.reliability import Reliability
    from geonb_training.leak import Leak

# Okabe and Ito's palette, which the colour-blind can tell apart.
_OWN, _OTHERS, _CONSTANT = "#0072b2", ("#d55e00", "#009e73", "#cc79a7", "#e69f00"), "#777777"
_NEAREST_KM, _FARTHEST_KM = 0.1, 20_040.0
_RIM = 0.03  # of the whole, so that marks at 0 and 100 % are not cut


def _new(width: float = 7.0) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    canvas = Figure(figsize=(width, 4.4), layout="constrained")
    return canvas, canvas.subplots()


def _arms(values: ArrayLike, intervals: ArrayLike) -> NDArray[np.float64]:
    """How far intervals (N, 2) reach below and above their values (N,): (2, N), for `errorbar`."""
    return np.abs(np.asarray(intervals).T - np.asarray(values))


def accuracy_over_distance(evaluation: Evaluation) -> Figure:
    """The share of photos within every distance; published rows as marks at theirs."""
    canvas, axes = _new(8.0)
    constant = measure(np.array(evaluation.constant)[None, None], evaluation.truth)[:, 0]
    for name, km, colour in (
        (evaluation.scores[0].system, evaluation.km, _OWN),
        ("constant guess", constant, _CONSTANT),
    ):
        known = np.sort(km[~np.isnan(km)])
        share = 100 * np.arange(1, len(known) + 1) / len(km)
        axes.plot(
            [_NEAREST_KM, *known.clip(_NEAREST_KM), _FARTHEST_KM],
            [0, *share, share[-1] if len(share) else 0],
            drawstyle="steps-post", color=colour, label=name,
        )  # fmt: skip
    own = evaluation.scores[0]
    errors = _arms(own.within, own.intervals)
    axes.errorbar(THRESHOLDS_KM, own.within, errors, fmt="none", ecolor=_OWN, capsize=3)
    for score, colour in zip(evaluation.published, _OTHERS, strict=False):
        label = f"{score.system}, {score.test_set}"
        axes.plot(THRESHOLDS_KM, score.within, "o", color=colour, mfc="none", label=label)
    axes.set(
        xscale="log", xlim=(_NEAREST_KM, _FARTHEST_KM), ylim=(-100 * _RIM, 100 * (1 + _RIM)),
        xlabel="distance to the truth (km)", ylabel="photos within it (%)",
    )  # fmt: skip
    axes.set_xticks(THRESHOLDS_KM, [f"{km:g}" for km in THRESHOLDS_KM])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    # Below, because no corner of the plot is always empty.
    axes.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3)
    return canvas


def reliability_diagram(result: Reliability) -> Figure:
    """How often answers of each probability were right; honest ones lie on the diagonal."""
    canvas, axes = _new(5.0)
    axes.plot([0, 1], [0, 1], "--", color=_CONSTANT, label="perfectly calibrated")
    rows = [row for row in result.bins if row.photos]
    mean, right = [row.confidence for row in rows], [row.right for row in rows]
    errors = _arms(right, [row.interval for row in rows])
    label = f"calibration error {result.error:.3f}"
    axes.errorbar(mean, right, errors, fmt="o-", color=_OWN, capsize=3, label=label)
    axes.set(
        xlim=(-_RIM, 1 + _RIM), ylim=(-_RIM, 1 + _RIM), aspect=1.0,
        xlabel="probability that the model gave", ylabel="share that was right",
    )  # fmt: skip
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, loc="upper left")
    return canvas


def paired_differences(comparison: Comparison) -> Figure:
    """How much better a is than b within each distance, in points, with 95 % intervals."""
    canvas, axes = _new(6.0)
    rows = comparison.rows
    difference = [row.difference for row in rows]
    places = np.arange(len(rows))
    errors = _arms(difference, [row.interval for row in rows])
    axes.axhline(0, color=_CONSTANT, lw=1)
    axes.errorbar(places, difference, errors, fmt="o", color=_OWN, capsize=4)
    axes.set_xticks(places, [f"{row.threshold_km:g} km" for row in rows])
    axes.set(ylabel=f"{comparison.a} minus {comparison.b} (points)")
    axes.grid(alpha=0.3)
    return canvas


def two_accuracies(leak: Leak) -> Figure:
    """What the split by photo claims, above what the split by photographer shows."""
    canvas, axes = _new(6.0)
    for evaluation, label, colour in (
        (leak.by_photo, "split by photo", _OTHERS[0]),
        (leak.by_photographer, "split by photographer", _OWN),
    ):
        share = np.array(evaluation.scores[0].within)
        low, high = np.array(evaluation.scores[0].intervals).T
        errors = np.abs([share - low, high - share])
        axes.errorbar(THRESHOLDS_KM, share, errors, fmt="o-", color=colour, capsize=3, label=label)
    axes.set(xscale="log", xlabel="distance to the truth (km)", ylabel="photos within it (%)")
    axes.set_ylim(-100 * _RIM, 100 * (1 + _RIM))
    axes.set_xticks(THRESHOLDS_KM, [f"{km:g}" for km in THRESHOLDS_KM])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, loc="upper left")
    return canvas
