"""From a photo to what the network sees: the centre square, 224 pixels, mean subtracted.

The recipe is the blog's, in words: cut the largest square out of the middle, shrink it to
224 x 224, multiply by 256 (scikit-image's pixels are 0 to 1, so white becomes 256), subtract
the mean colour, and put the channels, red first, before rows and columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from PIL import Image

from geonb.errors import MissingDependencyError
from geonb.photo import Photo, PhotoSource, open_photo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Method = Literal["fast", "blog"]


@dataclass(frozen=True)
class Recipe:
    """The numbers of a preprocessing recipe; the defaults are those of the blog."""

    side: int = 224
    """Pixels on each side of the square that the network sees."""
    scale: float = 256.0
    """What white becomes, before the mean is subtracted."""
    mean: tuple[float, float, float] = (123.68, 116.779, 103.939)
    """Mean red, green and blue, on the scale above."""


RECIPE = Recipe()
"""The blog's recipe; LocationNet's and mini's."""


def preprocess(
    photo: PhotoSource | Sequence[PhotoSource], method: Method = "fast", recipe: Recipe = RECIPE
) -> NDArray[np.float32]:
    """Prepare one photo, or a list of N photos, for the network: (N, 3, 224, 224) float32.

    ``fast`` (Pillow) decodes a JPEG at a fraction of its size and resizes in one step; ``blog``
    (scikit-image) follows the blog to the letter. Raises `PhotoError`.
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


def fast_square(photo: Photo, side: int) -> Image.Image:
    """The centre square of a photo as a picture of ``side`` x ``side`` pixels."""
    # Twice the side is left to the resampling, which then differs little from a full decode.
    image = photo.image(short_side=2 * side)
    short = min(image.size)
    left, top = (image.width - short) // 2, (image.height - short) // 2
    box = (left, top, left + short, top + short)
    return image.resize((side, side), Image.Resampling.BILINEAR, box=box, reducing_gap=3.0)


def _fast(photo: Photo, side: int) -> NDArray[np.float32]:
    return np.asarray(fast_square(photo, side), dtype=np.float32) / np.float32(255)


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


_METHODS = {"fast": _fast, "blog": _blog}
