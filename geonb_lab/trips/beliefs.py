"""What photos say alone, kept small: the most probable places of each, and who resembles whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geonb.errors import GeonbError
    from geonb.photos.photo import PhotoSource
    from geonb_lab.trips.times import KnownPlace, Taken

KEPT = 512
"""Places that are kept of each photo; the rest of the probability is spread evenly over others."""
CANDIDATES = 128
"""Places that come into question for a photo of a model with more places than `KEPT`."""
_WINDOW = 12  # photos before and after, whose places come into question too


class Beliefs:
    """The probabilities of photos over a model's places: of each, the `KEPT` most probable."""

    def __init__(self, places: int) -> None:
        self.places = places
        self._rows: list[tuple[NDArray[np.int32], NDArray[np.float32]]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, probabilities: NDArray[np.float32]) -> None:
        """Keep one more photo's probabilities, (places,)."""
        kept = min(KEPT, self.places)
        classes = np.argpartition(-probabilities, kept - 1)[:kept].astype(np.int32)
        self._rows.append((classes, probabilities[classes]))

    def row(self, i: int) -> NDArray[np.float64]:
        """The probabilities of photo ``i``, (places,), which add up to 1."""
        classes, probabilities = self._rows[i]
        rest = max(0.0, 1.0 - float(probabilities.sum(dtype=np.float64)))
        whole = np.full(self.places, rest / max(1, self.places - len(classes)))
        whole[classes] = probabilities
        return whole / whole.sum()

    def beside_average(
        self, i: int, classes: NDArray[np.intp], trust: float
    ) -> NDArray[np.float64]:
        """How many times as probable as the average place some places are, (K,).

        By Bayes' rule that's how probable the photo is there, as the model knows no place better
        than another before it sees one. ``trust`` is the exponent of the probabilities.
        """
        row, (own, _) = self.row(i), self._rows[i]
        rest = self.places - len(own)
        total = (row[own] ** trust).sum()
        if rest:  # all of them have the same probability
            total += rest * (max(0.0, 1.0 - row[own].sum()) / rest) ** trust
        return self.places * row[classes] ** trust / total

    def top(self, i: int, count: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """The ``count`` most probable places of photo ``i``, and their probabilities."""
        classes, probabilities = self._rows[i]
        order = np.argsort(-probabilities, kind="stable")[:count]
        return classes[order].astype(np.intp), probabilities[order].astype(np.float64)

    def alike(self, i: int, j: int) -> float:
        """How alike two photos' answers are, 0 to 1 (Bhattacharyya's coefficient)."""
        (a, p), (b, q) = self._rows[i], self._rows[j]
        _, at, bt = np.intersect1d(a, b, assume_unique=True, return_indices=True)
        return float(np.sqrt(p[at] * q[bt], dtype=np.float64).sum())

    def candidates(
        self, groups: Sequence[Sequence[int]], known: Sequence[int | None]
    ) -> list[NDArray[np.intp]]:
        """The places that come into question for each of the ``groups`` of photos, sorted.

        All of them if the model has few. Otherwise the best of the photos themselves, and of those
        around them in time, for the right place may be far down in a photo's own list; and the
        ``known`` places nearby.
        """
        if self.places <= KEPT:
            return [np.arange(self.places)] * len(groups)
        tops = [self.top(group[0], CANDIDATES) if group else None for group in groups]
        found = []
        for g in range(len(groups)):
            around = range(max(0, g - _WINDOW), min(len(groups), g + _WINDOW + 1))
            near = [(abs(j - g), top) for j in around if (top := tops[j]) is not None]
            own = tops[g]
            must = [k for j in around if (k := known[j]) is not None]
            if own is not None:
                must += own[0][: CANDIDATES // 4].tolist()
            classes = np.concatenate([top[0] for _, top in near] or [np.empty(0, np.intp)])
            weights = np.concatenate([top[1] / (1 + far) for far, top in near] or [np.empty(0)])
            different, where = np.unique(classes, return_inverse=True)
            sums = np.bincount(where, weights, len(different))
            best = different[np.argsort(-sums, kind="stable")[:CANDIDATES]]
            found.append(np.union1d(best, np.array(must, np.intp)).astype(np.intp))
        return found


@dataclass
class Read:
    """Lists of what is known of each photo; the photo itself is let go.

    ``people`` tells persons apart, by the name of a camera; the first one's is empty.
    ``choices`` are those of `geonb.predict`.
    """

    beliefs: Beliefs
    sources: list[PhotoSource] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    times: list[Taken | None] = field(default_factory=list)
    cameras: list[str] = field(default_factory=list)
    known: list[KnownPlace | None] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    unset: list[str] = field(default_factory=list)
    failures: dict[str, GeonbError] = field(default_factory=dict)
    choices: dict[str, Any] = field(default_factory=dict)
    allow_private: bool = False
