"""Other squares than those that most models see: the blog's to the letter, and CLIP's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from geonb.errors import MissingDependencyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from geonb.photos.photo import Photo


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


def _bicubic(photo: Photo, side: int, short_side: int | None = None) -> NDArray[np.float64]:
    """CLIP's resize and crop: the short side to ``side``, the long one rounded down, the middle.

    ``short_side`` is how far the photo may be shrunk by a whole number before.
    """
    full = photo.size
    image = photo.image(short_side)
    target = [side * length // min(full) for length in full]
    # Pixels of the image, shrunk or not, for one pixel of the resized photo, and where the
    # square begins: Pillow then works out the square alone, and looks beyond its edges.
    shrunk = round(max(full) / max(image.size))
    steps = [length / shrunk / size for length, size in zip(full, target, strict=True)]
    left, top = (step * ((size - side) // 2) for step, size in zip(steps, target, strict=True))
    box = (left, top, left + steps[0] * side, top + steps[1] * side)
    box = (*box[:2], min(box[2], image.width), min(box[3], image.height))
    return np.asarray(image.resize((side, side), Image.Resampling.BICUBIC, box)) / 255


def _fast_bicubic(photo: Photo, side: int) -> NDArray[np.float64]:
    return _bicubic(photo, side, 2 * side)


SQUARES: dict[tuple[str, str], Callable[[Photo, int], NDArray[Any]]] = {
    ("gaussian", "blog"): _blog,
    ("bicubic", "fast"): _fast_bicubic,
    ("bicubic", "blog"): _bicubic,
}
