"""A hidden Markov model over places: forward-backward for each moment, Viterbi for the best path.

Source: Rabiner, "A tutorial on hidden Markov models", Proceedings of the IEEE 77 (1989). The
states are places; each moment has its own list of those that come into question, so that a step
is a small matrix, however many places there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from geonb_lab.trips.movement import Transitions
from geonb_lab.trips.shots import Shot


@dataclass(frozen=True, eq=False)
class Moment:
    """What is known of one moment, in ``hours`` from any beginning.

    ``seen`` is how probable what was seen is at each place, (K,), above 0 and in any unit.
    """

    hours: float
    classes: NDArray[np.intp]  # the places that come into question, (K,)
    seen: NDArray[np.float64]
    shots: Sequence[Shot] = ()  # one, or those of a burst


def forward_backward(
    moments: Sequence[Moment], transitions: Transitions
) -> list[NDArray[np.float64]]:
    """What all others say of the places at each moment: probabilities, (K,) each."""
    before = [np.ones(len(moments[0].classes))]
    for a, b in pairwise(moments):
        before.append(_normalised(_normalised(before[-1] * a.seen) @ _steps(a, b, transitions)))
    after = [np.ones(len(moments[-1].classes))]
    for b, a in pairwise(reversed(moments)):
        after.append(_normalised(_steps(a, b, transitions) @ _normalised(after[-1] * b.seen)))
    return [_normalised(x * y) for x, y in zip(before, reversed(after), strict=True)]


def viterbi(moments: Sequence[Moment], transitions: Transitions) -> list[int]:
    """The most probable path: the place at each moment."""
    score = np.log(moments[0].seen)  # the logarithm of the best path to each place, (K,)
    came: list[NDArray[np.intp]] = []
    for a, b in pairwise(moments):
        paths = score[:, None] + np.log(_steps(a, b, transitions))
        came.append(paths.argmax(axis=0))
        score = paths.max(axis=0) + np.log(b.seen)
    path = [int(score.argmax())]
    for best in reversed(came):
        path.append(int(best[path[-1]]))
    return [int(m.classes[i]) for m, i in zip(moments, reversed(path), strict=True)]


def _steps(a: Moment, b: Moment, transitions: Transitions) -> NDArray[np.float64]:
    return transitions.between(a.classes, b.classes, b.hours - a.hours)


def _normalised(row: NDArray[np.float64]) -> NDArray[np.float64]:
    return row / row.sum()
