"""When a photo was taken, by which camera, and where: EXIF, XMP, Takeout, names of files.

EXIF's times have no zone unless OffsetTimeOriginal is there; GPS, Takeout and the names of Pixel
phones tell UTC. When a file was made or scanned is not when a photo was taken.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import ExifTags, Image

from geonb.errors import PhotoError
from geonb.photos import sidecars
from geonb.photos.decoding import PILLOW_FAILS, blocks_and_packets
from geonb.photos.metadata import properties
from geonb_lab.trips.movement import TripError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from geonb.distances import Place
    from geonb.photos.photo import Photo

    Tags = Mapping[int, Any]

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
_BROKEN = (ValueError, TypeError, LookupError, ArithmeticError, RecursionError)


@dataclass(frozen=True)
class Taken:
    """When a photo was taken.

    Attributes:
        seconds: Seconds since 1970, UTC; without a zone as if the clock showed UTC.
        zoned: Whether the zone is known, so that ``seconds`` are UTC.
        source: What told the time, in words.
    """

    seconds: float
    zoned: bool
    source: str

    def __str__(self) -> str:
        text = f"{datetime.fromtimestamp(self.seconds, UTC):%Y-%m-%d %H:%M:%S}"
        return f"{text}{' UTC' if self.zoned else ''} ({self.source})"


@dataclass(frozen=True)
class KnownPlace:
    """A place that is known of a photo.

    Attributes:
        place: Latitude and longitude in degrees.
        source: What told it, in words.
        accuracy_km: How far it may be off, km; 0 if that isn't told.
    """

    place: Place
    source: str
    accuracy_km: float = 0.0


@dataclass(frozen=True)
class Told:
    """What a photo, and what lies beside it, tells: time, camera, place; ``unset`` is a clock's."""

    taken: Taken | None
    camera: str
    known: KnownPlace | None
    unset: bool = False


def told(photo: Photo, path: str = "") -> Told:
    """When a photo was taken, by what and where; ``path`` is its file, if it has one.

    A time with its zone goes before one without, for a clock's zone is a guess. A time before 1971
    or in the future comes from a clock that was never set, and counts as none.
    """
    top, inner, gps, packets = _tags(photo)
    names = [_text(tags.get(tag)) for tags, tag in ((top, _MAKE), (top, _MODEL), (inner, _SERIAL))]
    found = [*_exif(inner), *_gps(gps), *(t for packet in packets for t in _xmp(packet, "XMP"))]
    known = KnownPlace(photo.place, photo.place_source) if photo.place else None
    if path and "://" not in path:
        for _, own, _ in sidecars.packets(Path(path)):
            found += _xmp(own, "XMP sidecar")
        with suppress(*_BROKEN):
            record = sidecars.takeout(Path(path))
            found.append(Taken(float(record["photoTakenTime"]["timestamp"]), True, "Takeout"))  # noqa: FBT003
        if not known and (beside := sidecars.known_place(path)):
            known = KnownPlace(beside.place, beside.source)
    found += _in_name(Path(path or photo.name).name)
    latest = datetime.now(UTC) + timedelta(days=1)
    times = [t for t in found if EARLIEST.timestamp() <= t.seconds <= latest.timestamp()]
    taken = min(times, key=lambda time: not time.zoned, default=None)
    camera = " ".join(dict.fromkeys(filter(None, names)))
    return Told(taken, camera, known, unset=bool(found) and taken is None)


def _tags(photo: Photo) -> tuple[Tags, Tags, Tags, list[Mapping[str, str]]]:
    """EXIF's three directories, and the properties of XMP."""
    exif, packets = Image.Exif(), list[bytes]()
    with suppress(PhotoError, *PILLOW_FAILS):
        if isinstance(photo.source, bytes):
            blocks, packets, _ = blocks_and_packets(photo.name, photo.source)
            exif.load(b"Exif\0\0" + blocks[0] if blocks else b"")
        else:
            exif = photo.source.getexif()
        directories = (exif.get_ifd(ExifTags.IFD.Exif), exif.get_ifd(ExifTags.IFD.GPSInfo))
        return dict(exif), *directories, [properties(packet)[0] for packet in packets]
    return {}, {}, {}, [properties(packet)[0] for packet in packets]


def _exif(tags: Tags) -> Iterator[Taken]:
    """DateTimeOriginal with its parts of a second and its zone."""
    with suppress(*_BROKEN):
        moment = datetime.strptime(f"{_text(tags[_TAKEN])[:19]} +0000", "%Y:%m:%d %H:%M:%S %z")
        digits = re.sub(r"\D", "", _text(tags.get(_SUBSECOND)))
        seconds = moment.timestamp() + float(f"0.{digits or 0}")
        zone = _text(tags.get(_OFFSET)).replace("Z", "+00:00")
        zoned = re.fullmatch(r"[+-]\d\d:\d\d", zone) is not None
        yield Taken(seconds - (read_offset(zone) if zoned else 0), zoned, "EXIF")


def _gps(tags: Tags) -> Iterator[Taken]:
    with suppress(*_BROKEN):
        day = datetime.strptime(f"{_text(tags[_GPS_DATE])} +0000", "%Y:%m:%d %z")
        hours, minutes, seconds = map(float, tags[_GPS_TIME])
        moment = day + timedelta(hours=hours, minutes=minutes, seconds=seconds)
        yield Taken(moment.timestamp(), True, "GPS")  # noqa: FBT003


def _xmp(told: Mapping[str, str], source: str) -> Iterator[Taken]:
    for text in filter(None, map(told.get, _XMP)):
        with suppress(*_BROKEN):
            moment = datetime.fromisoformat(text.strip())
            zoned = moment.tzinfo is not None
            moment = moment if zoned else moment.replace(tzinfo=UTC)
            yield Taken(moment.timestamp(), zoned, source)


def _in_name(name: str) -> Iterator[Taken]:
    if found := _NAME.search(name):
        with suppress(ValueError):
            moment = datetime.strptime(f"{' '.join(found.groups())} +0000", "%Y %m %d %H %M %S %z")
            yield Taken(moment.timestamp(), name.startswith("PXL_"), "file name")


def _text(value: Any) -> str:
    return str(value or "").strip("\0 \t\r\n")


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
