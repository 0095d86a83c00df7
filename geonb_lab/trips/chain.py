"""A hidden Markov model over places: forward-backward for each moment, Viterbi for the best path.

Source: Rabiner, "A tutorial on hidden Markov models", Proceedings of the IEEE 77 (1989). The
states are places; each moment has its own list of those that come into question, so that a step
is a small matrix, however many places there are. Everything that is multiplied is kept as a
logarithm.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geonb_lab.trips.movement import Transitions


@dataclass(frozen=True, eq=False)
class Moment:
    """What is known of one moment, in ``hours`` from any beginning.

    ``emission`` is the logarithm of how probable what was seen is at each place, (K,).
    """

    hours: float
    classes: NDArray[np.intp]  # the places that come into question, (K,)
    emission: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Smoothed:
    """What forward-backward gives."""

    others: list[NDArray[np.float64]]  # for each moment what all others say of its places, (K,)
    evidence: float  # the logarithm of the probability of all that was seen
    breaks: tuple[int, ...]  # the moments after which no movement leads on


@np.errstate(divide="ignore")  # places that no speed reaches
def forward_backward(moments: Sequence[Moment], transitions: Transitions) -> Smoothed:
    """The places at each moment given all others.

    Where no movement leads from one moment to the next, the chain is broken there, and its parts
    are told apart: `Smoothed.breaks`.
    """
    before = [_even(moments[0])]
    evidence, breaks = 0.0, []
    for i, moment in enumerate(moments):
        seen, total = _normalised(before[i] + moment.emission)
        evidence += total
        if i + 1 == len(moments):
            break
        following = moments[i + 1]
        ahead = np.log(np.exp(seen) @ _steps(moment, following, transitions))
        if not np.isfinite((ahead + following.emission).max()):
            breaks.append(i)
            ahead = _even(following)
        before.append(ahead)
    after = [np.zeros(len(moment.classes)) for moment in moments]
    for i in range(len(moments) - 2, -1, -1):
        moment, following = moments[i], moments[i + 1]
        if i in breaks:
            continue
        seen, _ = _normalised(after[i + 1] + following.emission)
        after[i] = np.log(_steps(moment, following, transitions) @ np.exp(seen))
    others = []
    for ahead, behind in zip(before, after, strict=True):
        # Both sides may exclude each other; then the emission decides among what either allows.
        both = ahead + behind
        logs, _ = _normalised(both if np.isfinite(both.max()) else np.logaddexp(ahead, behind))
        others.append(np.exp(logs))
    return Smoothed(others, evidence, tuple(breaks))


@np.errstate(divide="ignore")
def viterbi(moments: Sequence[Moment], transitions: Transitions) -> list[int]:
    """The most probable path: the place at each moment."""
    score = _even(moments[0]) + moments[0].emission
    came: list[NDArray[np.intp]] = []
    for moment, following in pairwise(moments):
        paths = score[:, None] + np.log(_steps(moment, following, transitions))
        best = paths.argmax(axis=0)
        score = paths[best, np.arange(len(best))]
        if not np.isfinite((score + following.emission).max()):  # a break: begin anew
            score = _even(following)
        score = score + following.emission
        score -= score.max()
        came.append(best)
    path = [int(score.argmax())]
    for best in reversed(came):
        path.append(int(best[path[-1]]))
    return [int(m.classes[i]) for m, i in zip(moments, reversed(path), strict=True)]


def _steps(a: Moment, b: Moment, transitions: Transitions) -> NDArray[np.float64]:
    return transitions.between(a.classes, b.classes, b.hours - a.hours)


def _even(moment: Moment) -> NDArray[np.float64]:
    return np.full(len(moment.classes), -np.log(len(moment.classes)))


def _normalised(logs: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Logarithms of probabilities that add up to 1, and the logarithm of what they added up to."""
    total = float(np.logaddexp.reduce(logs))
    return logs - total, total
