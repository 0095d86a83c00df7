"""Probabilities that are right as often as they say."""

import numpy as np

from geonb_lab.evaluation.calibration import warm


def honest(photos=6000, cells=8, seed=0):
    """Probabilities, and true classes drawn from them: calibrated by construction."""
    rng = np.random.default_rng(seed)
    table = warm(rng.dirichlet(np.full(cells, 0.5), photos) + 1e-6, 1.0)
    cumulative = table.cumsum(axis=1)
    classes = (rng.random(photos)[:, None] > cumulative).sum(axis=1).clip(0, cells - 1)
    return table, classes
