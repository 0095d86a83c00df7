"""`locate_trip`: the photos of one person or several located together, by their order in time."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from os import PathLike, fsdecode
from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.earth.places import nearest_town
from geonb_lab.many.results import predict_many
from geonb_lab.trips.beliefs import Beliefs
from geonb_lab.trips.chain import Moment, Smoothed, forward_backward, viterbi
from geonb_lab.trips.located import Located, Trip
from geonb_lab.trips.movement import WAYS, Ground, Movement, Transitions, TripError
from geonb_lab.trips.solved import (
    MISTAKEN,
    STRAY,
    TRUST,
    WRONG_PLACE,
    Chain,
    KnownPlace,
    Solved,
    class_of,
)
from geonb_lab.trips.times import Taken, taken

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from geonb.distances import Place
    from geonb.earth.within import Within
    from geonb.errors import GeonbError
    from geonb.model import Model
    from geonb.photos.photo import PhotoSource
    from geonb_lab.trips.movement import Way

CUT_H = 720.0
"""A gap of so many hours cuts a trip: after 30 days anybody may be anywhere."""
BURST_S, BURST_ALIKE = 60.0, 0.8
"""Photos of one camera within so many seconds, with answers so alike, count as one: they show the
same, so the second tells nothing new."""
STRAY_STEP = 1e-4
"""The share of steps that break the rules, if clocks may be wrong."""
_SLOWER = float(np.log(1000))
"""A slower way than flights has to explain the photos a thousand times better: where it's wrong,
it rules the truth out."""
_LEARNED_ON = 300
"""Moments of a chain that ways of moving are compared on."""


@dataclass
class Read:
    """What is read of each photo before anything is located together."""

    beliefs: Beliefs
    sources: list[PhotoSource] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    times: list[Taken | None] = field(default_factory=list)
    cameras: list[str] = field(default_factory=list)
    known: list[KnownPlace | None] = field(default_factory=list)
    failures: dict[str, GeonbError] = field(default_factory=dict)


def locate_trip(  # noqa: PLR0913
    model: Model,
    photos: Iterable[PhotoSource],
    *,
    times: Sequence[datetime | float | None] | None = None,
    known: Sequence[Place | None] | None = None,
    movement: Movement | Way | None = None,
    certain_clocks: bool = False,
    top: int = 5,
    within: Within | None = None,
    spread_km: float | None = None,
    progress: bool = True,
    allow_private: bool = False,
) -> Trip:
    """Locate the photos of a trip together: each given all the others.

    A hidden Markov model (`geonb_lab.trips.chain`): the hidden states are places, a photo is what
    is seen there, and people move as ``movement`` says: "walking", "road", "flights", or your own
    parameters; by default flights, unless a slower way explains the photos much better.

    ``times`` are when each photo was taken (datetimes, or seconds since 1970), ``known`` its place
    in degrees, None where unknown; by default both are read from the photo and what lies beside
    it. A photo without a time stands alone. Known places hold, and are checked: what the rest of
    the trip contradicts is in `Trip.notes`. A place that no speed reaches has the probability 0
    only if clocks are certain.

    Photos that can't be read are in `Trip.failures`. Memory holds a few hundred places of each
    photo, not the photos. ``top``, ``within``, ``spread_km`` are those of `predict`, ``progress``
    and ``allow_private`` those of `predict_many`. Raises `TripError` if there's no photo, or if
    times or places are not as many as photos.
    """
    sources = list(photos)
    for what, given in (("times", times), ("known", known)):
        if given is not None and len(given) != len(sources):
            raise TripError(f"{len(given):,} {what} for {len(sources):,} photos; one for each")
    read = _read(model, sources, times, known, progress=progress, allow_private=allow_private)
    if not read.names:
        first = next(iter(read.failures.values()), "none was given")
        raise TripError(f"no photo of the trip can be read; the first: {first}")
    choices = {"top": top, "within": within, "spread_km": spread_km}
    return connect(model, read, movement, certain_clocks=certain_clocks, choices=choices,
                   allow_private=allow_private)  # fmt: skip


def connect(
    model: Model,
    read: Read,
    movement: Movement | Way | None = None,
    *,
    certain_clocks: bool = False,
    choices: dict[str, Any] | None = None,
    allow_private: bool = False,
) -> Trip:
    """Locate together what was read of photos: the part of `locate_trip` after the model's own."""
    ground = Ground(model.cells)
    stray_step = 0.0 if certain_clocks else STRAY_STEP
    notes: list[str] = []
    chains, ways = [], []
    for part in _parts(read):
        chain, way, found = _solve(model, ground, read, part, movement, stray_step)
        chains.append(chain)
        ways += [way] * len(part)
        notes += found
    usual = max(ways, key=ways.count) if ways else Movement()
    solved = Solved(model, read.sources, read.names, read.times, read.known, read.beliefs, chains,
                    choices or {}, allow_private)  # fmt: skip
    photos = tuple(Located(i, solved) for i in range(len(read.names)))
    notes += [*_contradicted(photos), *_timeless(read)]
    return Trip(photos, usual, tuple(notes), read.failures, solved)


def _read(
    model: Model,
    sources: list[PhotoSource],
    times: Sequence[datetime | float | None] | None,
    known: Sequence[Place | None] | None,
    *,
    progress: bool,
    allow_private: bool,
) -> Read:
    """Ask the model about each photo, and read its time and place; the photo itself is let go."""
    read = Read(Beliefs(len(model.cells)))
    results = predict_many(model, sources, progress=progress, allow_private=allow_private)
    for number, (source, result) in enumerate(zip(sources, results, strict=True)):
        if result.predictions is None or result.predictions.belief is None:
            read.failures[result.photo] = result.error or TripError(f"{result.photo}: no answer")
            continue
        photo = result.predictions.photo
        path = fsdecode(source) if isinstance(source, (str, PathLike)) else ""
        time, camera = taken(photo, path)
        if times is not None:
            time = _given(times[number])
        place = photo.place if known is None else known[number]
        read.beliefs.add(result.predictions.belief.probabilities)
        read.sources.append(source)
        read.names.append(result.photo)
        read.times.append(time)
        read.cameras.append(camera)
        read.known.append(
            KnownPlace(place, "EXIF" if known is None else "given") if place else None
        )
    return read


def _given(time: datetime | float | None) -> Taken | None:
    if time is None:
        return None
    seconds = time if isinstance(time, (int, float)) else time.timestamp()
    return Taken(seconds, zoned=True, source="given")


def _parts(read: Read) -> list[list[int]]:
    """Photos with a time, in its order, cut where nothing connects them."""
    order = [i for i, time in enumerate(read.times) if time]
    order.sort(key=lambda i: read.times[i].seconds)  # type: ignore[union-attr]
    seconds = np.array([read.times[i].seconds for i in order])  # type: ignore[union-attr]
    cuts = np.flatnonzero(np.diff(seconds) > 3600 * CUT_H) + 1
    return [part.tolist() for part in np.split(np.array(order, int), cuts) if len(part)]


def _solve(
    model: Model,
    ground: Ground,
    read: Read,
    part: list[int],
    movement: Movement | Way | None,
    stray_step: float,
) -> tuple[Chain, Movement, list[str]]:
    """Run the hidden Markov model over photos in the order of time."""
    groups = _bursts(read, part)
    moments = _moments(model, read, groups)
    classes = np.unique(np.concatenate([moment.classes for moment in moments]))
    begin = partial(Transitions, ground=ground, classes=classes, stray_step=stray_step)
    if movement is None:
        some = moments[:_LEARNED_ON]
        evidence = {name: forward_backward(some, begin(way)).evidence for name, way in WAYS.items()}
        best = max(WAYS, key=lambda name: evidence[name])
        movement = best if evidence[best] > evidence["flights"] + _SLOWER else "flights"
    way = movement if isinstance(movement, Movement) else WAYS[movement]
    first = forward_backward(moments, begin(way))
    transitions = begin(way, visited=_visited(moments, first, len(ground)))
    smoothed = forward_backward(moments, transitions)
    notes = [
        f"no movement leads from {read.names[groups[i][-1]]} to {read.names[groups[i + 1][0]]} in "
        f"{moments[i + 1].hours - moments[i].hours:.1f} hours; is a clock wrong?"
        for i in smoothed.breaks
    ]
    path = viterbi(moments, transitions)
    return Chain(groups, moments, smoothed.others, path, transitions), way, notes


def _bursts(read: Read, part: list[int]) -> list[list[int]]:
    """Photos that count as one: of one camera, within a minute, with much the same answer."""
    groups = [[part[0]]]
    for i in part[1:]:
        last = groups[-1][-1]
        near = read.times[i].seconds - read.times[last].seconds <= BURST_S  # type: ignore[union-attr]
        same = near and read.cameras[i] == read.cameras[last]
        free = read.known[i] is None and read.known[last] is None
        if same and free and read.beliefs.alike(i, last) >= BURST_ALIKE:
            groups[-1].append(i)
        else:
            groups.append([i])
    return groups


def _moments(model: Model, read: Read, groups: list[list[int]]) -> list[Moment]:
    """What is known of each moment: a known place, or what its photos say, averaged."""
    places = len(model.cells)
    fixed = [
        class_of(model, place.place) if (place := read.known[group[0]]) else None
        for group in groups
    ]
    candidates = read.beliefs.candidates(groups, fixed)
    moments = []
    for group, classes, there in zip(groups, candidates, fixed, strict=True):
        if there is None:
            seen = np.mean([_emission(read.beliefs.row(i))[classes] for i in group], axis=0)
        else:
            seen = np.log(np.where(classes == there, (1 - WRONG_PLACE) * places, 0) + WRONG_PLACE)
        hours = read.times[group[0]].seconds / 3600  # type: ignore[union-attr]
        moments.append(Moment(hours, classes, seen))
    return moments


def _emission(alone: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logarithm of how probable a photo is at each place, beside the average place, (places,).

    By Bayes' rule it's the model's probability by that of the place before any photo, 1 / places.
    """
    trusted = alone**TRUST
    trusted *= len(alone) / trusted.sum()
    return np.log((1 - MISTAKEN - STRAY) * trusted + MISTAKEN + STRAY)


def _visited(moments: list[Moment], smoothed: Smoothed, places: int) -> NDArray[np.float64]:
    """Where the trip was, by a first run: probabilities of all places, (places,)."""
    total = np.zeros(places)
    for moment, others in zip(moments, smoothed.others, strict=True):
        here = others * np.exp(moment.emission)
        total[moment.classes] += here / here.sum()
    return total / len(moments)


def _contradicted(photos: Sequence[Located]) -> list[str]:
    """Known places that the rest of the trip contradicts."""
    notes = []
    for photo in photos:
        there = photo.others_say
        if photo.known and there and photo.fits < 0.5:
            near, told = nearest_town(photo.known.place), photo.known.source
            notes.append(
                f"{photo.name}: the others contradict its place ({told}), near {near}; they say "
                f"{nearest_town(there)}. Is its clock wrong, or is it a copy?"
            )
    return notes


def _timeless(read: Read) -> list[str]:
    count = sum(time is None for time in read.times)
    what = "photo has" if count == 1 else "photos have"
    return [f"{count:,} {what} no time: alone"] if count else []
