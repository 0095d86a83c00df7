"""The place in a photo's EXIF."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from PIL import ExifTags, Image

if TYPE_CHECKING:
    from geonb.distances import Place


def place(image: Image.Image) -> Place | None:
    """Where the camera says it stood, or None where it does not say or says nonsense."""
    gps = image.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    try:
        lat = _degrees(gps[ExifTags.GPS.GPSLatitude], gps[ExifTags.GPS.GPSLatitudeRef], "S")
        lng = _degrees(gps[ExifTags.GPS.GPSLongitude], gps[ExifTags.GPS.GPSLongitudeRef], "W")
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError):
        return None
    # Cameras without a fix write 0, 0: a buoy in the Gulf of Guinea, where few photos are taken.
    sensible = abs(lat) <= 90 and abs(lng) <= 180 and (lat, lng) != (0, 0)
    return (lat, lng) if sensible and math.isfinite(lat + lng) else None


def _degrees(parts: Any, reference: str, negative: str) -> float:
    """Degrees, minutes and seconds as signed degrees."""
    degrees, minutes, seconds = map(float, parts)
    value = degrees + minutes / 60 + seconds / 3600
    return -value if reference.strip().upper() == negative else value
