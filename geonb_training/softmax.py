"""A softmax layer fitted to features: SciPy's L-BFGS on the penalised likelihood."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from geonb.errors import needing

STRENGTHS = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
"""Penalties that are tried, from the one that trusts the photos least."""
_STEPS = 100
_ENOUGH = 1e-5
"""The share of the loss that a step must win, or the search ends."""


def import_optimiser() -> tuple[Any, Any]:
    """SciPy's ``minimize``, and threadpoolctl's limits. Raises `MissingDependencyError`."""
    with needing("Fitting a head", "scipy", "head"):
        from scipy.optimize import minimize
    with needing("Fitting a head", "threadpoolctl", "head"):
        from threadpoolctl import threadpool_limits
    return minimize, threadpool_limits


def fit_softmax(
    features: NDArray[np.float64],
    labels: NDArray[np.intp],
    classes: int,
    strength: float,
    start: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Weights (width + 1, classes) that minimise the mean cross-entropy of the labels (N,).

    ``features`` are (N, width); the last row is the bias. Half of ``strength`` times the squared
    weights is added, without the bias. ``start`` is where the search begins.
    """
    n, width = features.shape
    rows = np.arange(n)

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        table = flat.reshape(width + 1, classes)
        logits = features @ table[:-1] + table[-1]  # (N, classes)
        logits -= logits.max(axis=1, keepdims=True)
        wanted = logits[rows, labels].mean()
        np.exp(logits, out=logits)
        sums = logits.sum(axis=1, keepdims=True)
        logits /= sums  # the probabilities
        value = np.log(sums).mean() - wanted + strength / 2 * np.square(table[:-1]).sum()
        logits[rows, labels] -= 1
        slope = np.empty_like(table)
        slope[:-1] = features.T @ logits / n + strength * table[:-1]
        slope[-1] = logits.mean(axis=0)
        return float(value), slope.ravel()

    begin = np.zeros((width + 1) * classes) if start is None else start.ravel()
    minimize, threadpool_limits = import_optimiser()
    options = {"maxiter": _STEPS, "ftol": _ENOUGH}
    # BLAS's threads would wait for each other many times a step: that takes three times as long.
    with threadpool_limits(1, "blas"):
        found = minimize(loss, begin, jac=True, method="L-BFGS-B", options=options)
    return np.asarray(found.x, np.float64).reshape(width + 1, classes)


def probabilities(features: NDArray[np.float64], table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities of the classes, (N, classes)."""
    logits = features @ table[:-1] + table[-1]
    logits -= logits.max(axis=1, keepdims=True)
    np.exp(logits, out=logits)
    return np.asarray(logits / logits.sum(axis=1, keepdims=True))


def cross_entropy(table: NDArray[np.float64], labels: NDArray[np.intp]) -> float:
    """Mean cross-entropy of the true labels (N,) under probabilities (N, classes), in nats."""
    right = table[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(right, 1e-30)).mean())
