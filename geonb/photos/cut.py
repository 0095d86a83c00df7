"""JPEG files that are cut off: what is there is decoded, and what is missing is said."""

from itertools import pairwise

import numpy as np
from PIL import Image

from geonb.errors import PhotoError
from geonb.photos import jpeg
from geonb.photos.decoding import decode, kind, open_image

_MOST_MISSING = 0.5


def decode_rest(
    name: str, data: bytes | Image.Image, short_side: int | None
) -> tuple[Image.Image, str] | None:
    """Decode what is there of a JPEG, with what to say of it; None if the file isn't cut off.

    Raises `PhotoError` if more than half of the rows are missing, or half of what's fine in them.
    """
    if not isinstance(data, bytes) or kind(data) != "JPEG" or jpeg.end(data):
        return None
    parts = list(jpeg.walk(data))
    image = open_image(name, data[: parts[-1][2] if parts else 2] + bytes((0xFF, jpeg.END)))
    decode(name, image, short_side)
    progressive = image.info.get("progressive")
    rows, detail = _missing_rows(image), _missing_detail(data, parts) if progressive else 0.0
    if max(rows, detail) > _MOST_MISSING:
        raise PhotoError(
            f"{name}: the file is cut off, and {max(rows, detail):.0%} of the "
            f"{'picture' if rows > _MOST_MISSING else 'detail'} is missing; get the whole file"
        )
    what = f"the lower {rows:.0%} of the picture is missing"
    if rows < 0.005:
        coarser = "the picture may be coarser than it was"
        what = coarser if progressive else "no row of the picture is missing"
    return image, f"the file is cut off, and {what}"


def _missing_rows(image: Image.Image) -> float:
    """The share of rows, from the last one up, that a decoder filled with middle grey."""
    pixels = np.asarray(image).reshape(image.height, -1)
    there = np.flatnonzero((np.abs(pixels.astype(np.int16) - 128) > 1).any(axis=1))
    return 1 - (there[-1] + 1) / image.height if there.size else 1.0


def _missing_detail(data: bytes, parts: list[tuple[int, int, int]]) -> float:
    """The share of the 64 frequencies of light of which a progressive JPEG has no whole scan.

    A scan brings a range of them for the whole picture, or makes it more exact.
    """
    frames = (start for marker, start, _ in parts if marker in {0xC2, 0xCA})
    light = next((data[start + 6 : start + 7] for start in frames), b"")
    there = set[int]()
    for (marker, start, stop), (_, _, end) in pairwise(parts):
        if marker == jpeg.SCAN and end < len(data) and light in data[start + 1 : stop - 3 : 2]:
            low, high = data[stop - 3 : stop - 1]
            there |= {*range(low, high + 1)}
    return 1 - len(there) / 64
