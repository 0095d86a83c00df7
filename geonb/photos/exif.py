"""What a photo's EXIF says of where it was taken, and of which side is up."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from PIL import ExifTags, Image

from geonb.photos.decoding import BROKEN

if TYPE_CHECKING:
    from geonb.distances import Place

_GPS = ExifTags.GPS


def read(image: Image.Image) -> Image.Exif:
    """The EXIF of a picture; empty where it is absent or broken: the pixels may still be good."""
    try:
        return image.getexif()
    except BROKEN:
        return Image.Exif()


def orientation(image: Image.Image) -> int:
    """1 to 8: how the stored picture is turned; 1 is upright."""
    try:
        value = read(image).get(ExifTags.Base.Orientation)
    except BROKEN:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def place(image: Image.Image) -> Place | None:
    """Where the camera says it stood, or None where it does not say or says nonsense.

    A coordinate without N, S, E or W keeps the sign of its number.
    """
    try:
        gps = read(image).get_ifd(ExifTags.IFD.GPSInfo)
        lat = _degrees(gps[_GPS.GPSLatitude], gps.get(_GPS.GPSLatitudeRef), "NS")
        lng = _degrees(gps[_GPS.GPSLongitude], gps.get(_GPS.GPSLongitudeRef), "EW")
    except BROKEN:
        return None
    # Cameras without a fix write 0, 0: a buoy in the Gulf of Guinea, where few photos are taken.
    sensible = abs(lat) <= 90 and abs(lng) <= 180 and (lat, lng) != (0, 0)
    return (lat, lng) if sensible else None


def artist(image: Image.Image) -> str:
    """Who the camera says took the photo, or nothing."""
    try:
        return _text(read(image).get(ExifTags.Base.Artist))
    except BROKEN:
        return ""


def _degrees(value: Any, reference: Any, sides: str) -> float:
    """Signed degrees of a coordinate; ``sides`` are the letters of positive and negative."""
    text, letter = value, _text(reference).upper()[:1]
    if isinstance(value, (str, bytes)):
        text = _text(value)
        letter = letter or "".join(re.findall("[NSEW]", text.upper()))
        text = re.findall(r"[-+]?\d+(?:[.]\d+)?", text)
    degrees, minutes, seconds = _numbers(text)
    if letter not in {"", *sides} or not (0 <= minutes <= 60 and 0 <= seconds <= 60):
        raise ValueError("no coordinate")
    size = abs(degrees) + minutes / 60 + seconds / 3600
    return size if letter == sides[0] or (not letter and degrees >= 0) else -size


def _text(value: Any) -> str:
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")
    return text.strip("\0 \t\r\n")


def _numbers(parts: Any) -> tuple[float, float, float]:
    """Degrees, minutes, seconds; minutes and seconds that are absent, or 0/0, are 0."""
    values = [float(part) for part in (parts if isinstance(parts, (tuple, list)) else (parts,))]
    if not 1 <= len(values) <= 3 or not math.isfinite(values[0]):
        raise ValueError("no coordinate")
    rest = [0.0 if math.isnan(value) else value for value in values[1:]]
    minutes, seconds = [*rest, 0.0, 0.0][:2]
    return values[0], minutes, seconds
