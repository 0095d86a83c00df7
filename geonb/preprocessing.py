"""From a photo to what the network sees: the centre square, 224 pixels, mean subtracted.

The recipe is the blog's, in words: cut the largest square out of the middle, shrink it to
224 x 224, multiply by 256 (scikit-image's pixels are 0 to 1, so white becomes 256), subtract
the mean colour, and put the channels, red first, before rows and columns.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from geonb.errors import MissingDependencyError
from geonb.photos.photo import Photo, PhotoSource, open_photo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Method = Literal["fast", "blog"]


@dataclass(frozen=True)
class Recipe:
    """The numbers of a preprocessing recipe; the defaults are the blog's.

    Attributes:
        side: Pixels on each side of the square that the network sees.
        scale: What white becomes, before the mean is subtracted.
        mean: Mean red, green and blue, on that scale.
    """

    side: int = 224
    scale: float = 256.0
    mean: tuple[float, float, float] = (123.68, 116.779, 103.939)


RECIPE = Recipe()
"""The blog's recipe; LocationNet's and mini's."""


def preprocess(
    photo: PhotoSource | Sequence[PhotoSource], method: Method = "fast", recipe: Recipe = RECIPE
) -> NDArray[np.float32]:
    """Prepare one photo, or a list of N photos, for the network: (N, 3, 224, 224) float32.

    ``blog`` (scikit-image) follows the blog to the letter. ``fast`` does the same arithmetic on
    photos below 896 pixels; larger ones are shrunk by a whole number first, a JPEG while it is
    decoded, and then differ on average by less than 1 grey level of 256 (drawings, noise: 2).
    Raises `PhotoError`.
    """
    if method not in _METHODS:
        raise ValueError(f"method is 'fast' or 'blog', not {method!r}")
    photos: list[Any] = list(photo) if isinstance(photo, (list, tuple)) else [photo]
    squares: list[Any] = [_METHODS[method](open_photo(p), recipe.side) for p in photos]
    return normalise(np.stack(squares), recipe)  # (N, 224, 224, 3) -> (N, 3, 224, 224)


def normalise(squares: NDArray[Any], recipe: Recipe = RECIPE) -> NDArray[np.float32]:
    """Scale and centre pixels of 0 to 1: (N, side, side, 3) to (N, 3, side, side) float32."""
    centred = squares * recipe.scale - np.array(recipe.mean)
    return np.ascontiguousarray(centred.transpose(0, 3, 1, 2), dtype=np.float32)


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
    pixels = (rows @ pixels.reshape(len(pixels), -1)).reshape(side, -1, 3)  # (side, width, 3)
    return np.clip(columns @ pixels, 0, 1)  # (side, side, 3)


@lru_cache(maxsize=64)
def _shrinker(size: int, start: float, step: float, shrunk: int, side: int) -> NDArray[np.float32]:
    """The weights (side, size) by which a row of pixels makes one of ``side``.

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
    return weights


def _mirrored(index: NDArray[np.intp], size: int) -> NDArray[np.intp]:
    """Indices beyond the edges, mirrored into 0 to size - 1."""
    last = size - 1
    return last - np.abs(last - index % (2 * last)) if last else np.zeros_like(index)


def _blog(photo: Photo, side: int) -> NDArray[np.float64]:
    """The blog's crop and resize; scikit-image has smoothed before it shrinks since 0.15."""
    try:
        from skimage import transform
    except ImportError as error:
        raise MissingDependencyError("the blog's preprocessing", "scikit-image", "blog") from error
    pixels = np.asarray(photo.image())
    short = min(pixels.shape[:2])
    top, left = (pixels.shape[0] - short) // 2, (pixels.shape[1] - short) // 2
    return transform.resize(pixels[top : top + short, left : left + short], (side, side))


_METHODS = {"fast": fast_square, "blog": _blog}
