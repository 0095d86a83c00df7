"""When a photo was taken, and by which camera: EXIF, XMP, Google's Takeout, names of files.

EXIF's times have no zone unless OffsetTimeOriginal is there; GPS, Takeout and the names of Pixel
phones tell UTC. The time of a scan or of a screenshot's file is none: it's when it was made.
"""

from __future__ import annotations

import json
import re
import struct
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import ExifTags

from geonb.errors import PhotoError
from geonb.photos.decoding import open_image
from geonb_lab.trips.movement import TripError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from geonb.photos.photo import Photo

_BROKEN = (OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError,
           AttributeError, struct.error)  # fmt: skip
"""What Pillow raises on broken metadata."""
_NAME = re.compile(
    r"(?<!\d)((?:19|20)\d\d)[-_.]?(\d\d)[-_.]?(\d\d)[-_ T.]{1,4}(\d\d)[-_.:h]?(\d\d)[-_.:m]?(\d\d)"
)
"""``IMG_20240101_120000``, ``PXL_20240101_120000123``, ``2024-01-01 12.00.00``."""
_XMP = re.compile(
    rb"(?:exif:DateTimeOriginal|photoshop:DateCreated|xmp:CreateDate)\s*(?:=\s*[\"']|>)\s*"
    rb"([0-9T:.+\-Z]{19,40})"
)
_SIDECAR_BYTES = 10_000_000
EARLIEST = datetime(1971, 1, 1, tzinfo=UTC)
"""A clock that was never set begins at 1970 or before."""


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


def taken(photo: Photo, path: str = "") -> tuple[Taken | None, str]:
    """When a photo was taken, None if nothing tells it, and the camera's name.

    A time with its zone goes before one without, for a clock's zone is a guess. A time before 1971
    or in the future comes from a clock that was never set, and counts as none.
    """
    with suppress(PhotoError, *_BROKEN):
        if isinstance(photo.source, bytes):
            image = open_image(photo.name, photo.source, 0)
            exif = image.getexif()
            packet = image.info.get("xmp") or b""
            inner, gps = exif.get_ifd(ExifTags.IFD.Exif), exif.get_ifd(ExifTags.IFD.GPSInfo)
            base, inside = ExifTags.Base, packet.encode() if isinstance(packet, str) else packet
            names = (exif.get(base.Make), exif.get(base.Model), inner.get(base.BodySerialNumber))
            camera = " ".join(dict.fromkeys(_text(name) for name in names if name))
            return _first([*_exif(inner), *_gps(gps), *_xmp(inside), *_beside(path, photo.name)]), (
                camera
            )
    return _first(_beside(path, photo.name)), ""


def _first(found: Any) -> Taken | None:
    latest = datetime.now(UTC) + timedelta(days=1)
    times = [t for t in found if EARLIEST.timestamp() <= t.seconds <= latest.timestamp()]
    return min(times, key=lambda time: not time.zoned, default=None)


def _exif(tags: Mapping[int, Any]) -> Iterator[Taken]:
    """DateTimeOriginal with its parts of a second and its zone (Exif 3.0, 4.6.5 F)."""
    with suppress(*_BROKEN):
        base = ExifTags.Base
        moment = datetime.strptime(_text(tags[base.DateTimeOriginal])[:19], "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007
        digits = re.sub(r"\D", "", _text(tags.get(base.SubsecTimeOriginal)))
        seconds = moment.replace(tzinfo=UTC).timestamp() + float(f"0.{digits or 0}")
        zone = _text(tags.get(base.OffsetTimeOriginal))
        if zone == "Z" or re.fullmatch(r"[+-]\d\d:\d\d", zone):
            yield Taken(
                seconds - (0 if zone == "Z" else read_offset(zone)), zoned=True, source="EXIF"
            )
        else:
            yield Taken(seconds, zoned=False, source="EXIF")


def _gps(tags: Mapping[int, Any]) -> Iterator[Taken]:
    with suppress(*_BROKEN):
        day = datetime.strptime(_text(tags[ExifTags.GPS.GPSDateStamp]), "%Y:%m:%d")  # noqa: DTZ007
        hours, minutes, seconds = map(float, tags[ExifTags.GPS.GPSTimeStamp])
        clock = timedelta(hours=hours, minutes=minutes, seconds=seconds)
        yield Taken((day.replace(tzinfo=UTC) + clock).timestamp(), zoned=True, source="GPS")


def _xmp(packet: bytes, source: str = "XMP") -> Iterator[Taken]:
    for text in _XMP.findall(packet):
        with suppress(*_BROKEN):
            moment = datetime.fromisoformat(text.decode("ascii"))
            zoned = moment.tzinfo is not None
            moment = moment if zoned else moment.replace(tzinfo=UTC)
            yield Taken(moment.timestamp(), zoned=zoned, source=source)


def _beside(path: str, name: str) -> Iterator[Taken]:
    """What sidecars, Takeout and the file's name tell."""
    if path and "://" not in path:
        file = Path(path)
        for sidecar in (file.with_name(f"{file.name}.xmp"), file.with_suffix(".xmp")):
            yield from _xmp(_read(sidecar), "XMP sidecar")
        if record := takeout(file):
            with suppress(*_BROKEN):
                stamp = float(record["photoTakenTime"]["timestamp"])
                yield Taken(stamp, zoned=True, source="Takeout")
    base = Path(path or name).name
    if found := _NAME.search(base):
        with suppress(ValueError):
            moment = datetime(*map(int, found.groups()), tzinfo=UTC)  # type: ignore[arg-type,misc]
            yield Taken(moment.timestamp(), zoned=base.startswith("PXL_"), source="file name")


def takeout(photo: Path) -> dict[str, Any]:
    """Google Takeout's record of a photo; empty if there's none.

    It is ``IMG.jpg.json``, since 2024 ``IMG.jpg.supplemental-metadata.json``, cut at 46 characters.
    """
    longest = f"{photo.name}.supplemental-metadata"
    for name in dict.fromkeys((photo.name, longest, longest[:46], photo.name[:46])):
        with suppress(*_BROKEN):
            record = json.loads(_read(photo.with_name(f"{name}.json")))
            if isinstance(record, dict):
                return record
    return {}


def _read(path: Path) -> bytes:
    with suppress(OSError):
        if path.is_file() and path.stat().st_size <= _SIDECAR_BYTES:
            return path.read_bytes()
    return b""


def _text(value: Any) -> str:
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")
    return text.strip("\0 \t\r\n")


def read_offset(text: str) -> float:
    """Seconds that a clock is ahead of UTC: ``+02:00``, ``-03:30``; ``+26:00`` is a day wrong.

    Raises `TripError`.
    """
    found = re.fullmatch(r"([+-])(\d{1,4}):([0-5]\d)(?::([0-5]\d))?", text.strip())
    if not found:
        raise TripError(f"{text!r}: expected how far a clock is ahead of UTC, such as +02:00")
    sign, hours, minutes, seconds = found.groups()
    size = int(hours) * 3600 + int(minutes) * 60 + int(seconds or 0)
    return float(size if sign == "+" else -size)
