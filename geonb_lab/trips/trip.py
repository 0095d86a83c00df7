"""`locate_trip`: the photos of one person or several located together, by their order in time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from os import PathLike

import numpy as np

from geonb.distances import Place
from geonb.earth.places import nearest_town
from geonb.errors import GeonbError
from geonb.model import Model
from geonb.photos.photo import PhotoSource
from geonb_lab.many.results import predict_many
from geonb_lab.trips.chain import Chain, Geometry, Movement, MovementName, TripError, solve
from geonb_lab.trips.located import Located, Trip
from geonb_lab.trips.shots import KeptBelief, KnownPlace, Shot, Taken
from geonb_lab.trips.times import set_clocks, told
from geonb_lab.trips.tracks import Track, as_shot, read_track

CUT_H = 720.0  # a gap of so many hours cuts a trip: after 30 days anybody may be anywhere
BURST_S, BURST_ALIKE = 60.0, 0.8
"""Photos within so many seconds, with answers so alike, count as one: they show the same, so the
second tells nothing new."""


def locate_trip(  # noqa: PLR0913
    model: Model,
    photos: Iterable[PhotoSource],
    *,
    times: Sequence[datetime | float | None] | None = None,
    known: Sequence[Place | None] | None = None,
    tracks: Iterable[Track | str | PathLike[str]] = (),
    clocks: Mapping[str, str] | None = None,
    movement: Movement | MovementName = "flights",
    certain_clocks: bool = False,
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

    Photos that can't be read are in `Trip.failures`. The last two options are `predict_many`'s.
    Raises `TripError` if there's no photo, if times or places are not as many as photos, and for a
    track or a clock that makes no sense.
    """
    sources = list(photos)
    for what, given in (("times", times), ("known", known)):
        if given is not None and len(given) != len(sources):
            raise TripError(f"{len(given):,} {what} for {len(sources):,} photos; one for each")
    read = [track if isinstance(track, Track) else read_track(track) for track in tracks]
    failures: dict[str, GeonbError] = {}
    results = predict_many(model, sources, progress=progress, allow_private=allow_private)
    shots = []
    for number, (source, result) in enumerate(zip(sources, results, strict=True)):
        if result.predictions is None or result.predictions.belief is None:
            failures[result.photo] = result.error or TripError(f"{result.photo}: no answer")
            continue
        facts = told(result.predictions.photo)
        if times is not None:
            when = times[number]
            seconds = when.timestamp() if isinstance(when, datetime) else when
            taken = None if seconds is None else Taken(seconds, zoned=True, source="given")
            facts = replace(facts, taken=taken, unset=False)
        if known is not None:
            there = known[number]
            facts = replace(facts, known=KnownPlace(there, "given") if there else None)
        belief = KeptBelief.of(result.predictions.belief.probabilities)
        shots.append(Shot(result.photo, source, belief, **vars(facts), allow_private=allow_private))
    if not shots:
        first = next(iter(failures.values()), "none was given")
        raise TripError(f"no photo of the trip can be read; the first: {first}")
    trip = connect(
        model, shots, movement, tracks=read, clocks=clocks, certain_clocks=certain_clocks
    )
    return replace(trip, failures=failures)


def connect(
    model: Model,
    shots: Sequence[Shot],
    movement: Movement | MovementName = "flights",
    *,
    tracks: Sequence[Track] = (),
    clocks: Mapping[str, str] | None = None,
    certain_clocks: bool = False,
) -> Trip:
    """Locate together what was read of photos: the part of `locate_trip` after the model's own."""
    geometry = Geometry(model.cells)
    notes = [f"{track.name}: {note}" for track in tracks for note in track.notes]
    notes += set_clocks(shots, geometry, tracks, clocks)
    notes += _on_tracks(shots, tracks)
    way = Movement.of(movement)
    chains = [
        solve(geometry, part, way, certain_clocks=certain_clocks) for part in _parts(shots, tracks)
    ]
    where = {shot: (c, moment) for c in chains for moment in c.moments for shot in moment.shots}
    photos = {
        s: Located(s.name, s.taken, s.known, s.source, s, model, *where.get(s, (None, None)))
        for s in shots
    }
    listed, orders = (
        tuple(photos.values()),
        [[s for m in c.moments for s in m.shots] for c in chains],
    )
    parts = [[photos[shot] for shot in order if shot in photos] for order in orders]
    notes += [*_too_fast(chains), *_contradicted(listed), *_timeless(shots)]
    return Trip(listed, parts, model, way, tuple(notes))


def _on_tracks(shots: Sequence[Shot], tracks: Sequence[Track]) -> Iterator[str]:
    """Give the photos within a track its place; how many there are, in words."""
    mine = [shot for shot in shots if shot.taken and not shot.person]
    for track in tracks:
        places, accuracy = track.at([shot.seconds for shot in mine])
        for shot, (lat, lng), km in zip(mine, places.tolist(), accuracy.tolist(), strict=True):
            if not np.isnan(km) and shot.known is None:
                shot.known = KnownPlace((lat, lng), track.name, km)
        count = int((~np.isnan(accuracy)).sum())
        yield f"{track.name}: {count:,} of {len(mine):,} photos with a time are within it"


def _parts(shots: Sequence[Shot], tracks: Sequence[Track]) -> Iterator[list[list[Shot]]]:
    """Photos by person and moment, in the order of time, cut where nothing connects them.

    The fixes of tracks before and after a photo outside bound where it can be: they count as shots.
    """
    for person in dict.fromkeys(shot.person for shot in shots):
        mine = [shot for shot in shots if shot.taken and shot.person == person]
        outside = [shot.seconds for shot in mine if not shot.known]
        for track in tracks if not person else ():
            near = {k for second in outside for k in track.around(second, 3600 * CUT_H)}
            mine += [as_shot(track, k) for k in near]
        mine.sort(key=lambda shot: shot.seconds)
        gaps = np.diff([shot.seconds for shot in mine])
        cuts = [0, *(np.flatnonzero(gaps > 3600 * CUT_H) + 1).tolist(), len(mine)]
        yield from (_bursts(mine[a:b]) for a, b in pairwise(cuts) if a < b)


def _bursts(shots: Sequence[Shot]) -> list[list[Shot]]:
    """The moments of photos: those of a burst are one."""
    moments: list[list[Shot]] = []
    for shot in shots:
        if moments and not shot.known and not moments[-1][0].known:
            first, last = moments[-1][0], moments[-1][-1]
            near = shot.seconds - first.seconds <= BURST_S
            if near and shot.belief.alike(last.belief) >= BURST_ALIKE:
                moments[-1].append(shot)
                continue
        moments.append([shot])
    return moments


def _too_fast(chains: Sequence[Chain]) -> Iterator[str]:
    """Where the most probable path is faster than people move."""
    for chain in chains:
        found = []
        for a, b in pairwise(chain.moments):
            p, q, hours = np.array([a.on_path]), np.array([b.on_path]), b.hours - a.hours
            if chain.transitions.too_far(p, q, hours).all():
                found.append(f"from {a.shots[0].name} to {b.shots[0].name} in {hours:.1f} hours")
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
