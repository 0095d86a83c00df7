"""What a photo's metadata tells: where it was taken (EXIF and XMP), and by whom (EXIF)."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from PIL import ExifTags, Image

from geonb.files import BROKEN

if TYPE_CHECKING:
    from geonb.distances import Place

_GPS = ExifTags.GPS
_XMP = rb"""exif:GPS%s\s*(?:=\s*["']|>)\s*([^"'<]{1,40})"""
"""A coordinate in XMP, as an attribute or as an element: ``35,39.5160N`` (XMP part 2, 3.3)."""


def place(image: Image.Image) -> Place | None:
    """Where the camera was, by EXIF or else XMP; None if it does not say, or says nonsense.

    A coordinate without N, S, E or W keeps the sign of its number.
    """
    for read in (_exif_coordinates, _xmp_coordinates):
        try:
            (lat, north), (lng, east) = read(image)
            found = _degrees(lat, north, "NS"), _degrees(lng, east, "EW")
        except BROKEN:
            continue
        # Cameras without a fix write 0, 0: a buoy in the Gulf of Guinea, where few take photos.
        if abs(found[0]) <= 90 and abs(found[1]) <= 180 and found != (0, 0):
            return found
    return None


def artist(image: Image.Image) -> str:
    """Who the camera says took the photo, or nothing."""
    try:
        return _text(image.getexif().get(ExifTags.Base.Artist))
    except BROKEN:
        return ""


def _exif_coordinates(image: Image.Image) -> list[tuple[Any, Any]]:
    """Number and letter of latitude and longitude."""
    gps = image.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    return [
        (gps[_GPS.GPSLatitude], gps.get(_GPS.GPSLatitudeRef)),
        (gps[_GPS.GPSLongitude], gps.get(_GPS.GPSLongitudeRef)),
    ]


def _xmp_coordinates(image: Image.Image) -> list[tuple[Any, Any]]:
    """The same from XMP, where the letter is the end of the number."""
    xmp = image.info.get("xmp") or b""
    data = xmp.encode() if isinstance(xmp, str) else bytes(xmp)
    names = (b"Latitude", b"Longitude")
    return [(re.findall(_XMP % name, data)[0], None) for name in names]


def _degrees(value: Any, reference: Any, sides: str) -> float:
    """Signed degrees of a coordinate; ``sides`` are the letters of positive and negative."""
    text, letter = value, _text(reference).upper()[:1]
    if isinstance(value, (str, bytes)):
        text = _text(value)
        letter = letter or "".join(re.findall("[NSEW]", text.upper()))
        text = re.findall(r"[-+]?\d+(?:[.]\d+)?", text)
    degrees, minutes, seconds = _numbers(text)
    if letter not in {"", *sides} or not (0 <= minutes <= 60 and 0 <= seconds <= 60):
        raise ValueError("not a coordinate")
    size = abs(degrees) + minutes / 60 + seconds / 3600
    return size if letter == sides[0] or (not letter and degrees >= 0) else -size


def _text(value: Any) -> str:
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")
    return text.strip("\0 \t\r\n")


def _numbers(parts: Any) -> tuple[float, float, float]:
    """Degrees, minutes, seconds; minutes and seconds that are absent, or 0/0, are 0."""
    values = [float(part) for part in (parts if isinstance(parts, (tuple, list)) else (parts,))]
    if not 1 <= len(values) <= 3 or not math.isfinite(values[0]):
        raise ValueError("not a coordinate")
    rest = [0.0 if math.isnan(value) else value for value in values[1:]]
    minutes, seconds = [*rest, 0.0, 0.0][:2]
    return values[0], minutes, seconds
