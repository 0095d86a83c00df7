"""`locate_trip`: the photos of one person or several located together, by their order in time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from os import PathLike, fsdecode
from typing import TYPE_CHECKING

import numpy as np

from geonb.earth.places import nearest_town
from geonb_lab.many.results import predict_many
from geonb_lab.trips.beliefs import Beliefs, Read
from geonb_lab.trips.chain import Moment, Smoothed, forward_backward, viterbi
from geonb_lab.trips.clocks import set_clocks
from geonb_lab.trips.located import Located, Trip
from geonb_lab.trips.movement import WAYS, Ground, Movement, Transitions, TripError
from geonb_lab.trips.solved import (
    MISTAKEN,
    STRAY,
    TRUST,
    WRONG_PLACE,
    Chain,
    Solved,
    class_of,
)
from geonb_lab.trips.times import KnownPlace, Taken, told
from geonb_lab.trips.tracks import Track, read_track

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from geonb.distances import Place
    from geonb.earth.within import Within
    from geonb.model import Model
    from geonb.photos.photo import PhotoSource
    from geonb_lab.trips.movement import Way

    Event = tuple[float, list[int], int | None]
    """Seconds since 1970, the photos of the moment, and its known place's class."""

CUT_H = 720.0  # a gap of so many hours cuts a trip: after 30 days anybody may be anywhere
BURST_S, BURST_ALIKE = 60.0, 0.8
"""Photos of one camera within so many seconds, with answers so alike, count as one: they show the
same, so the second tells nothing new."""
STRAY_STEP = 1e-4  # the share of steps that break the rules, if clocks may be wrong
DWELL_H = (8.0, 24.0, 72.0, 216.0)  # mean hours at a base, of which a trip's own data choose


def locate_trip(  # noqa: PLR0913
    model: Model,
    photos: Iterable[PhotoSource],
    *,
    times: Sequence[datetime | float | None] | None = None,
    known: Sequence[Place | None] | None = None,
    tracks: Iterable[Track | str | PathLike[str]] = (),
    clocks: Mapping[str, str] | None = None,
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
    parameters; by default by flights, with the length of stays that explains the photos best.

    ``times`` are when each photo was taken (datetimes, or seconds since 1970), ``known`` its place
    in degrees, None where unknown; by default both are read from the photo and what lies beside
    it. A photo without a time stands alone. Known places hold, and are checked: `Trip.notes`. A
    place that no speed reaches has the probability 0 only if clocks are certain.

    ``tracks`` (GPX, Google's Timeline, GeoJSON) give the place of photos within them, and bound
    those outside. ``clocks`` tell how far cameras are ahead of UTC, ``{"Canon": "+02:00"}``;
    "camera" means all whose zone isn't known, which is otherwise found.

    Photos that can't be read are in `Trip.failures`. The last options are those of `predict_many`.
    Raises `TripError` if there's no photo, if times or places are not as many as photos, and for a
    track or a clock that makes no sense.
    """
    sources = list(photos)
    for what, given in (("times", times), ("known", known)):
        if given is not None and len(given) != len(sources):
            raise TripError(f"{len(given):,} {what} for {len(sources):,} photos; one for each")
    ways = [track if isinstance(track, Track) else read_track(track) for track in tracks]
    read = _read_all(model, sources, times, known, progress=progress, allow_private=allow_private)
    if not read.names:
        first = next(iter(read.failures.values()), "none was given")
        raise TripError(f"no photo of the trip can be read; the first: {first}")
    read.choices = {"top": top, "within": within, "spread_km": spread_km}
    read.allow_private = allow_private
    return connect(model, read, movement, tracks=ways, clocks=clocks, certain_clocks=certain_clocks)


def connect(
    model: Model,
    read: Read,
    movement: Movement | Way | None = None,
    *,
    tracks: Sequence[Track] = (),
    clocks: Mapping[str, str] | None = None,
    certain_clocks: bool = False,
) -> Trip:
    """Locate together what was read of photos: the part of `locate_trip` after the model's own."""
    ground = Ground(model.cells)
    notes = [f"{track.name}: {note}" for track in tracks for note in track.notes]
    notes += set_clocks(read, model, ground, tracks, clocks)
    notes += _on_tracks(read, tracks)
    stray_step = 0.0 if certain_clocks else STRAY_STEP
    chains = []
    for events in _parts(model, read, tracks):
        moments = _moments(read, events, len(ground))
        chain = _solve(ground, events, moments, movement, stray_step)
        chains.append(chain)
        for i in chain.breaks:
            a, b = (read.names[e[1][0]] if e[1] else "the track" for e in events[i : i + 2])
            hours = moments[i + 1].hours - moments[i].hours
            notes.append(f"no movement leads from {a} to {b} in {hours:.1f} hours; a wrong clock?")
    longest = max(chains, key=lambda chain: len(chain.moments), default=None)
    usual = longest.transitions.movement if longest else Movement()
    solved = Solved(model, read, chains)
    facts = zip(read.names, read.times, read.known, strict=True)
    photos = tuple(Located(i, *told, solved) for i, told in enumerate(facts))
    notes += [*_contradicted(solved), *_timeless(read)]
    return Trip(photos, usual, tuple(notes), read.failures, solved)


def _on_tracks(read: Read, tracks: Sequence[Track]) -> list[str]:
    """Give the photos within a track its place; what their own place contradicts, in words."""
    notes = []
    mine = [i for i, time in enumerate(read.times) if time and not read.people[i]]
    seconds = [read.times[i].seconds for i in mine]  # type: ignore[union-attr]
    for track in tracks:
        places, accuracy = track.at(seconds)
        for i, place, km in zip(mine, places.tolist(), accuracy.tolist(), strict=True):
            if not np.isnan(km) and read.known[i] is None:
                read.known[i] = KnownPlace((place[0], place[1]), track.name, km)
        count = int((~np.isnan(accuracy)).sum())
        notes.append(f"{track.name}: {count:,} of {len(mine):,} photos with a time are within it")
    return notes


def _parts(model: Model, read: Read, tracks: Sequence[Track]) -> list[list[Event]]:
    """Moments in the order of time, by person, cut where nothing connects them.

    The fixes of tracks before and after a photo outside bound where it can be.
    """
    parts: list[list[Event]] = []
    for person in dict.fromkeys(read.people):
        order = [i for i, time in enumerate(read.times) if time and read.people[i] == person]
        order.sort(key=lambda i: read.times[i].seconds)  # type: ignore[union-attr]
        events = _bursts(model, read, order)
        bounds = {
            (t, k)
            for t, track in enumerate(tracks if not person else ())
            for second, _, place in events
            if place is None
            for k in track.around(second)
        }
        for t, k in bounds:
            lat, lng = tracks[t].places[k].tolist()
            events.append((float(tracks[t].seconds[k]), [], class_of(model, (lat, lng))))
        events.sort(key=lambda event: event[0])
        gaps = np.diff([event[0] for event in events])
        cuts = [0, *(np.flatnonzero(gaps > 3600 * CUT_H) + 1).tolist(), len(events)]
        parts += [events[a:b] for a, b in pairwise(cuts)]
    return [part for part in parts if any(photos for _, photos, _ in part)]


def _bursts(model: Model, read: Read, order: list[int]) -> list[Event]:
    """The moments of photos: those of a burst are one."""
    events: list[Event] = []
    for i in order:
        second, known = read.times[i].seconds, read.known[i]  # type: ignore[union-attr]
        if events and known is None:
            before, photos, place = events[-1]
            last = photos[-1]
            near = second - before <= BURST_S and read.cameras[i] == read.cameras[last]
            if place is None and near and read.beliefs.alike(i, last) >= BURST_ALIKE:
                photos.append(i)
                continue
        events.append((second, [i], class_of(model, known.place) if known else None))
    return events


def _moments(read: Read, events: list[Event], places: int) -> list[Moment]:
    """What is known of each moment: a known place, or what its photos say, averaged."""
    candidates = read.beliefs.candidates([e[1] for e in events], [e[2] for e in events])
    moments = []
    for (second, photos, known), classes in zip(events, candidates, strict=True):
        if known is None:
            trusted = [read.beliefs.beside_average(i, classes, TRUST) for i in photos]
            worth = 1 - MISTAKEN - STRAY
            seen = np.mean(np.log(worth * np.array(trusted) + 1 - worth), axis=0)
        else:
            seen = np.log(np.where(classes == known, (1 - WRONG_PLACE) * places, 0) + WRONG_PLACE)
        moments.append(Moment(second / 3600, classes, seen))
    return moments


def _solve(
    ground: Ground,
    events: list[Event],
    moments: list[Moment],
    movement: Movement | Way | None,
    stray_step: float,
) -> Chain:
    """Run the hidden Markov model: once to see where the trip was, and again with the way back."""
    classes = np.unique(np.concatenate([moment.classes for moment in moments]))
    way = movement if isinstance(movement, Movement) else WAYS[movement or "flights"]
    transitions = Transitions(way, ground, classes, stray_step=stray_step)
    if movement is None:  # how long a stay is in this trip
        some, evidence = moments[:300], {}
        for hours in DWELL_H:
            transitions.movement = replace(way, dwell_h=hours)
            evidence[hours] = forward_backward(some, transitions).evidence
        transitions.movement = replace(way, dwell_h=max(evidence, key=lambda h: evidence[h]))
    transitions.visited = _visited(moments, forward_backward(moments, transitions), len(ground))
    smoothed = forward_backward(moments, transitions)
    path = viterbi(moments, transitions)
    members = [photos for _, photos, _ in events]
    return Chain(members, moments, smoothed.others, path, transitions, smoothed.breaks)


def _visited(moments: list[Moment], smoothed: Smoothed, places: int) -> NDArray[np.float64]:
    """Where the trip was, by a first run: probabilities of all places, (places,)."""
    total = np.zeros(places)
    for moment, others in zip(moments, smoothed.others, strict=True):
        here = others * np.exp(moment.emission)
        total[moment.classes] += here / here.sum()
    return total / len(moments)


def _contradicted(solved: Solved) -> list[str]:
    """Known places that the rest of the trip contradicts."""
    notes = []
    for i, known in enumerate(solved.read.known):
        there = solved.elsewhere(i)
        if known and there and solved.probabilities(i)[1] < 0.5:
            notes.append(
                f"{solved.read.names[i]}: the others contradict its place ({known.source}), near "
                f"{nearest_town(known.place)}; they say {nearest_town(there)}. "
                "Is its clock wrong, or is it a copy?"
            )
    return notes


def _timeless(read: Read) -> list[str]:
    """How many photos stand alone, and why."""
    count, never = read.times.count(None), len(read.unset)
    why = f" ({never:,} by a clock that was never set, such as {read.unset[0]})" if never else ""
    what = "photo has" if count == 1 else "photos have"
    return [f"{count:,} {what} no time{why}: located alone"] if count else []


def _read_all(
    model: Model,
    sources: list[PhotoSource],
    times: Sequence[datetime | float | None] | None,
    known: Sequence[Place | None] | None,
    *,
    progress: bool,
    allow_private: bool,
) -> Read:
    """Ask the model about each photo, and read its time and place."""
    read = Read(Beliefs(len(model.cells)))
    results = predict_many(model, sources, progress=progress, allow_private=allow_private)
    for number, (source, result) in enumerate(zip(sources, results, strict=True)):
        if result.predictions is None or result.predictions.belief is None:
            read.failures[result.photo] = result.error or TripError(f"{result.photo}: no answer")
            continue
        path = fsdecode(source) if isinstance(source, (str, PathLike)) else ""
        facts = told(result.predictions.photo, path)
        there = facts.known
        if known is not None:
            place = known[number]
            there = KnownPlace(place, "given") if place else None
        read.beliefs.add(result.predictions.belief.probabilities)
        read.sources.append(source)
        read.names.append(result.photo)
        time = facts.taken
        if times is not None:
            when = times[number]
            seconds = when.timestamp() if isinstance(when, datetime) else when
            time = None if seconds is None else Taken(seconds, zoned=True, source="given")
        read.times.append(time)
        read.cameras.append(facts.camera)
        read.known.append(there)
        read.people.append("")
        if facts.unset and times is None:
            read.unset.append(result.photo)
    return read
