"""Other squares than those that most models see: the blog's to the letter, and CLIP's."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from geonb.errors import needing
from geonb.photos.photo import Photo


def _blog(photo: Photo, side: int) -> NDArray[np.float64]:
    """The blog's crop and resize; scikit-image has smoothed before it shrinks since 0.15."""
    with needing("the blog's preprocessing", "scikit-image", "blog"):
        from skimage import transform
    pixels = np.asarray(photo.image())
    short = min(pixels.shape[:2])
    top, left = (pixels.shape[0] - short) // 2, (pixels.shape[1] - short) // 2
    return transform.resize(pixels[top : top + short, left : left + short], (side, side))


def _bicubic(photo: Photo, side: int, short_side: int | None = None) -> NDArray[np.float64]:
    """CLIP's resize and crop: the short side to ``side``, the long one rounded down, the middle.

    ``short_side`` is how far the photo may be shrunk by a whole number before.
    """
    full = photo.size
    image = photo.image(short_side)
    target = [side * length // min(full) for length in full]
    # The photo is resized whole, as CLIP does it: in which direction Pillow goes first depends on
    # the shape, and the result on that. Only of a ribbon, which would fill the memory, the middle.
    seen = [min(size, 4096) for size in target]
    first = [(size - part) // 2 for size, part in zip(target, seen, strict=True)]
    shrunk = round(max(full) / max(image.size))
    x, y = (length / shrunk / size for length, size in zip(full, target, strict=True))
    right, below = x * (first[0] + seen[0]), y * (first[1] + seen[1])
    box = (x * first[0], y * first[1], min(right, image.width), min(below, image.height))
    resized = image.resize((seen[0], seen[1]), Image.Resampling.BICUBIC, box)
    left, top = ((size - side) // 2 - at for size, at in zip(target, first, strict=True))
    return np.asarray(resized)[top : top + side, left : left + side] / 255


SQUARES: dict[tuple[str, str], Callable[[Photo, int], NDArray[Any]]] = {
    ("gaussian", "blog"): _blog,
    ("bicubic", "fast"): lambda photo, side: _bicubic(photo, side, 2 * side),
    ("bicubic", "blog"): _bicubic,
}
