"""When a photo was taken, by which camera, and where: EXIF, XMP, Takeout, names of files; clocks.

EXIF's times have no zone unless OffsetTimeOriginal is there; GPS, Takeout and the names of Pixel
phones tell UTC. When a file was made or scanned is not when a photo was taken.

Clocks that are wrong or have no zone, and photos of other people, are found by where photos are:
those of a camera are laid beside tracks and the camera that knows most places and zones, a phone,
with its clock turned by each usual offset; that under which the two move together best is its.
Where even that is worse than being elsewhere, it's another person's camera.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from geonb.errors import PhotoError
from geonb.photos import sidecars, tiff
from geonb.photos.decoding import blocks_and_packets
from geonb.photos.metadata import linked, properties
from geonb.photos.photo import Photo
from geonb_lab.trips.chain import MOVEMENTS, Geometry, Transitions, TripError
from geonb_lab.trips.shots import WORTH, KnownPlace, Shot, Taken, class_of
from geonb_lab.trips.tracks import Track, as_shot, read_number

Tags: TypeAlias = dict[int, tiff.Tag]
Weighted: TypeAlias = tuple[NDArray[np.intp], NDArray[np.float64]]
"""Places, and how probable each is."""
EARLIEST = datetime(1971, 1, 1, tzinfo=UTC)  # a clock that was never set begins at 1970 or before
_MAKE, _MODEL, _SERIAL = 0x010F, 0x0110, 0xA431
_TAKEN, _SUBSECOND, _OFFSET = 0x9003, 0x9291, 0x9011
_GPS_TIME, _GPS_DATE = 7, 29  # tags of Exif 3.0, sections 4.6.5 and 4.6.6
_NAME = re.compile(
    r"(?<!\d)((?:19|20)\d\d)[-_.]?(\d\d)[-_.]?(\d\d)[-_ T.]{1,4}(\d\d)[-_.:h]?(\d\d)[-_.:m]?(\d\d)"
)
"""``IMG_20240101_120000``, ``PXL_20240101_120000123``, ``2024-01-01 12.00.00``."""
_XMP = (
    "{http://ns.adobe.com/exif/1.0/}DateTimeOriginal",
    "{http://ns.adobe.com/photoshop/1.0/}DateCreated",
)
CONVINCING = float(np.log(100))
"""A clock is turned, or a camera somebody else's, if that explains its photos 100 times better."""
_PHOTOS, _PLACES, _FIXES = 40, 32, 500  # that an offset is judged on, and the best places of each
_NEAR_H = 12.0  # a reference farther off tells nothing
_ZONES = 3600.0 * np.array([*range(-12, 15), -9.5, -3.5, 3.5, 4.5, 5.5, 5.75, 6.5, 9.5])
_WRONG = 3600.0 * np.array([0, -1, 1, -2, 2, -12, 12, -24, 24])


@dataclass(frozen=True)
class Told:
    """What a photo, and what lies beside it, tells: time, camera, place; ``unset`` is a clock's."""

    taken: Taken | None
    camera: str
    known: KnownPlace | None
    unset: bool = False


def told(photo: Photo) -> Told:
    """When a photo was taken, by what and where: what it and the files beside it tell.

    A time with its zone goes before one without, for a clock's zone is a guess. A time before 1971
    or in the future comes from a clock that was never set, and counts as none.
    """
    tags, packets = _tags(photo)
    found = [*_exif(tags), *_gps(tags)]
    for packet in packets:
        found += _xmp(properties(packet)[0], "XMP")
    if photo.path:
        for _, own, _ in sidecars.packets(photo.path, photo.sidecars):
            found += _xmp(own, "XMP sidecar")
        found += _takeout(sidecars.takeout(photo.path, photo.sidecars))
    found += _in_name(Path(photo.name).name)
    latest = datetime.now(UTC) + timedelta(days=1)
    times = [t for t in found if EARLIEST.timestamp() <= t.seconds <= latest.timestamp()]
    taken = min(times, key=lambda time: not time.zoned, default=None)
    names = (_text(tags, tag) for tag in (_MAKE, _MODEL, _SERIAL))
    camera = " ".join(dict.fromkeys(filter(None, names)))
    known = KnownPlace(photo.sure_place, photo.place_source) if photo.sure_place else None
    return Told(taken, camera, known, unset=bool(found) and taken is None)


def _tags(photo: Photo) -> tuple[Tags, list[bytes]]:
    """EXIF's tags, those of all its directories, and the packets of XMP."""
    tags: Tags = {}
    blocks, packets = list[bytes](), list[bytes]()
    with suppress(PhotoError):
        blocks, packets, _ = blocks_and_packets(photo.name, photo.source)
    for block in blocks:  # CR3 keeps each directory in a block of its own
        with suppress(ValueError):
            top = tiff.directory(block)
            tags = linked(top, tiff.GPS) | linked(top, tiff.EXIF) | top | tags
    return tags, packets


def _exif(tags: Tags) -> Iterator[Taken]:
    """DateTimeOriginal with its parts of a second and its zone."""
    with suppress(ValueError):
        text = _text(tags, _TAKEN)[:19]
        moment = datetime.strptime(f"{text} +0000", "%Y:%m:%d %H:%M:%S %z")
        digits = re.sub(r"\D", "", _text(tags, _SUBSECOND))
        seconds = moment.timestamp() + float(f"0.{digits or 0}")
        zone = _text(tags, _OFFSET).replace("Z", "+00:00")
        zoned = re.fullmatch(r"[+-]\d\d:\d\d", zone) is not None
        yield Taken(seconds - (read_offset(zone) if zoned else 0), zoned, "EXIF")


def _gps(tags: Tags) -> Iterator[Taken]:
    clock = tags[_GPS_TIME].numbers if _GPS_TIME in tags else []
    if len(clock) == 3:
        with suppress(ValueError, OverflowError):
            day = datetime.strptime(f"{_text(tags, _GPS_DATE)} +0000", "%Y:%m:%d %z")
            moment = day + timedelta(hours=clock[0], minutes=clock[1], seconds=clock[2])
            yield Taken(moment.timestamp(), zoned=True, source="GPS")


def _takeout(record: Mapping[str, Any]) -> Iterator[Taken]:
    taken = record.get("photoTakenTime")
    seconds = read_number(taken.get("timestamp")) if isinstance(taken, dict) else np.nan
    if np.isfinite(seconds):
        yield Taken(seconds, zoned=True, source="Takeout")


def _xmp(packet: Mapping[str, str], source: str) -> Iterator[Taken]:
    for text in filter(None, map(packet.get, _XMP)):
        with suppress(ValueError, OverflowError):
            moment = datetime.fromisoformat(text.strip())
            zoned = moment.tzinfo is not None
            moment = moment if zoned else moment.replace(tzinfo=UTC)
            yield Taken(moment.timestamp(), zoned, source)


def _in_name(name: str) -> Iterator[Taken]:
    if found := _NAME.search(name):
        with suppress(ValueError):
            moment = datetime.strptime(f"{' '.join(found.groups())} +0000", "%Y %m %d %H %M %S %z")
            yield Taken(moment.timestamp(), name.startswith("PXL_"), "file name")


def _text(tags: Tags, tag: int) -> str:
    return tags[tag].text if tag in tags else ""


def read_offset(text: str) -> float:
    """Seconds that a clock is ahead of UTC: ``+02:00``, ``-03:30``; ``+26:00`` is a day wrong.

    Raises `TripError`.
    """
    found = re.fullmatch(r"([+-])(\d{1,4}):([0-5]\d)(?::([0-5]\d))?", text.strip())
    if not found:
        raise TripError(f"{text[:40]!r}: expected how far a clock is ahead of UTC, such as +02:00")
    sign, hours, minutes, seconds = found.groups()
    size = int(hours) * 3600 + int(minutes) * 60 + int(seconds or 0)
    return float(size if sign == "+" else -size)


def set_clocks(
    shots: Sequence[Shot],
    geometry: Geometry,
    tracks: Sequence[Track] = (),
    given: Mapping[str, str] | None = None,
) -> list[str]:
    """Turn the clocks of photos to UTC, and name the people; what was found, in words.

    ``given`` are offsets by camera, or by a word of its name; "camera" means all that have none.
    Raises `TripError` for one that no camera has.
    """
    cameras: dict[str, list[Shot]] = {}
    for shot in shots:
        if shot.taken:
            cameras.setdefault(shot.camera, []).append(shot)
    for name, text in (given or {}).items():
        key, offset = name.casefold(), read_offset(text)
        meant = [c for c in cameras if key in {"camera", c.casefold(), *c.casefold().split()}]
        if not meant:
            named = ", ".join(filter(None, cameras)) or "none with a name"
            raise TripError(f"no camera is called {name!r}; there are: {named}")
        _turn([s for c in meant for s in cameras[c] if s.taken and not s.taken.zoned], offset)
    zoned = {c: [s for s in some if s.taken and s.taken.zoned] for c, some in cameras.items()}
    sure = {c: sum(bool(s.known) for s in some) for c, some in zoned.items()}
    first = max(cameras, key=lambda c: (sure[c], len(zoned[c]), len(cameras[c])), default=None)
    if tracks and first is not None and not sure[first]:
        first = None  # the tracks know UTC better
    fixes = [as_shot(t, k) for t in tracks for k in range(0, len(t), -(-len(t) // _FIXES))]
    reference = fixes if first is None else [*cameras[first], *fixes]
    beside, notes = _Beside(geometry, reference), list[str]()
    for camera, mine in cameras.items():
        if camera != first:
            notes += beside.compare(camera or "photos without a camera's name", mine)
    return notes


class _Beside:
    """The moments of the reference, and how well photos of a camera fit beside them."""

    def __init__(self, geometry: Geometry, reference: Sequence[Shot]) -> None:
        self.geometry = geometry
        self.seconds = np.array([shot.seconds for shot in reference])
        self.rows = [self._row(shot) for shot in reference]

    def _row(self, shot: Shot) -> Weighted:
        """The most probable places of a photo; a known place counts as much as all of them.

        Photos of one place err alike: a camera's resemble what the model says of the phone's.
        """
        classes = shot.belief.classes[:_PLACES].astype(np.intp)
        shares = shot.belief.probabilities[:_PLACES].astype(np.float64)
        if shot.known:
            place = class_of(self.geometry.cells, shot.known.place)
            classes, where = np.unique(np.append(classes, place), return_inverse=True)
            shares = np.bincount(where, np.append(shares, 1.0)).astype(np.float64)
        return classes, shares / max(1.0, shares.sum())

    def compare(self, camera: str, photos: Sequence[Shot]) -> list[str]:
        """Find the offset of a camera, or that it's another person's; what was found, in words."""
        apart = list({shot.seconds // 60: shot for shot in photos}.values())  # a burst counts once
        some = [apart[int(k)] for k in np.linspace(0, len(apart) - 1, min(len(apart), _PHOTOS))]
        rows = [self._row(shot) for shot in some]
        seconds = np.array([shot.seconds for shot in some])
        classes = np.unique(np.concatenate([classes for classes, _ in (*self.rows, *rows)]))
        transitions = Transitions(MOVEMENTS["flights"], self.geometry, classes)
        zoned, zone = all(shot.taken.zoned for shot in some if shot.taken), 0.0
        if not zoned:  # the zone of the sun, where the photos are
            east = np.median([self.geometry.places[c[p.argmax()], 1] for c, p in rows])
            zone = 3600.0 * round(float(east) / 15)
        offsets = _WRONG if zoned else np.unique(np.concatenate([_ZONES, zone + _WRONG]))
        fits = np.array([self._fit(transitions, rows, seconds - offset) for offset in offsets])
        scores = np.nansum(fits, axis=1) - np.minimum(abs(offsets - zone) / 3600, 6.0)
        best, usual = int(scores.argmax()), int(np.flatnonzero(offsets == zone)[0])
        near = ~np.isnan(fits[best])
        if near.sum() > 2 and self._elsewhere(rows)[near].sum() > scores[best] + CONVINCING:
            for shot in photos:
                shot.person = camera
            return [f"{camera}: taken elsewhere at the same time, so counted as another person's"]
        best = best if scores[best] > scores[usual] + CONVINCING else usual
        offset = float(offsets[best])
        _turn(photos, offset)
        hours = f"{'-' if offset < 0 else '+'}{abs(offset) / 3600:g} h"
        if not zoned:
            why = "by where its photos are" if best == usual else "which fits the others best"
            return [f"{camera}: times without a zone, taken as UTC{hours}, {why}"]
        return [f"{camera}: its clock is {hours} off beside the others; corrected"] * bool(offset)

    def _fit(
        self, transitions: Transitions, rows: Sequence[Weighted], when: NDArray[np.float64]
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

    def _elsewhere(self, rows: Sequence[Weighted]) -> NDArray[np.float64]:
        """The same of somebody who is where the camera's other photos are, at any time."""
        usual = np.zeros(len(self.geometry))
        for classes, p in rows:
            usual[classes] += p / len(rows)
        return np.array([self._seen(usual[c] - p / len(rows), p) for c, p in rows])

    def _seen(self, there: NDArray[np.float64], own: NDArray[np.float64]) -> float:
        return float(np.log(WORTH * len(self.geometry) * (there @ own) + 1 - WORTH))


def _turn(shots: Sequence[Shot], offset: float) -> None:
    """Take times of a clock that is so many seconds ahead of UTC as UTC."""
    for shot in shots:
        if shot.taken:
            shot.taken = replace(shot.taken, seconds=shot.taken.seconds - offset, zoned=True)
