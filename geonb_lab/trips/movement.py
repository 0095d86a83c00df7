"""How people move: near where they stay for hours, then on, at most as fast as a flight, and back.

The hidden Markov model's transition: from the place of one photo to that of the next. With the
probability 1 - exp(-hours / dwell) somebody has moved on between the two; otherwise both are
near the same base. Who has moved on goes back to a place of the trip (preferential return: Song
et al., Nature Physics 6, 2010), or to a new one, the less probable the farther.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from geonb.distances import EARTH_RADIUS_KM
from geonb.earth.cells import Cells
from geonb.earth.s2 import unit_vectors
from geonb.errors import GeonbError

_BAND = 6.0  # near kernels are summed over latitudes this many scales around: e to the -6 is left
_SAMPLE = 2048  # places at most that a far kernel is summed over, and a near one without a band
IMPOSSIBLE = 1e-100
"""What a step that nobody can make has instead of 0, which no answer can tell from it: photos that
contradict each other still give an answer."""


class TripError(GeonbError, ValueError):
    """Photos, times or tracks of a trip do not fit together, or cannot be read."""


@dataclass(frozen=True)
class Movement:
    """The parameters of how people move.

    ``leap_km``, ``wander_km``, ``dwell_h`` and ``home`` are fitted on drawn lives, and checked on
    other lives and on tours (docs/trips.md). Half or twice as much fits nearly as well.

    Attributes:
        speed_kmh: The top speed, km/h. Jets cruise at about 900 (Mach 0.85 at 11 km).
        leap_km: The scale of a move to a new place, km: e times as far is 1/e as probable.
        wander_km: The scale of ways around a base, km, and of errors of answers.
        dwell_h: Mean hours at a base before somebody moves on.
        home: The share of moves that go back to a place of the trip, 0 to 1. Song et al. measure
            1 - 0.6 S^-0.21 after S places: 0.4 at first, 0.6 after seven.
        slack_km: What the places of photos and cells may be off, km, added to what a speed reaches.
    """

    speed_kmh: float = 900.0
    leap_km: float = 1500.0
    wander_km: float = 40.0
    dwell_h: float = 24.0
    home: float = 0.2
    slack_km: float = 10.0

    def __post_init__(self) -> None:
        scales = (self.speed_kmh, self.leap_km, self.wander_km, self.dwell_h)
        if not (min(scales) > 0 and self.slack_km >= 0 and 0 <= self.home <= 1):
            raise TripError(f"{self}: speeds, km and hours are above 0, and home is from 0 to 1")


Way: TypeAlias = Literal["walking", "road", "flights"]
WAYS: dict[Way, Movement] = {
    "walking": Movement(speed_kmh=6.0, leap_km=10.0, wander_km=1.0),
    "road": Movement(speed_kmh=130.0, leap_km=150.0),
    "flights": Movement(),
}
"""On foot 6 km/h (Bohannon, Age and Ageing 26, 1997: 5.3 at comfort, 9 in haste); on the road 130
km/h (the limit of most of Europe's motorways); flights see `Movement`."""


class Ground:
    """Where a model's places lie, and how far from each other."""

    def __init__(self, cells: Cells) -> None:
        self.places = cells.places
        self.radii = np.sqrt(cells.areas_km2 / np.pi)
        """Of a circle as large as each cell, (N,) km: a photo is about this far from its place."""
        self._vectors = unit_vectors(cells.places)
        self._by_latitude = np.argsort(cells.places[:, 0], kind="stable")
        self._latitudes = cells.places[self._by_latitude, 0]

    def __len__(self) -> int:
        return len(self.places)

    def km(self, a: NDArray[np.intp], b: NDArray[np.intp]) -> NDArray[np.float64]:
        """Great-circle kilometres between places ``a`` (A,) and ``b`` (B,): (A, B)."""
        chords = 1.0 - self._vectors[a] @ self._vectors[b].T
        return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(chords / 2, 0.0, 1.0)))

    def around(self, a: int, km: float) -> NDArray[np.intp]:
        """At least all places within ``km`` of one; all there are, if these are few."""
        if len(self) <= _SAMPLE:
            return self._by_latitude
        span = np.degrees(km / EARTH_RADIUS_KM) * np.array([-1, 1])
        first, last = np.searchsorted(self._latitudes, self.places[a, 0] + span)
        return self._by_latitude[first:last]


class Transitions:
    """The probability of each place at one photo, given the place at the one before.

    Rows add up to 1 over all the model's places, but for what no speed reaches: no array has a row
    and a column for every place, only for those that come into question.

    ``visited`` is where the trip was, (places,) probabilities; ``stray_step`` the probability that
    a step breaks all rules, as a wrong clock does. ``classes`` are all that will be asked about.
    """

    def __init__(
        self,
        movement: Movement,
        ground: Ground,
        classes: NDArray[np.intp],
        visited: NDArray[np.float64] | None = None,
        stray_step: float = IMPOSSIBLE,
    ) -> None:
        self.movement, self.ground, self.visited = movement, ground, visited
        self.stray_step = stray_step
        self._last: tuple[Any, Any, Any] | None = None
        self._wander, self._leap = np.ones(len(ground)), np.ones(len(ground))
        for a in classes.tolist():
            near = ground.around(a, _BAND * (movement.wander_km + ground.radii[a]))
            here = np.array([a])
            self._wander[a] = self._wandering(here, near, ground.km(here, near)).sum()
        sample = np.arange(0, len(ground), -(-len(ground) // _SAMPLE))
        for first in range(0, len(classes), 256):
            some = classes[first : first + 256]
            far = np.exp(-ground.km(some, sample) / movement.leap_km).sum(axis=1)
            self._leap[some] = far * len(ground) / len(sample)

    def _wandering(
        self, a: NDArray[np.intp], b: NDArray[np.intp], km: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """How near places are to each other by the scale of wandering, blurred by their cells."""
        radii = self.ground.radii
        # A third of both radii makes the next cell, 2 r away, e^-3 as probable as the own.
        return np.exp(-km / (self.movement.wander_km + (radii[a][:, None] + radii[b]) / 3))

    def between(
        self, a: NDArray[np.intp], b: NDArray[np.intp], hours: float
    ) -> NDArray[np.float64]:
        """Probability of each place of ``b`` some hours after (or before) each of ``a``: (A, B)."""
        way = self.movement
        _, wander, leap = self._shapes(a, b)
        moved = -np.expm1(-abs(hours) / way.dwell_h)
        back = 0.0 if self.visited is None else way.home
        steps = (1 - moved) * wander + (moved * (1 - back)) * leap
        if self.visited is not None:
            steps += moved * back * self.visited[b]
        steps[self.too_far(a, b, hours)] = 0.0
        return (1 - self.stray_step) * steps + self.stray_step / len(self.ground)

    def too_far(self, a: NDArray[np.intp], b: NDArray[np.intp], hours: float) -> NDArray[np.bool_]:
        """Whether the top speed doesn't lead from one place to the other, (A, B)."""
        way, (far, _, _) = self.movement, self._shapes(a, b)
        return np.asarray(far > way.speed_kmh * abs(hours) + way.slack_km)

    def _shapes(
        self, a: NDArray[np.intp], b: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """What no time changes, (A, B): km from edge to edge, and the two kernels.

        The last are kept: photos of a small model all ask about the same places.
        """
        if self._last is None or self._last[0] is not a or self._last[1] is not b:
            km, radii = self.ground.km(a, b), self.ground.radii
            shapes = (
                km - radii[a][:, None] - radii[b],
                self._wandering(a, b, km) / self._wander[a][:, None],
                np.exp(-km / self.movement.leap_km) / self._leap[a][:, None],
            )
            self._last = a, b, shapes
        return self._last[2]
