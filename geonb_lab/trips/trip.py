"""`locate_trip`: the photos of one person or several located together, by their order in time."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from os import PathLike, fsdecode
from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.earth.places import nearest_town
from geonb_lab.many.results import predict_many
from geonb_lab.trips.chain import Moment, forward_backward, viterbi
from geonb_lab.trips.located import WRONG_PLACE, Chain, Located, Trip
from geonb_lab.trips.movement import IMPOSSIBLE, WAYS, Ground, Movement, Transitions, TripError
from geonb_lab.trips.shots import Answer, KnownPlace, Shot, Taken, candidates, class_of
from geonb_lab.trips.times import set_clocks, told
from geonb_lab.trips.tracks import Track, read_track

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from geonb.distances import Place
    from geonb.earth.within import Within
    from geonb.errors import GeonbError
    from geonb.model import Model
    from geonb.photos.photo import PhotoSource
    from geonb_lab.trips.movement import Way

    Event = tuple[float, list[Shot], int | None]
    """Seconds since 1970, the photos of the moment, and its known place's class."""

CUT_H = 720.0  # a gap of so many hours cuts a trip: after 30 days anybody may be anywhere
BURST_S, BURST_ALIKE = 60.0, 0.8
"""Photos of one camera within so many seconds, with answers so alike, count as one: they show the
same, so the second tells nothing new."""
STRAY_STEP = 1e-4  # the share of steps that break the rules, if clocks may be wrong


def locate_trip(  # noqa: PLR0913
    model: Model,
    photos: Iterable[PhotoSource],
    *,
    times: Sequence[datetime | float | None] | None = None,
    known: Sequence[Place | None] | None = None,
    tracks: Iterable[Track | str | PathLike[str]] = (),
    clocks: Mapping[str, str] | None = None,
    movement: Movement | Way = "flights",
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
    parameters.

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
    failures: dict[str, GeonbError] = {}
    results = predict_many(model, sources, progress=progress, allow_private=allow_private)
    shots = []
    for number, (source, result) in enumerate(zip(sources, results, strict=True)):
        if result.predictions is None or result.predictions.belief is None:
            failures[result.photo] = result.error or TripError(f"{result.photo}: no answer")
            continue
        path = fsdecode(source) if isinstance(source, (str, PathLike)) else ""
        facts = told(result.predictions.photo, path)
        taken, place = facts.taken, facts.known
        if times is not None:
            taken = _given(times[number])
        if known is not None:
            there = known[number]
            place = KnownPlace(there, "given") if there else None
        answer = Answer.of(result.predictions.belief.probabilities)
        unset = facts.unset and times is None
        shots.append(Shot(result.photo, source, answer, taken, place, facts.camera, unset=unset))
    if not shots:
        first = next(iter(failures.values()), "none was given")
        raise TripError(f"no photo of the trip can be read; the first: {first}")
    choices = {"top": top, "within": within, "spread_km": spread_km, "allow_private": allow_private}
    return connect(
        model, shots, movement, tracks=ways, clocks=clocks, certain_clocks=certain_clocks,
        failures=failures, choices=choices,
    )  # fmt: skip


def connect(  # noqa: PLR0913
    model: Model,
    shots: Sequence[Shot],
    movement: Movement | Way = "flights",
    *,
    tracks: Sequence[Track] = (),
    clocks: Mapping[str, str] | None = None,
    certain_clocks: bool = False,
    failures: Mapping[str, GeonbError] | None = None,
    choices: Mapping[str, Any] | None = None,
) -> Trip:
    """Locate together what was read of photos: the part of `locate_trip` after the model's own."""
    ground = Ground(model.cells)
    notes = [f"{track.name}: {note}" for track in tracks for note in track.notes]
    notes += set_clocks(shots, model.cells, ground, tracks, clocks)
    notes += _on_tracks(shots, tracks)
    way = movement if isinstance(movement, Movement) else WAYS[movement]
    stray_step = IMPOSSIBLE if certain_clocks else STRAY_STEP
    chains = [_solve(ground, e, way, stray_step) for e in _parts(model, shots, tracks)]
    where = {s: (c, m) for c in chains for m, moment in enumerate(c.moments) for s in moment.shots}
    photos = tuple(
        Located(s.name, s.taken, s.known, s.source, s, model, choices or {}, *where.get(s, (None,)))
        for s in shots
    )
    notes += [*_too_fast(chains), *_contradicted(photos), *_timeless(shots)]
    return Trip(photos, model, way, tuple(notes), failures or {}, chains)


def _on_tracks(shots: Sequence[Shot], tracks: Sequence[Track]) -> Iterator[str]:
    """Give the photos within a track its place; how many there are, in words."""
    mine = [(shot, shot.taken.seconds) for shot in shots if shot.taken and not shot.person]
    for track in tracks:
        places, accuracy = track.at([second for _, second in mine])
        for (shot, _), (lat, lng), km in zip(mine, places.tolist(), accuracy.tolist(), strict=True):
            if not np.isnan(km) and shot.known is None:
                shot.known = KnownPlace((lat, lng), track.name, km)
        count = int((~np.isnan(accuracy)).sum())
        yield f"{track.name}: {count:,} of {len(mine):,} photos with a time are within it"


def _parts(model: Model, shots: Sequence[Shot], tracks: Sequence[Track]) -> list[list[Event]]:
    """Moments in the order of time, by person, cut where nothing connects them.

    The fixes of tracks before and after a photo outside bound where it can be.
    """
    parts: list[list[Event]] = []
    for person in dict.fromkeys(shot.person for shot in shots):
        events = _bursts(model, [shot for shot in shots if shot.person == person])
        bounds = {
            (t, k)
            for t, track in enumerate(tracks if not person else ())
            for second, _, place in events
            if place is None
            for k in track.around(second)
        }
        for t, k in bounds:
            lat, lng = tracks[t].places[k].tolist()
            events.append((float(tracks[t].seconds[k]), [], class_of(model.cells, (lat, lng))))
        events.sort(key=lambda event: event[0])
        gaps = np.diff([event[0] for event in events])
        cuts = [0, *(np.flatnonzero(gaps > 3600 * CUT_H) + 1).tolist(), len(events)]
        parts += [events[a:b] for a, b in pairwise(cuts)]
    return [part for part in parts if any(members for _, members, _ in part)]


def _bursts(model: Model, shots: Sequence[Shot]) -> list[Event]:
    """The moments of photos, in the order of time: those of a burst are one."""
    timed = [(shot.taken.seconds, shot) for shot in shots if shot.taken]
    events: list[Event] = []
    for second, shot in sorted(timed, key=lambda pair: pair[0]):
        if events and shot.known is None:
            before, members, place = events[-1]
            last = members[-1]
            near = second - before <= BURST_S and shot.camera == last.camera
            if place is None and near and shot.answer.alike(last.answer) >= BURST_ALIKE:
                members.append(shot)
                continue
        place = class_of(model.cells, shot.known.place) if shot.known else None
        events.append((second, [shot], place))
    return events


def _solve(ground: Ground, events: list[Event], movement: Movement, stray_step: float) -> Chain:
    """Run the hidden Markov model: once to see where the trip was, and again with the way back."""
    answers = [members[0].answer if members else None for _, members, _ in events]
    some = candidates(answers, [known for _, _, known in events], len(ground))
    moments = []
    for (second, members, known), classes in zip(events, some, strict=True):
        if known is None:  # what the photos of a burst say, averaged
            logs = [np.log(shot.answer.seen(classes)) for shot in members]
            seen = np.exp(np.mean(logs, axis=0))
        else:
            seen = np.where(classes == known, (1 - WRONG_PLACE) * len(ground), 0) + WRONG_PLACE
        moments.append(Moment(second / 3600, classes, seen, members))
    transitions = Transitions(movement, ground, np.unique(np.concatenate(some)), None, stray_step)
    visited = np.zeros(len(ground))
    for moment, told_there in zip(moments, forward_backward(moments, transitions), strict=True):
        here = told_there * moment.seen
        visited[moment.classes] += here / here.sum() / len(moments)
    transitions.visited = visited
    others = forward_backward(moments, transitions)
    return Chain(moments, others, viterbi(moments, transitions), transitions)


def _too_fast(chains: Sequence[Chain]) -> Iterator[str]:
    """Where the most probable path is faster than people move."""
    for chain in chains:
        found = []
        for (a, b), (p, q) in zip(pairwise(chain.moments), pairwise(chain.path), strict=True):
            hours = b.hours - a.hours
            if chain.transitions.too_far(np.array([p]), np.array([q]), hours).all():
                names = [m.shots[0].name if m.shots else "the track" for m in (a, b)]
                found.append(f"from {names[0]} to {names[1]} in {hours:.1f} hours")
        if found:
            more = f", nor at {len(found) - 1:,} other times" * (len(found) > 1)
            yield f"no movement leads {found[0]}{more}; a wrong clock?"


def _contradicted(photos: Sequence[Located]) -> Iterator[str]:
    """Known places that the rest of the trip contradicts, and how many other photos don't fit."""
    misfits = [photo for photo in photos if photo.fits < 0.5]
    for photo in misfits:
        if photo.known and photo.elsewhere:
            yield (
                f"{photo.name}: the others contradict its place ({photo.known.source}), near "
                f"{nearest_town(photo.known.place)}; they say {nearest_town(photo.elsewhere)}. "
                "Is its clock wrong, or is it a copy?"
            )
    if rest := [photo.name for photo in misfits if not photo.known]:
        yield (
            f"{len(rest):,} {'photo fits' if len(rest) == 1 else 'photos fit'} the others badly, "
            f"such as {rest[0]}: a wrong clock, or somebody else's?"
        )


def _timeless(shots: Sequence[Shot]) -> Iterator[str]:
    """How many photos stand alone, and why."""
    count, never = sum(not s.taken for s in shots), [s.name for s in shots if s.unset]
    why = f" ({len(never):,} by a clock that was never set, such as {never[0]})" if never else ""
    if count:
        what = "photo has" if count == 1 else "photos have"
        yield f"{count:,} {what} no time{why}: located alone"


def _given(when: datetime | float | None) -> Taken | None:
    seconds = when.timestamp() if isinstance(when, datetime) else when
    return None if seconds is None else Taken(seconds, zoned=True, source="given")
