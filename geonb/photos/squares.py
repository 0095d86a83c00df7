"""A photo's centre square, shrunk to what a network sees, as the blog does, but quickly."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from geonb.photos.photo import Photo

Method = Literal["fast", "blog"]
Resize = Literal["gaussian", "bicubic"]

_BAND = 16
"""Rows of the result that are worked out together: they need few of the photo's."""


def square_maker(resize: Resize, method: Method) -> Callable[[Photo, int], NDArray[Any]]:
    """What makes a photo into the square (side, side, 3) of a recipe, 0 to 1."""
    if (resize, method) == ("gaussian", "fast"):
        return fast_square
    from geonb.photos import other_squares

    return other_squares.SQUARES[resize, method]


def fast_square(photo: Photo, side: int) -> NDArray[np.float32]:
    """The blog's crop and resize on a smaller copy: the centre square, (side, side, 3), 0 to 1.

    A large photo is first shrunk by a whole number, by the JPEG decoder where it can; what
    smoothing that does is taken off the smoothing that follows.
    """
    full = photo.size
    image = photo.image(short_side=2 * side)
    if min(image.size) >= 4 * side:
        image = image.reduce(min(image.size) // (2 * side))
    shrunk = round(max(full) / max(image.size))
    short = min(full)
    corner = [(length - short) // 2 / shrunk for length in full]
    left, top = map(math.floor, corner)
    right, bottom = (math.ceil(c + short / shrunk) for c in corner)
    image = image.crop((left, top, min(right, image.width), min(bottom, image.height)))
    pixels = np.asarray(image, dtype=np.float32) / np.float32(255)
    columns, rows = (
        _shrinker(size, start - math.floor(start), short / side, shrunk, side)
        for size, start in zip(image.size, corner, strict=True)
    )
    pixels = _weighted(rows, pixels).swapaxes(0, 1)  # (width, side, 3)
    return np.clip(_weighted(columns, pixels), 0, 1).swapaxes(0, 1)  # (side, side, 3)


@lru_cache(maxsize=64)
def _shrinker(
    size: int, start: float, step: float, shrunk: int, side: int
) -> list[tuple[int, NDArray[np.float32]]]:
    """The weights (side, size) by which a row of pixels makes one of ``side``, without the zeros.

    They come as some rows of the matrix at a time: the first pixel that counts, and the weights.

    They are those of scikit-image's ``resize``: a Gaussian of (step - 1) / 2 pixels, mirrored at
    the edges, then linear interpolation, for a photo that has ``step`` pixels for each of the
    result, ``shrunk`` times smaller here.
    """
    # Averaging n pixels has the variance (n² - 1) / 12; variances add up.
    variance = max(0.0, ((step - 1) / 2) ** 2 - (shrunk**2 - 1) / 12) if step > 1 else 0.0
    sigma = math.sqrt(variance) / shrunk
    reach = int(4 * sigma + 0.5)
    taps = np.arange(-reach, reach + 1)
    kernel = np.exp(-0.5 * (taps / max(sigma, 1e-9)) ** 2)
    kernel /= kernel.sum()
    centres = start + (np.arange(side) + 0.5) * step / shrunk - 0.5
    left = np.floor(centres).astype(int)
    weights = np.zeros((side, size), np.float32)
    for offset, share in ((0, 1 - (centres - left)), (1, centres - left)):
        index = _mirrored(left[:, None] + taps + offset, size)
        np.add.at(weights, (np.arange(side)[:, None], index), share[:, None] * kernel)
    bands = []
    for block in np.split(weights, range(_BAND, side, _BAND)):
        used = np.flatnonzero(block.any(axis=0))
        bands.append((int(used[0]), block[:, used[0] : used[-1] + 1].copy()))
    return bands


def _weighted(
    bands: list[tuple[int, NDArray[np.float32]]], pixels: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Weight the first axis: (size, n, 3) to (side, n, 3)."""
    flat = pixels.reshape(len(pixels), -1)
    found = []
    for first, weights in bands:
        part = flat[first : first + weights.shape[1]]
        # OpenBLAS starts threads for a product of more multiplications; photos have their own.
        width = max(1, 4 * 65536 // weights.size)
        even = part.shape[1] // width * width
        parts = part[:, :even].reshape(len(part), -1, width).swapaxes(0, 1)
        wide = (weights @ parts).swapaxes(0, 1).reshape(len(weights), even)
        found.append(np.hstack([wide, weights @ part[:, even:]]))
    return np.concatenate(found).reshape(-1, *pixels.shape[1:])


def _mirrored(index: NDArray[np.intp], size: int) -> NDArray[np.intp]:
    """Indices beyond the edges, mirrored into 0 to size - 1."""
    last = size - 1
    return last - np.abs(last - index % (2 * last)) if last else np.zeros_like(index)
