"""Tracks: where somebody was and when, by GPX, Google's Timeline or GeoJSON.

A photo within a track takes its place: between two fixes of one segment, at most half an hour
apart, along the straight line in degrees, as ``exiftool -geotag`` does.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias, TypeVar
from xml.etree.ElementTree import ParseError

import numpy as np
from defusedxml.ElementTree import XMLParser
from numpy.typing import ArrayLike, NDArray

from geonb.files import expanded, expecting, regular
from geonb_lab.trips.chain import TripError
from geonb_lab.trips.shots import KeptBelief, KnownPlace, Shot, Taken

Fix: TypeAlias = tuple[float, float, float, float, bool]
"""Seconds since 1970, latitude and longitude in degrees, accuracy in km, new segment."""

LONGEST_GAP_S = 1800.0
"""Farther apart, the way between two fixes is not known (exiftool's GeoMaxIntSecs)."""
USUAL_KM = 0.01  # the accuracy of a fix that tells none
_HDOP_KM = 0.005  # what a fix of HDOP 1 is off
_VISIT_KM = 0.1  # a visited place is as large as a shop or a park
MOST_BYTES = 1 << 27  # a million fixes of GPX
MOST_PARTS = 5_000_000  # objects and lists of JSON: empty ones take 28 times their bytes
PIECE = 1 << 20
"""Bytes that are parsed at once, and that a tag or a comment may have: older expat goes over an
unfinished one again with each piece, and each attribute takes memory."""
_MOST_INSIDE = 100  # elements in each other
Part = TypeVar("Part", dict[str, Any], list[Any])


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
    nothing = KeptBelief(1, np.zeros(0, np.int32), np.zeros(0, np.float32))  # no model was asked
    return Shot(name, "", nothing, taken, KnownPlace((lat, lng), name))


def read_track(path: str | os.PathLike[str]) -> Track:
    """Read ``.gpx``, Google's Timeline or Records ``.json``, or GeoJSON with times.

    What can't be read is left out and told in `Track.notes`: fixes without a time or a possible
    place, and the rest of a file that is cut off. Raises `TripError` if no fix is left.
    """
    file = expanded(path)
    fixes: list[Fix] = []
    notes: list[str] = []
    with expecting(file, "a track in GPX, Timeline's JSON or GeoJSON", TripError):
        if regular(file).stat().st_size > MOST_BYTES:
            raise TripError(f"{file}: over {MOST_BYTES:,} bytes; cut the track by years")
        if file.suffix.lower() == ".gpx":
            _gpx(file, fixes, notes)
        else:
            data = file.read_bytes()
            if data.count(b"{") + data.count(b"[") > MOST_PARTS:
                raise ValueError(f"more than {MOST_PARTS:,} objects and lists")
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
            while piece := data.read(PIECE):
                points.moved = len(piece) < PIECE
                parser.feed(piece)
                if not points.moved:
                    raise ValueError(f"a tag or a comment of more than {PIECE:,} bytes")
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
            lat, lng, hdop = (read_number(self.told.get(key)) for key in ("lat", "lon", "hdop"))
            km = hdop * _HDOP_KM if hdop > 0 else USUAL_KM
            self.fixes.append((_second(self.told.get("time")), lat, lng, km, self.begins))
            self.begins = False
        elif name == "trkseg":
            self.begins = True
        self.text = ""

    def close(self) -> None:
        """The file ends."""


def _in_json(data: Any) -> Iterator[Fix]:
    """The fixes of Google's exports, Timeline's of today and Records of before, and of GeoJSON.

    Raises `ValueError` for a part that is of another kind than these have, and says which.
    """
    if isinstance(data, list):  # the Timeline of iPhones
        data = {"semanticSegments": data}
    data = _checked(data, dict, "the file")
    if data.get("type") == "Feature":
        data = {"features": [data]}
    for name, fixes_of in _READERS.items():
        for number, entry in enumerate(_objects(data, name), start=1):
            try:
                yield from fixes_of(entry)
            except ValueError as error:
                raise ValueError(f"{name}, entry {number}: {error}") from error


def _part(whole: dict[str, Any], name: str, kind: type[Part]) -> Part:
    """A part of an object; an empty one if it isn't there. Raises `ValueError` for another kind."""
    return _checked(whole.get(name) or kind(), kind, name)


def _objects(whole: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    for number, entry in enumerate(_part(whole, name, list), start=1):
        # Words for each entry would take a quarter of the time.
        yield entry if isinstance(entry, dict) else _checked(entry, dict, f"{name}, entry {number}")


def _checked(found: Any, kind: type[Part], what: str) -> Part:
    if not isinstance(found, kind):
        wanted = "a list" if kind is list else "an object"
        raise ValueError(f"{what}: expected {wanted}")  # noqa: TRY004 - the file's mistake
    return found


def _record(entry: dict[str, Any]) -> Iterator[Fix]:
    """A fix of Records."""
    place = read_number(entry.get("latitudeE7")) / 1e7, read_number(entry.get("longitudeE7")) / 1e7
    when = _second(entry.get("timestamp") or entry.get("timestampMs"))
    yield when, *place, read_number(entry.get("accuracy"), 10.0) / 1000, False


def _signal(entry: dict[str, Any]) -> Iterator[Fix]:
    """A fix of Timeline's, or another sign of life without a place."""
    if at := _part(entry, "position", dict):
        off = read_number(at.get("accuracyMeters"), 10.0) / 1000
        yield _second(at.get("timestamp")), *_pair(at.get("LatLng")), off, False


def _segment(segment: dict[str, Any]) -> Iterator[Fix]:
    """A way with its points, or a visit, of Timeline's."""
    start, end = (_second(segment.get(name)) for name in ("startTime", "endTime"))
    for number, point in enumerate(_objects(segment, "timelinePath")):
        late = point.get("durationMinutesOffsetFromStartTime")
        when = _second(point.get("time")) if late is None else start + 60 * read_number(late)
        yield when, *_pair(point.get("point")), USUAL_KM, number == 0
    visit = _part(segment, "visit", dict)
    if visited := _part(visit, "topCandidate", dict).get("placeLocation"):
        place = _pair(visited.get("latLng") if isinstance(visited, dict) else visited)
        yield start, *place, _VISIT_KM, True
        yield end, *place, _VISIT_KM, False


def _feature(feature: dict[str, Any]) -> Iterator[Fix]:
    """A point with ``time``, or a line with a list of times, as togeojson writes them."""
    told, shape = (_part(feature, name, dict) for name in ("properties", "geometry"))
    points, kind = shape.get("coordinates") or [], shape.get("type")
    times = _part(told, "coordinateProperties", dict).get("times")
    times = times or next(filter(None, map(told.get, _TIMES)), [])
    if kind == "Point":
        points, times = [points], [times]
    if not (isinstance(points, list) and isinstance(times, list) and len(points) == len(times)):
        raise ValueError("expected a list of points, and one of as many times")
    for number, (point, stamp) in enumerate(zip(points, times, strict=True)):
        lng, lat = point[:2] if isinstance(point, list) and len(point) > 1 else (None, None)
        new = number == 0 and kind != "Point"
        yield _second(stamp), read_number(lat), read_number(lng), USUAL_KM, new


_READERS: dict[str, Callable[[dict[str, Any]], Iterator[Fix]]] = {
    "locations": _record,
    "rawSignals": _signal,
    "semanticSegments": _segment,
    "features": _feature,
}
_TIMES = ("coordTimes", "times", "time", "timestamp")
"""What a feature's times are called."""


def _second(value: Any) -> float:
    """Seconds since 1970 of ISO 8601, which says its zone or means UTC; NaN for anything else."""
    text = str(value).strip() if isinstance(value, (str, int, float)) else ""
    if text.replace(".", "", 1).isdecimal():  # seconds, or milliseconds
        return float(text) / (1000 if float(text) > 1e11 else 1)
    try:
        when = datetime.fromisoformat(text)
        return (when if when.tzinfo else datetime.fromisoformat(f"{text}+00:00")).timestamp()
    except (ValueError, OverflowError):
        return float("nan")


def _pair(text: Any) -> tuple[float, float]:
    """Latitude and longitude of ``geo:48.1,11.5`` and ``48.1°, 11.5°``; NaN for anything else."""
    found = re.findall(r"-?\d+(?:\.\d+)?", str(text)[:100])
    return (float(found[0]), float(found[1])) if len(found) == 2 else (np.nan, np.nan)


def read_number(value: Any, default: float = float("nan")) -> float:
    """A number, or a text of one; ``default`` for anything else."""
    try:
        return float(value) if isinstance(value, (str, int, float)) else default
    except (ValueError, OverflowError):
        return default
