"""EXIF that says where a scene was taken."""

from __future__ import annotations

import math

from PIL import ExifTags, Image


def exif_of(place: tuple[float, float]) -> Image.Exif:
    """EXIF with degrees, minutes, seconds, as cameras write them."""
    exif = Image.Exif()
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef] = "S" if place[0] < 0 else "N"
    gps[ExifTags.GPS.GPSLatitude] = _degrees(place[0])
    gps[ExifTags.GPS.GPSLongitudeRef] = "W" if place[1] < 0 else "E"
    gps[ExifTags.GPS.GPSLongitude] = _degrees(place[1])
    return exif


def _degrees(value: float) -> tuple[float, float, float]:
    minutes, degrees = math.modf(abs(value))
    seconds, minutes = math.modf(minutes * 60)
    return degrees, minutes, round(seconds * 60, 4)
