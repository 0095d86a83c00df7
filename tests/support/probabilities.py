"""Probabilities: of four places, and answers that are right as often as they say."""

import numpy as np

import geonb
from geonb.earth.cells import Belief
from geonb.earth.s2 import leaf_ids, parents
from geonb_lab.evaluation.calibration import warm

PLACES = np.array([(35.68, 139.69), (48.85, 2.35), (-33.87, 151.21), (64.15, -21.94)])
CELLS = geonb.Cells(parents(leaf_ids(PLACES), 10), PLACES)
BELIEF = Belief(CELLS, np.array([0.2, 0.5, 0.05, 0.25], np.float32))


def honest(photos=6000, cells=8, seed=0):
    """Probabilities, and true classes drawn from them: calibrated by construction."""
    rng = np.random.default_rng(seed)
    table = warm(rng.dirichlet(np.full(cells, 0.5), photos) + 1e-6, 1.0)
    cumulative = table.cumsum(axis=1)
    classes = (rng.random(photos)[:, None] > cumulative).sum(axis=1).clip(0, cells - 1)
    return table, classes
