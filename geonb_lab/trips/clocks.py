"""Clocks that are wrong or have no zone, and photos of other people, found by where photos are.

The photos of a camera are laid beside those of the reference (the camera whose times are surest,
and tracks), with its clock turned by each offset that is usual; the offset under which the two move
together best is its. Where even that is worse than being elsewhere, it's another person's camera.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from geonb_lab.trips.movement import WAYS, Transitions, TripError
from geonb_lab.trips.solved import MISTAKEN, STRAY, class_of
from geonb_lab.trips.times import read_offset

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from geonb.model import Model
    from geonb_lab.trips.beliefs import Read
    from geonb_lab.trips.movement import Ground
    from geonb_lab.trips.tracks import Track

    Row = tuple[NDArray[np.intp], NDArray[np.float64]]
    """Places, and the probability of each."""

SURE = float(np.log(100))
"""A clock is turned, or a camera somebody else's, if that explains its photos 100 times better."""
_PHOTOS, _PLACES, _FIXES = 40, 32, 500  # that an offset is judged on, and the best places of each
_NEAR_H = 12.0  # a reference farther off tells nothing
_ZONES = 3600.0 * np.array([*range(-12, 15), -9.5, -3.5, 3.5, 4.5, 5.5, 5.75, 6.5, 9.5])
_WRONG = 3600.0 * np.array([0, -1, 1, -2, 2, -12, 12, -24, 24])


def set_clocks(
    read: Read,
    model: Model,
    ground: Ground,
    tracks: Sequence[Track] = (),
    given: Mapping[str, str] | None = None,
) -> list[str]:
    """Turn the clocks of ``read`` to UTC, and name the people; what was found, in words.

    ``given`` are offsets by camera, or by a word of its name; "camera" means all that have none.
    Raises `TripError` for one that no camera has.
    """
    photos: dict[str, list[int]] = {}
    for i, (camera, time) in enumerate(zip(read.cameras, read.times, strict=True)):
        if time:
            photos.setdefault(camera, []).append(i)
    for name, text in (given or {}).items():
        key, offset = name.casefold(), read_offset(text)
        meant = [c for c in photos if key in {"camera", c.casefold(), *c.casefold().split()}]
        if not meant:
            raise TripError(f"no camera is called {name!r}; there are: {', '.join(photos)}")
        for i in (i for camera in meant for i in photos[camera]):
            _turn(read, i, offset, only_unzoned=True)
    zoned = {c: sum(t.zoned for i in some if (t := read.times[i])) for c, some in photos.items()}
    first = max(photos, key=lambda c: (zoned[c], len(photos[c])), default=None)
    if tracks and first is not None and not zoned[first]:
        first = None  # the tracks alone know UTC
    notes = []
    for camera, mine in photos.items():
        if camera != first and (first is not None or tracks):
            beside = _Beside(
                read, model, ground, photos[first] if first is not None else [], tracks
            )
            notes += beside.compare(camera or "photos without a camera's name", mine)
    return notes


class _Beside:
    """The moments of the reference, and how well photos of a camera fit beside them."""

    def __init__(
        self,
        read: Read,
        model: Model,
        ground: Ground,
        reference: list[int],
        tracks: Sequence[Track],
    ) -> None:
        self.read, self.model, self.ground = read, model, ground
        seconds = [t.seconds for i in reference if (t := read.times[i])]
        rows = [self._row(i) for i in reference]
        for track in tracks:
            for k in range(0, len(track), -(-len(track) // _FIXES)):
                lat, lng = track.places[k].tolist()
                seconds.append(float(track.seconds[k]))
                rows.append((np.array([class_of(model, (lat, lng))]), np.ones(1)))
        order = np.argsort(seconds, kind="stable").tolist()
        self.seconds, self.rows = np.array(seconds)[order], [rows[k] for k in order]

    def _row(self, i: int) -> Row:
        """The most probable places of a photo; a known place is sure."""
        if known := self.read.known[i]:
            return np.array([class_of(self.model, known.place)]), np.ones(1)
        return self.read.beliefs.top(i, _PLACES)

    def compare(self, camera: str, photos: list[int]) -> list[str]:
        """Find the offset of a camera, or that it's another person's; what was found, in words."""
        some = [photos[int(k)] for k in np.linspace(0, len(photos) - 1, min(len(photos), _PHOTOS))]
        rows = [self._row(i) for i in some]
        seconds = np.array([t.seconds for i in some if (t := self.read.times[i])])
        classes = np.unique(np.concatenate([classes for classes, _ in (*self.rows, *rows)]))
        transitions = Transitions(WAYS["flights"], self.ground, classes)
        zoned, zone = all(t.zoned for i in some if (t := self.read.times[i])), 0.0
        if not zoned:  # the zone of the sun, where the photos are
            east = np.median([self.model.cells.places[classes[0], 1] for classes, _ in rows])
            zone = 3600.0 * round(float(east) / 15)
        offsets = _WRONG if zoned else np.unique(np.concatenate([_ZONES, zone + _WRONG]))
        fits = np.array([self._fit(transitions, rows, seconds - offset) for offset in offsets])
        scores = np.nansum(fits, axis=1) - np.minimum(abs(offsets - zone) / 3600, 6.0)
        best, usual = int(scores.argmax()), int(np.flatnonzero(offsets == zone)[0])
        near = ~np.isnan(fits[best])
        if near.sum() > 2 and self._elsewhere(rows)[near].sum() > scores[best] + SURE:
            for i in photos:
                self.read.people[i] = camera
            return [f"{camera}: taken elsewhere at the same time, so counted as another person's"]
        best = best if scores[best] > scores[usual] + SURE else usual
        offset = float(offsets[best])
        for i in photos:
            _turn(self.read, i, offset)
        hours = f"{'-' if offset < 0 else '+'}{abs(offset) / 3600:g} h"
        if not zoned:
            why = "by where its photos are" if best == usual else "which fits the others best"
            return [f"{camera}: times without a zone, taken as UTC{hours}, {why}"]
        return [f"{camera}: its clock is {hours} off beside the others; corrected"] * bool(offset)

    def _fit(
        self, transitions: Transitions, rows: Sequence[Row], when: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """The logarithm of how well each photo fits the reference nearest in time; NaN if far."""
        fits = np.full(len(rows), np.nan)
        for k, ((mine, p), second) in enumerate(zip(rows, when.tolist(), strict=True)):
            j = int(np.abs(self.seconds - second).argmin())
            hours = abs(float(self.seconds[j]) - second) / 3600
            if hours <= _NEAR_H:
                there, q = self.rows[j]
                fits[k] = self._seen(q @ transitions.between(there, mine, hours), p)
        return fits

    def _elsewhere(self, rows: Sequence[Row]) -> NDArray[np.float64]:
        """The same of somebody who is where the camera's other photos are, at any time."""
        usual = np.zeros(len(self.ground))
        for classes, p in rows:
            usual[classes] += p / len(rows)
        return np.array([self._seen(usual[c] - p / len(rows), p) for c, p in rows])

    def _seen(self, there: NDArray[np.float64], own: NDArray[np.float64]) -> float:
        worth = 1 - MISTAKEN - STRAY
        return float(np.log(worth * len(self.ground) * (there @ own) + 1 - worth))


def _turn(read: Read, i: int, offset: float, *, only_unzoned: bool = False) -> None:
    """Take the time of a clock that is so many seconds ahead of UTC as UTC."""
    time = read.times[i]
    if time and not (only_unzoned and time.zoned):
        read.times[i] = replace(time, seconds=time.seconds - offset, zoned=True)
