"""A photo's centre square, shrunk to what a network sees, as the blog does, but quickly."""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

import numpy as np
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
    smoothing that does is taken off the smoothing that follows::

        4000 x 3000 pixels --- decoder, 1/4 ---> 1000 x 750 --- middle ---> 750 x 750
                                                                                |
        224 x 224 <--- columns, then rows: each pixel is a weighted mean -------+
    """
    full = photo.size
    image = photo.image(short_side=2 * side)
    shrunk = round(max(full) / max(image.size))
    short = min(full)
    corner = [(length - short) // 2 / shrunk for length in full]
    left, top = map(math.floor, corner)
    right, bottom = (math.ceil(c + short / shrunk) for c in corner)
    square = np.asarray(image)[top:bottom, left:right]
    pixels = np.asarray(square, dtype=np.float32) / np.float32(255)
    columns, rows = (
        _shrinker(size, start - math.floor(start), short / side, shrunk, side)
        for size, start in zip((square.shape[1], square.shape[0]), corner, strict=True)
    )
    with np.errstate(all="ignore"):  # weights and pixels near 0 may vanish
        pixels = _weighted(rows, pixels).swapaxes(0, 1)  # (width, side, 3)
        return np.clip(_weighted(columns, pixels), 0, 1).swapaxes(0, 1)  # (side, side, 3)


@lru_cache(maxsize=64)
def _shrinker(
    size: int, start: float, step: float, shrunk: int, side: int
) -> list[tuple[int, NDArray[np.float32]]]:
    """The weights by which a row of ``size`` pixels makes one of ``side``.

    They are those of scikit-image's ``resize``. It smooths a photo with a Gaussian, as wide as
    one pixel of the result is in the photo, and then reads between two neighbours::

        row of the photo      . . . . . | . . . . . | . . . . .     step = 5 pixels of the photo
        pixels of the result      x           x           x
        smoothing                 _.-^-._                           sigma = (step - 1) / 2
        between neighbours             a x   b                      (1 - d) a + d b, x is d from a

    Both are sums of weighted pixels, and so is one after the other: a row of a matrix (side,
    size). It is mostly zeros, so it's kept in bands, each with the first pixel that counts::

        rows  0-15   [######            ]
        rows 16-31   [      ######      ]
        rows 32-47   [            ######]

    Here the photo may already be ``shrunk`` times smaller: ``step`` counts pixels of the full one.
    """
    # What shrinking has smoothed is taken off: the mean of n pixels has a variance
    # of (n^2 - 1) / 12, and the variances of smoothings add up.
    variance = max(0.0, ((step - 1) / 2) ** 2 - (shrunk**2 - 1) / 12) if step > 1 else 0.0
    sigma = math.sqrt(variance) / shrunk
    reach = int(4 * sigma + 0.5)
    taps = np.arange(-reach, reach + 1)
    with np.errstate(all="ignore"):  # the Gaussian's ends may vanish
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
