"""A hidden Markov model over places: how people move, forward-backward, and Viterbi's best path.

Source: Rabiner, "A tutorial on hidden Markov models", Proceedings of the IEEE 77 (1989). The
states are places; each moment has its own list of those that come into question, so that a step
is a small matrix, however many places there are.

How people move: near where they stay for hours, then on, at most as fast as a flight, and back.
With the probability 1 - exp(-hours / dwell) somebody has moved on between two photos; otherwise
both are near the same base. Who has moved on goes back to a place of the trip (preferential
return: Song et al., Nature Physics 6, 2010), or to a new one, the less probable the farther.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from geonb.distances import EARTH_RADIUS_KM
from geonb.earth.cells import Cells
from geonb.earth.s2 import unit_vectors
from geonb.errors import GeonbError
from geonb_lab.trips.shots import WRONG_PLACE, Shot, candidates, class_of

_BAND = 6.0  # near kernels are summed over places this many scales around: e to the -6 is left
SAMPLE = 2048  # places at most that a far kernel is summed over
IMPOSSIBLE = 1e-100
"""What a step that nobody can make has instead of 0, which no answer can tell from it: photos that
contradict each other still give an answer."""
STRAY_STEP = 1e-4  # the share of steps that break the rules, if clocks may be wrong


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

    @classmethod
    def of(cls, movement: "Movement | MovementName") -> "Movement":
        """A movement by its name, or your own as it is. Raises `TripError`."""
        if isinstance(movement, Movement):
            return movement
        if movement not in MOVEMENTS:
            names = ", ".join(MOVEMENTS)
            raise TripError(f"no movement {movement!r:.40}; give {names}, or your own")
        return MOVEMENTS[movement]


MovementName: TypeAlias = Literal["walking", "road", "flights"]
MOVEMENTS: dict[MovementName, Movement] = {
    "walking": Movement(speed_kmh=6.0, leap_km=10.0, wander_km=1.0),
    "road": Movement(speed_kmh=130.0, leap_km=150.0),
    "flights": Movement(),
}
"""On foot 6 km/h (Bohannon, Age and Ageing 26, 1997: 5.3 at comfort, 9 in haste); on the road 130
km/h (the limit of most of Europe's motorways); flights see `Movement`."""


class Geometry:
    """Where a model's places lie, and how far from each other."""

    def __init__(self, cells: Cells) -> None:
        self.cells, self.places = cells, cells.places
        self.radii = np.sqrt(cells.areas_km2 / np.pi)
        """Of a circle as large as each cell, (N,) km: a photo is about this far from its place."""
        self._vectors = unit_vectors(cells.places)

    def __len__(self) -> int:
        return len(self.places)

    def km(self, a: NDArray[np.intp], b: NDArray[np.intp]) -> NDArray[np.float64]:
        """Great-circle kilometres between places ``a`` (A,) and ``b`` (B,): (A, B)."""
        chords = 1.0 - self._vectors[a] @ self._vectors[b].T
        return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(chords / 2, 0.0, 1.0)))

    def around(self, a: int, km: float) -> NDArray[np.intp]:
        """All places within ``km`` of one."""
        least = np.cos(min(km / EARTH_RADIUS_KM, np.pi))
        return np.flatnonzero(self._vectors @ self._vectors[a] >= least)


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
        geometry: Geometry,
        classes: NDArray[np.intp],
        stray_step: float = IMPOSSIBLE,
    ) -> None:
        self.movement, self.geometry, self.stray_step = movement, geometry, stray_step
        self.visited: NDArray[np.float64] | None = None
        self._last: tuple[Any, Any, Any] | None = None
        self._wander, self._leap = np.ones(len(geometry)), np.ones(len(geometry))
        sample = np.arange(0, len(geometry), -(-len(geometry) // SAMPLE))
        for a in classes.tolist():
            scale = movement.wander_km + (geometry.radii[a] + geometry.radii.max()) / 3
            here, near = np.array([a]), geometry.around(a, _BAND * scale)
            self._wander[a] = self._wandering(here, near, geometry.km(here, near)).sum()
            far = np.exp(-geometry.km(here, sample) / movement.leap_km)
            self._leap[a] = far.sum() * len(geometry) / len(sample)

    def _wandering(
        self, a: NDArray[np.intp], b: NDArray[np.intp], km: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """How near places are to each other by the scale of wandering, blurred by their cells."""
        radii = self.geometry.radii
        # A third of both radii makes the next cell, 2 r away, e^-3 as probable as the own.
        return np.exp(-km / (self.movement.wander_km + (radii[a][:, None] + radii[b]) / 3))

    def between(
        self, a: NDArray[np.intp], b: NDArray[np.intp], hours: float
    ) -> NDArray[np.float64]:
        """Probability of each place of ``b`` some hours after (or before) each of ``a``: (A, B)."""
        movement = self.movement
        _, wander, leap = self._shapes(a, b)
        moved = -np.expm1(-abs(hours) / movement.dwell_h)
        back = 0.0 if self.visited is None else movement.home
        steps = (1 - moved) * wander + (moved * (1 - back)) * leap
        if self.visited is not None:
            steps += moved * back * self.visited[b]
        steps[self.too_far(a, b, hours)] = 0.0
        return (1 - self.stray_step) * steps + self.stray_step / len(self.geometry)

    def too_far(self, a: NDArray[np.intp], b: NDArray[np.intp], hours: float) -> NDArray[np.bool_]:
        """Whether the top speed doesn't lead from one place to the other, (A, B)."""
        far, _, _ = self._shapes(a, b)
        reach = self.movement.speed_kmh * abs(hours) + self.movement.slack_km
        return np.asarray(far > reach)

    def _shapes(
        self, a: NDArray[np.intp], b: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """What no time changes, (A, B): km from edge to edge, and the two kernels.

        The last are kept: photos of a small model all ask about the same places.
        """
        if self._last is None or self._last[0] is not a or self._last[1] is not b:
            km, radii = self.geometry.km(a, b), self.geometry.radii
            shapes = (
                km - radii[a][:, None] - radii[b],
                self._wandering(a, b, km) / self._wander[a][:, None],
                np.exp(-km / self.movement.leap_km) / self._leap[a][:, None],
            )
            self._last = a, b, shapes
        return self._last[2]


@dataclass(eq=False)
class Moment:
    """What is known of one moment, in ``hours`` from any beginning, and what `solve` finds of it.

    ``seen`` is how probable what was seen is at each place, (K,), above 0 and in any unit.
    """

    hours: float
    classes: NDArray[np.intp]  # the places that come into question, (K,)
    seen: NDArray[np.float64]
    shots: Sequence[Shot] = ()  # one, or those of a burst
    others: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))  # what they say, (K,)
    on_path: int = -1  # the place on the most probable path


@dataclass(frozen=True, eq=False)
class Chain:
    """Moments of one person that are connected, in the order of time."""

    moments: list[Moment]
    transitions: Transitions


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


def solve(
    geometry: Geometry, part: list[list[Shot]], movement: Movement, *, certain_clocks: bool
) -> Chain:
    """Run the hidden Markov model: once to see where the trip was, and again with the way back."""
    known = [class_of(geometry.cells, m[0].known.place) if m[0].known else None for m in part]
    some = candidates([m[0].belief for m in part], known, len(geometry))
    moments = []
    for members, place, classes in zip(part, known, some, strict=True):
        if place is None:  # what the photos of a burst say, averaged
            logs = [np.log(shot.belief.seen(classes)) for shot in members]
            seen = np.exp(np.mean(logs, axis=0))
        else:
            seen = np.where(classes == place, (1 - WRONG_PLACE) * len(geometry), 0) + WRONG_PLACE
        moments.append(Moment(members[0].seconds / 3600, classes, seen, members))
    stray = IMPOSSIBLE if certain_clocks else STRAY_STEP
    transitions = Transitions(movement, geometry, np.unique(np.concatenate(some)), stray)
    visited = np.zeros(len(geometry))
    for moment, told_there in zip(moments, forward_backward(moments, transitions), strict=True):
        here = told_there * moment.seen
        visited[moment.classes] += here / here.sum() / len(moments)
    transitions.visited = visited
    found = forward_backward(moments, transitions), viterbi(moments, transitions)
    for moment, others, place in zip(moments, *found, strict=True):
        moment.others, moment.on_path = others, place
    return Chain(moments, transitions)
