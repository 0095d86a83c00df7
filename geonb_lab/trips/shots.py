"""What a trip keeps of each photo: what it says alone, and what is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from geonb.distances import Place
from geonb.earth.cells import Cells
from geonb.photos.photo import PhotoSource
from geonb_lab.regions import true_classes

KEPT = 512
"""Places that are kept of each photo; the rest of the probability is spread evenly over others."""
CANDIDATES = 48
"""Places that come into question for a photo of a model with more places than `KEPT`."""
_WINDOW = 12  # photos before and after, whose places come into question too
TRUST = 0.7
"""Exponent of a photo's probabilities: photos of one place err alike, so a chain that took them for
independent would be too sure. Fitted, as `Movement` is."""
MISTAKEN = 0.15  # the share of answers that say nothing of the place; set by hand
STRAY = 0.05
"""The share of photos that aren't of the trip: a friend's, a screenshot, a scan. Assumed: drawn
trips have none."""
WORTH = 1 - MISTAKEN - STRAY
WRONG_PLACE = 0.01
"""The share of known places that are wrong: a copy's, or one with a wrong clock. Assumed."""


@dataclass(frozen=True)
class Taken:
    """When a photo was taken.

    Attributes:
        seconds: Seconds since 1970, UTC; without a zone as if the clock showed UTC.
        zoned: Whether the zone is known, so that ``seconds`` are UTC.
        source: What told the time, in words.
    """

    seconds: float
    zoned: bool
    source: str

    def __str__(self) -> str:
        text = f"{datetime.fromtimestamp(self.seconds, UTC):%Y-%m-%d %H:%M:%S}"
        return f"{text}{' UTC' if self.zoned else ''} ({self.source})"


@dataclass(frozen=True)
class KnownPlace:
    """A place that is known of a photo.

    Attributes:
        place: Latitude and longitude in degrees.
        source: What told it, in words.
        accuracy_km: How far it may be off, km; 0 if that isn't told.
    """

    place: Place
    source: str
    accuracy_km: float = 0.0


@dataclass(frozen=True, eq=False)
class KeptBelief:
    """What a model believes of one photo, as `Belief`, but only its `KEPT` most probable places."""

    count: int  # of the places of the model
    classes: NDArray[np.int32]  # the most probable first
    probabilities: NDArray[np.float32]

    @classmethod
    def of(cls, probabilities: NDArray[np.float32]) -> KeptBelief:
        """Keep the best of (places,)."""
        kept = min(KEPT, len(probabilities))
        best = np.argpartition(-probabilities, kept - 1)[:kept].astype(np.int32)
        best = best[np.argsort(-probabilities[best], kind="stable")]
        return cls(len(probabilities), best, probabilities[best])

    def whole(self) -> NDArray[np.float64]:
        """The probabilities of all places, (places,), which add up to 1."""
        rest = max(0.0, 1.0 - float(self.probabilities.sum(dtype=np.float64)))
        whole = np.full(self.count, rest / max(1, self.count - len(self.classes)))
        whole[self.classes] = self.probabilities
        return whole / whole.sum()

    def seen(self, classes: NDArray[np.intp]) -> NDArray[np.float64]:
        """How many times as probable the photo is at some places as at the average one, (K,).

        That's Bayes' rule, as the model knows no place better than another before it sees a photo.
        """
        trusted = self.whole() ** TRUST
        return WORTH * self.count * trusted[classes] / trusted.sum() + 1 - WORTH

    def alike(self, other: KeptBelief) -> float:
        """How alike two beliefs are, 0 to 1 (Bhattacharyya's coefficient)."""
        _, a, b = np.intersect1d(self.classes, other.classes, True, return_indices=True)  # noqa: FBT003
        both = self.probabilities[a] * other.probabilities[b]
        return float(np.sqrt(both, dtype=np.float64).sum())


@dataclass(eq=False)
class Shot:
    """What is kept of a photo; the photo itself is let go.

    ``person`` tells persons apart, by the name of a camera; the first one's is empty. ``unset``
    says that the clock was never set, ``allow_private`` how its source may be opened again.
    """

    name: str
    source: PhotoSource
    belief: KeptBelief
    taken: Taken | None
    known: KnownPlace | None = None
    camera: str = ""
    person: str = ""
    unset: bool = False
    allow_private: bool = False

    @property
    def seconds(self) -> float:
        """When it was taken, seconds since 1970; infinite if nobody knows."""
        return self.taken.seconds if self.taken else np.inf


def candidates(
    beliefs: Sequence[KeptBelief], known: Sequence[int | None], count: int
) -> list[NDArray[np.intp]]:
    """Which of ``count`` places come into question at each moment, sorted.

    All of them if the model has few. Otherwise the best of the moment's own belief, and fewer of
    those around it in time, for the right place may be far down in its own list; and the ``known``
    places nearby.
    """
    if count <= KEPT:
        return [np.arange(count)] * len(beliefs)
    found = []
    for g in range(len(beliefs)):
        classes = set[int]()
        for j in range(max(0, g - _WINDOW), min(len(beliefs), g + _WINDOW + 1)):
            if (place := known[j]) is not None:
                classes.add(place)
            else:
                classes.update(beliefs[j].classes[: CANDIDATES // (1 + abs(j - g))].tolist())
        found.append(np.array(sorted(classes)))
    return found


def class_of(cells: Cells, place: Place) -> int:
    """The class of a place: as `true_classes`, but however far the nearest centre is."""
    return int(true_classes(cells, [place], near_km=np.inf)[0])
