"""What is read of a trip's photos, one after the other, before anything is located together."""

from __future__ import annotations

from dataclasses import dataclass, field
from os import PathLike, fsdecode
from typing import TYPE_CHECKING

from geonb_lab.many.results import predict_many
from geonb_lab.trips.beliefs import Beliefs
from geonb_lab.trips.movement import TripError
from geonb_lab.trips.solved import KnownPlace
from geonb_lab.trips.times import Taken, told

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from geonb.distances import Place
    from geonb.errors import GeonbError
    from geonb.model import Model
    from geonb.photos.photo import PhotoSource


@dataclass
class Read:
    """Lists of what is known of each photo; the photo itself is let go.

    ``people`` tells persons apart, by the name of a camera; the first one's is empty.
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


def read_all(
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
        read.times.append(facts.taken if times is None else _given(times[number]))
        read.cameras.append(facts.camera)
        read.known.append(there)
        read.people.append("")
        if facts.unset and times is None:
            read.unset.append(result.photo)
    return read


def _given(time: datetime | float | None) -> Taken | None:
    if time is None:
        return None
    seconds = time if isinstance(time, (int, float)) else time.timestamp()
    return Taken(seconds, zoned=True, source="given")
