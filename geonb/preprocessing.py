"""From a photo to what the network sees: the centre square, 224 pixels, mean subtracted.

The blog's recipe in words: cut the largest square out of the middle, shrink it to
224 x 224, multiply by 256 (scikit-image's pixels are 0 to 1, so white becomes 256), subtract
the mean colour, and put the channels, red first, before rows and columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geonb.photos.photo import PhotoSource, open_photo
from geonb.photos.squares import Method, Resize, square_maker


@dataclass(frozen=True)
class Recipe:
    """The numbers of a preprocessing recipe; the defaults are the blog's.

    Attributes:
        side: Pixels on each side of the square that the network sees.
        scale: What white becomes, before the mean is subtracted.
        mean: Mean red, green and blue, on that scale.
        deviation: What red, green and blue are divided by in the end.
        resize: How a photo is shrunk: as scikit-image does, or as Pillow does bicubically.
    """

    side: int = 224
    scale: float = 256.0
    mean: tuple[float, float, float] = (123.68, 116.779, 103.939)
    deviation: tuple[float, float, float] = (1.0, 1.0, 1.0)
    resize: Resize = "gaussian"


RECIPE = Recipe()
"""The blog's recipe; LocationNet's and mini's."""


def preprocess(
    photo: PhotoSource | Sequence[PhotoSource], method: Method = "fast", recipe: Recipe = RECIPE
) -> NDArray[np.float32]:
    """Prepare one photo, or a list of N photos, for the network: (N, 3, 224, 224) float32.

    ``blog`` follows the recipe to the letter (the blog's own needs scikit-image). ``fast`` does
    the same arithmetic on photos below 896 pixels; larger ones are shrunk by a whole number
    first, a JPEG while it is decoded, and then differ on average by less than 1 grey level of
    256 (drawings, noise: 2). Raises `PhotoError`.
    """
    if method not in {"fast", "blog"}:
        raise ValueError(f"method is 'fast' or 'blog', not {method!r}")
    square = square_maker(recipe.resize, method)
    photos: list[Any] = list(photo) if isinstance(photo, (list, tuple)) else [photo]
    return normalise(np.stack([square(open_photo(p), recipe.side) for p in photos]), recipe)


def normalise(squares: NDArray[Any], recipe: Recipe = RECIPE) -> NDArray[np.float32]:
    """Scale and centre pixels of 0 to 1: (N, side, side, 3) to (N, 3, side, side) float32."""
    mean, deviation = np.array([recipe.mean, recipe.deviation], np.float32)[..., None, None]
    pixels = np.ascontiguousarray(np.moveaxis(squares, 3, 1), np.float32)
    return (pixels * np.float32(recipe.scale) - mean) / deviation
