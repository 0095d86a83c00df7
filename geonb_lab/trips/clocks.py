"""Clocks that are wrong or have no zone, and photos of other people, found by where photos are.

The photos of a camera are laid beside those of the reference, the camera or the track whose times
are surest, with its clock turned by each offset that is usual; the offset under which the two move
together best is its. Where none is better than being elsewhere, it's another person's camera.
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
    from geonb_lab.trips.movement import Ground
    from geonb_lab.trips.reading import Read
    from geonb_lab.trips.tracks import Track

SURE = np.log(100)
"""A clock is turned, or a camera somebody else's, if that explains its photos 100 times better."""
_PHOTOS, _PLACES = 40, 32  # that an offset is judged on, and the most probable places of each
_NEAR_H = 12.0  # a reference farther off tells nothing
_ZONES = 3600.0 * np.array([*range(-12, 15), -9.5, -3.5, 3.5, 4.5, 5.5, 5.75, 6.5, 9.5])
_WRONG = 3600.0 * np.array([0, -1, 1, -2, 2, -12, 12, -24, 24])


def set_clocks(
    read: Read,
    model: Model,
    ground: Ground,
    tracks: Sequence[Track],
    given: Mapping[str, str] | None = None,
) -> list[str]:
    """Turn the clocks of ``read`` to UTC, and name the people; what was found, in words.

    ``given`` are offsets by camera, or by a part of its name; "camera" means all that have none.
    Raises `TripError` for one that no camera has.
    """
    cameras = list(dict.fromkeys(c for c, time in zip(read.cameras, read.times, strict=True) if time))
    for name, text in (given or {}).items():
        meant = [c for c in cameras if name.casefold() in {"camera", *_parts_of(c)}]
        if not meant:
            raise TripError(f"no camera is called {name!r}; here are: {', '.join(cameras) or 'none'}")
        for camera in meant:
            _turn(read, camera, read_offset(text))
    mine = {c: [i for i, k in enumerate(read.cameras) if k == c and read.times[i]] for c in cameras}
    sure = {c: sum(read.times[i].zoned for i in mine[c]) for c in cameras}  # type: ignore[union-attr]
    first = max(cameras, key=lambda c: (sure[c], len(mine[c])), default="")
    reference = [] if tracks and not sure.get(first) else mine.get(first, [])
    notes = []
    for camera in cameras:
        if mine[camera] == reference or not (reference or tracks):
            continue
        notes += _compare(read, model, ground, camera, mine[camera], reference, tracks)
    return notes


def _parts_of(camera: str) -> set[str]:
    """How people may call a camera: by its whole name, or any word of it."""
    return {camera.casefold(), *camera.casefold().split()}


def _turn(read: Read, camera: str, seconds: float) -> None:
    """Take the times of a camera whose clock is so far ahead of UTC as UTC."""
    for i, (name, time) in enumerate(zip(read.cameras, read.times, strict=True)):
        if name == camera and time and not time.zoned:
            read.times[i] = replace(time, seconds=time.seconds - seconds, zoned=True)


def _compare(
    read: Read,
    model: Model,
    ground: Ground,
    camera: str,
    photos: list[int],
    reference: list[int],
    tracks: Sequence[Track],
) -> list[str]:
    """Find the offset of one camera, or that it's another person's."""
    zoned = all(read.times[i].zoned for i in photos)  # type: ignore[union-attr]
    some = [photos[int(k)] for k in np.linspace(0, len(photos) - 1, min(len(photos), _PHOTOS))]
    rows = {i: _row(read, model, i) for i in {*some, *reference}}
    events = [(read.times[i].seconds, *rows[i]) for i in reference]  # type: ignore[union-attr]
    for track in tracks:
        step = -(-len(track) // 2000)
        for second, place in zip(track.seconds[::step], track.places[::step], strict=True):
            there = np.array([class_of(model, tuple(place))])
            events.append((float(second), there, np.ones(1)))
    events.sort(key=lambda event: event[0])
    seconds = np.array([event[0] for event in events])
    classes = np.unique(np.concatenate([event[1] for event in events] + [r[0] for r in rows.values()]))
    transitions = Transitions(WAYS["flights"], ground, classes)
    places = len(ground)
    usual = np.zeros(places)
    for i in some:
        usual[rows[i][0]] += rows[i][1] / len(some)
    elsewhere = sum(_seen(usual[c] - p / len(some), p, places) for c, p in (rows[i] for i in some))

    def together(offset: float) -> float:
        total = 0.0
        for i in some:
            when = read.times[i].seconds - offset  # type: ignore[union-attr]
            j = int(np.abs(seconds - when).argmin())
            hours, (mine, p) = abs(seconds[j] - when) / 3600, rows[i]
            if hours <= _NEAR_H:
                steps = transitions.between(events[j][1], mine, hours)
                total += _seen(events[j][2] @ steps, p, places)
        return total

    zone = 0.0 if zoned else 3600.0 * round(float(np.median(_longitudes(model, rows, some))) / 15)
    offsets = _WRONG if zoned else np.unique(np.concatenate([_ZONES, zone + _WRONG]))
    scores = np.array([together(s) - min(abs(s - zone) / 3600, 6.0) for s in offsets])
    usual_score, best = float(scores[offsets == zone][0]), int(scores.argmax())
    if elsewhere > scores[best] + SURE and len(some) > 2:
        for i in photos:
            read.people[i] = camera
        return [f"{camera}: its photos were taken elsewhere at the same time; it counts as another person's"]
    offset = float(offsets[best]) if scores[best] > usual_score + SURE else zone
    for i in photos:
        time = read.times[i]
        read.times[i] = replace(time, seconds=time.seconds - offset, zoned=True)  # type: ignore[union-attr,type-var]
    hours = f"{'+' if offset >= 0 else '-'}{abs(offset) / 3600:g} h"
    if not zoned:
        why = "its photos fit the others' best so" if offset != zone else "by where its photos are"
        return [f"{camera}: its times have no zone; taken as UTC{hours}, {why}"]
    return [f"{camera}: its clock is {hours} off beside the others; corrected"] if offset else []


def _row(read: Read, model: Model, i: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The most probable places of a photo, and their probabilities; a known place is sure."""
    if known := read.known[i]:
        return np.array([class_of(model, known.place)]), np.ones(1)
    return read.beliefs.top(i, _PLACES)


def _seen(there: NDArray[np.float64], own: NDArray[np.float64], places: int) -> float:
    """The logarithm of how probable a photo is where somebody is with probabilities ``there``."""
    return float(np.log((1 - MISTAKEN - STRAY) * places * (there @ own) + MISTAKEN + STRAY))


def _longitudes(
    model: Model, rows: Mapping[int, tuple[NDArray[np.intp], NDArray[np.float64]]], some: list[int]
) -> NDArray[np.float64]:
    return np.array([model.cells.places[rows[i][0][0], 1] for i in some])
