"""Temperature: one number that makes a model's probabilities more modest, or surer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geonb.errors import EvaluationError
from geonb.evaluation.reliability import Reliability, reliability
from geonb.evaluation.scores import check_table

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_COLDEST, _HOTTEST = 0.02, 50.0
_HALVINGS = 30
_LEAST_PROBABILITY = 1e-30  # what a probability that was rounded to 0 counts as


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
    (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017). Raises `EvaluationError`,
    also if no temperature from 0.02 to 50 is the best.
    """
    table, true = check_table(np.asarray(probabilities, np.float64), classes)
    if true.min() < 0:
        raise EvaluationError(f"classes are 0 to {table.shape[1] - 1}; leave other photos out")
    logs = np.log(np.maximum(table, _LEAST_PROBABILITY))
    wanted = logs[np.arange(len(true)), true].mean()

    def too_sure(log_temperature: float) -> bool:
        warmed = warm(table, float(np.exp(log_temperature)))
        return bool((warmed * logs).sum(axis=1).mean() > wanted)

    low, high = np.log(_COLDEST), np.log(_HOTTEST)
    if not too_sure(low) or too_sure(high):
        why = (
            "the answers say nothing about the truth" if too_sure(high) else "nearly all are right"
        )
        raise EvaluationError(
            f"no temperature from {_COLDEST:g} to {_HOTTEST:g} fits these {len(true):,} photos: "
            f"{why}; give more photos"
        )
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if too_sure(middle) else (low, middle)
    return float(np.exp((low + high) / 2))


def calibrate(
    probabilities: ArrayLike, classes: ArrayLike, *, bins: int = 10, seed: int = 0
) -> Temperature:
    """Fit a temperature on one half of the photos, and measure it on the other half.

    ``probabilities`` are (N, cells), ``classes`` (N,) the true cells, -1 for none: those photos
    are left out of the fit, and are wrong whatever the answer is. Raises `EvaluationError`.
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
