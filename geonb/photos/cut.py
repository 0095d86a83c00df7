"""JPEG files that are cut off: what is there is decoded, and how much is missing is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geonb.errors import PhotoError
from geonb.photos import contents, jpeg
from geonb.photos.decoding import decode, open_image

if TYPE_CHECKING:
    from PIL import Image

_MOST_MISSING = 0.5


def decode_rest(name: str, data: bytes, short_side: int | None) -> tuple[Image.Image, str] | None:
    """Decode what is there of a JPEG, with what to say of it; None if the file isn't cut off.

    Raises `PhotoError` if more than half of the picture is missing.
    """
    if contents.kind(data) != "JPEG" or jpeg.end(data):
        return None
    image = open_image(name, jpeg.ended(data))
    decode(name, image, short_side)
    missing = _missing(image)
    if missing > _MOST_MISSING:
        raise PhotoError(
            f"{name}: the file is cut off, and {missing:.0%} of the picture is missing; "
            "get the whole file"
        )
    what = (
        f"the lower {missing:.0%} of the picture" if missing >= 0.005 else "no row of the picture"
    )
    return image, f"the file is cut off, and {what} is missing"


def _missing(image: Image.Image) -> float:
    """The share of rows, from the last one up, that a decoder filled with middle grey."""
    pixels = np.asarray(image).reshape(image.height, -1)
    there = np.flatnonzero((np.abs(pixels.astype(np.int16) - 128) > 1).any(axis=1))
    return 1 - (there[-1] + 1) / image.height if there.size else 1.0
