"""Tracks: where somebody was and when, by GPX, Google's Timeline or GeoJSON.

A photo within a track takes its place: between two fixes of one segment, at most half an hour
apart, along the straight line in degrees, as ``exiftool -geotag`` does.
"""

import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias
from xml.etree.ElementTree import ParseError

import numpy as np
from defusedxml.ElementTree import XMLParser
from numpy.typing import ArrayLike, NDArray

from geonb.files import expanded, expecting, regular
from geonb_lab.trips.chain import TripError
from geonb_lab.trips.shots import Answer, KnownPlace, Shot, Taken

Fix: TypeAlias = tuple[float, float, float, float, bool]
"""Seconds since 1970, latitude and longitude in degrees, accuracy in km, new segment."""

LONGEST_GAP_S = 1800.0
"""Farther apart, the way between two fixes is not known (exiftool's GeoMaxIntSecs)."""
USUAL_KM = 0.01  # the accuracy of a fix that tells none
_HDOP_KM = 0.005  # what a fix of HDOP 1 is off
_VISIT_KM = 0.1  # a visited place is as large as a shop or a park
_MOST_BYTES = 1 << 27  # a million fixes of GPX
_MOST_PARTS = 5_000_000  # objects and lists of JSON: empty ones take 28 times their bytes
_PIECE = 1 << 20
"""Bytes that are parsed at once, and that a tag or a comment may have: older expat goes over an
unfinished one again with each piece, and each attribute takes memory."""
_MOST_INSIDE = 100  # elements in each other
BROKEN = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError)


@dataclass(frozen=True, eq=False, repr=False)
class Track:
    """Where somebody was and when, in the order of time.

    Attributes:
        name: The file's.
        seconds: Seconds since 1970, UTC, (N,).
        places: Latitude and longitude in degrees, (N, 2).
        accuracy_km: How far each may be off, km, (N,).
        begins: Whether a fix begins a segment, (N,): nothing is known of the way there.
        notes: What was left out, in words.
    """

    name: str
    seconds: NDArray[np.float64]
    places: NDArray[np.float64]
    accuracy_km: NDArray[np.float64]
    begins: NDArray[np.bool_]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.seconds)

    def __repr__(self) -> str:
        return f"<Track {self.name}: {len(self):,} fixes{''.join(f'; {n}' for n in self.notes)}>"

    def at(self, seconds: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Places (M, 2) in degrees at times (M,), and their accuracy (M,) in km; NaN outside."""
        when, (lat, lng) = np.asarray(seconds, np.float64), self.places.T
        east = np.interp(when, self.seconds, np.unwrap(lng, period=360))
        found = np.stack([np.interp(when, self.seconds, lat), (east + 180) % 360 - 180], axis=-1)
        after = np.searchsorted(self.seconds, when).clip(0, len(self) - 1)
        before = np.maximum(after - 1, 0)
        short = self.seconds[after] - self.seconds[before] <= LONGEST_GAP_S
        within = (when > self.seconds[0]) & (when < self.seconds[-1])
        inside = (self.seconds[after] == when) | (within & short & ~self.begins[after])
        off = np.maximum(self.accuracy_km[before], self.accuracy_km[after])
        return np.where(inside[:, None], found, np.nan), np.where(inside, off, np.nan)

    def around(self, second: float, most: float) -> list[int]:
        """The fixes before and after a time, at most so many seconds: they bound where one was."""
        after = int(np.searchsorted(self.seconds, second))
        near = [i for i in (after - 1, after) if 0 <= i < len(self)]
        return [i for i in near if abs(self.seconds[i] - second) <= most]


def as_shot(track: Track, k: int) -> Shot:
    """Fix ``k`` as if it were a photo whose place is known."""
    (lat, lng), name = track.places[k].tolist(), track.name
    taken = Taken(float(track.seconds[k]), zoned=True, source=name)
    answer = Answer(1, np.zeros(0, np.int32), np.zeros(0, np.float32))  # no model says anything
    return Shot(name, "", answer, taken, KnownPlace((lat, lng), name))


def read_track(path: str | os.PathLike[str]) -> Track:
    """Read ``.gpx``, Google's Timeline or Records ``.json``, or GeoJSON with times.

    What can't be read is left out and told in `Track.notes`: fixes without a time or a possible
    place, and the rest of a file that is cut off. Raises `TripError` if no fix is left.
    """
    file = expanded(path)
    fixes: list[Fix] = []
    notes: list[str] = []
    with expecting(file, "a track in GPX, Timeline's JSON or GeoJSON", TripError, *BROKEN):
        if regular(file).stat().st_size > _MOST_BYTES:
            raise TripError(f"{file}: over {_MOST_BYTES:,} bytes; cut the track by years")
        if file.suffix.lower() == ".gpx":
            _gpx(file, fixes, notes)
        else:
            data = file.read_bytes()
            if data.count(b"{") + data.count(b"[") > _MOST_PARTS:
                raise ValueError(f"more than {_MOST_PARTS:,} objects and lists")
            fixes += _in_json(json.loads(data))
    rows = np.array(fixes, np.float64).reshape(-1, 5)
    good = np.isfinite(rows).all(axis=1) & (np.abs(rows[:, 1:3]) <= (90, 180)).all(axis=1)
    if lost := int((~good).sum()):
        notes.append(f"{lost:,} fixes without a time or a possible place are left out")
    rows = rows[good]
    if not len(rows):
        raise TripError(f"{file}: no fix with a time and a place; expected GPX, Timeline, GeoJSON")
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    return Track(file.name, rows[:, 0], rows[:, 1:3], rows[:, 3], rows[:, 4] > 0, tuple(notes))


def _gpx(file: Path, fixes: list[Fix], notes: list[str]) -> None:
    """The fixes of GPX 1.0 and 1.1, without a tree: many points need little memory."""
    points = _Points(fixes)
    parser = XMLParser(target=points, forbid_dtd=True)
    try:
        with file.open("rb") as data:
            while piece := data.read(_PIECE):
                points.moved = len(piece) < _PIECE
                parser.feed(piece)
                if not points.moved:
                    raise ValueError(f"a tag or a comment of more than {_PIECE:,} bytes")
        parser.close()
    except ParseError as error:
        if not fixes:
            raise ValueError(str(error)) from error
        notes.append(f"the file is cut off after {len(fixes):,} fixes ({error})")


class _Points:
    """What a parser tells of GPX, made into fixes."""

    def __init__(self, fixes: list[Fix]) -> None:
        self.fixes, self.begins, self.moved = fixes, True, False
        self.inside: list[str] = []  # the names of the elements that have begun
        self.text = ""
        self.told: dict[str, str] = {}

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins. Raises `ValueError` if too many have begun that don't end."""
        self.inside.append(tag.rpartition("}")[2])
        self.text, self.moved = "", True
        if len(self.inside) > _MOST_INSIDE:
            raise ValueError(f"more than {_MOST_INSIDE} elements in each other")
        if self.inside[-1] == "trkpt":
            self.told = attributes

    def data(self, text: str) -> None:
        """A part of an element's text, of which a time or a number is the start."""
        self.moved = True
        if len(self.text) < 100:
            self.text += text[:100]

    def end(self, _: str) -> None:
        """An element ends."""
        name = self.inside.pop()
        if name in {"time", "hdop"} and self.inside[-1:] == ["trkpt"]:
            self.told[name] = self.text
        elif name == "trkpt":
            lat, lng, hdop = (_number(self.told.get(key)) for key in ("lat", "lon", "hdop"))
            km = hdop * _HDOP_KM if hdop > 0 else USUAL_KM
            self.fixes.append((_second(self.told.get("time")), lat, lng, km, self.begins))
            self.begins = False
        elif name == "trkseg":
            self.begins = True
        self.text = ""

    def close(self) -> None:
        """The file ends."""


def _in_json(data: Any) -> Iterator[Fix]:
    """The fixes of Google's exports, Timeline's of today and Records of before, and of GeoJSON."""
    if isinstance(data, list):  # the Timeline of iPhones
        data = {"semanticSegments": data}
    if not isinstance(data, dict):
        raise TypeError("expected an object")
    for entry in data.get("locations") or []:
        place = entry.get("latitudeE7", np.nan) / 1e7, entry.get("longitudeE7", np.nan) / 1e7
        off = _number(entry.get("accuracy"), 10.0) / 1000
        yield _second(entry.get("timestamp") or entry.get("timestampMs")), *place, off, False
    for signal in data.get("rawSignals") or []:
        if at := signal.get("position"):
            off = _number(at.get("accuracyMeters"), 10.0) / 1000
            yield _second(at.get("timestamp")), *_pair(at.get("LatLng")), off, False
    for segment in data.get("semanticSegments") or []:
        yield from _segment(segment)
    for feature in data.get("features") or ([data] if data.get("type") == "Feature" else []):
        yield from _feature(feature)


def _segment(segment: dict[str, Any]) -> Iterator[Fix]:
    """A way with its points, or a visit, of Timeline's."""
    start, end = (_second(segment.get(name)) for name in ("startTime", "endTime"))
    for number, point in enumerate(segment.get("timelinePath") or []):
        late = point.get("durationMinutesOffsetFromStartTime")
        when = _second(point.get("time")) if late is None else start + 60 * _number(late)
        yield when, *_pair(point.get("point")), USUAL_KM, number == 0
    visited = (segment.get("visit") or {}).get("topCandidate", {}).get("placeLocation")
    if visited:
        place = _pair(visited.get("latLng") if isinstance(visited, dict) else visited)
        yield start, *place, _VISIT_KM, True
        yield end, *place, _VISIT_KM, False


def _feature(feature: dict[str, Any]) -> Iterator[Fix]:
    """A point with ``time``, or a line with a list of times, as togeojson writes them."""
    told, shape = feature.get("properties") or {}, feature.get("geometry") or {}
    points, kind = shape.get("coordinates") or [], shape.get("type")
    times = (told.get("coordinateProperties") or {}).get("times") or told.get("coordTimes")
    times = times or told.get("times") or told.get("time") or told.get("timestamp") or []
    if kind == "Point":
        points, times = [points], [times]
    for number, (point, stamp) in enumerate(zip(points, times, strict=True)):
        new = number == 0 and kind != "Point"
        yield _second(stamp), _number(point[1]), _number(point[0]), USUAL_KM, new


def _second(value: Any) -> float:
    """Seconds since 1970 of ISO 8601, which says its zone or means UTC; NaN for anything else."""
    with suppress(*BROKEN):
        text = str(value).strip()
        if text.replace(".", "", 1).isdecimal():  # seconds, or milliseconds
            return float(text) / (1000 if float(text) > 1e11 else 1)
        when = datetime.fromisoformat(text)
        return (when if when.tzinfo else datetime.fromisoformat(f"{text}+00:00")).timestamp()
    return float("nan")


def _pair(text: Any) -> tuple[float, float]:
    """Latitude and longitude of ``geo:48.1,11.5`` and ``48.1°, 11.5°``; NaN for anything else."""
    found = re.findall(r"-?\d+(?:\.\d+)?", str(text)[:100])
    return (float(found[0]), float(found[1])) if len(found) == 2 else (np.nan, np.nan)


def _number(value: Any, default: float = float("nan")) -> float:
    with suppress(*BROKEN):
        return float(value)
    return default
