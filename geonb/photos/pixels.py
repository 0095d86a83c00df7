"""Turn pixels of any kind into upright 8-bit sRGB, in little memory; arrays into pictures."""

import io
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from geonb.errors import PhotoError
from geonb.photos.decoding import MAX_PIXELS

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""How a stored picture becomes upright, by the value of its EXIF orientation."""


def shrunk(image: Image.Image, short_side: int | None) -> Image.Image:
    """Shrink the picture by a whole number, to no less than ``short_side`` on its shorter side.

    The next steps (turning, colours, transparency) then need little time and memory.
    """
    if image.mode in {"1", "P", "PA"}:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    elif image.mode.startswith("I;16"):
        image = image.convert("I")
    factor = min(image.size) // short_side if short_side else 1
    return image.reduce(factor) if factor > 1 else image


def to_rgb(image: Image.Image, profile: Any = None) -> Image.Image:
    """Convert any mode to 8-bit sRGB as a viewer shows it: transparency on white.

    Comments and other metadata stay behind: whatever is saved later holds only the pixels.
    """
    if image.mode == "F" or image.mode.startswith("I"):
        rgb = _grey_to_rgb(np.asarray(image))
    elif image.has_transparency_data:
        paper = Image.new("RGB", image.size, "white")
        image = image.convert("RGBA")
        paper.paste(image, mask=image.getchannel("A"))
        rgb = _to_srgb(paper, profile)
    else:
        rgb = _to_srgb(image, profile)
    rgb.info.clear()
    return rgb


def _to_srgb(image: Image.Image, profile: Any) -> Image.Image:
    """Apply the colour profile; ignore one that is broken, for other channels, or over 4 MB."""
    if isinstance(profile, bytes) and 0 < len(profile) <= 4_000_000:
        with suppress(ImageCms.PyCMSError, OSError, TypeError, ValueError):  # as browsers do
            given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if "sRGB" in ImageCms.getProfileName(given) and image.mode == "RGB":
                return image.copy()  # true for most photos: nothing to convert
            srgb = ImageCms.createProfile("sRGB")
            if converted := ImageCms.profileToProfile(image, given, srgb, outputMode="RGB"):
                return converted
    return image.convert("RGB")


def _grey_to_rgb(values: NDArray[Any]) -> Image.Image:
    """16-bit grey values (or 8-bit, or 0 to 1, in a wider type) as 8-bit RGB."""
    top = float(np.fmax.reduce(values, axis=None, initial=0))  # whatever isn't NaN
    scale = 255.0 if top <= 1.0 else 1.0 if top <= 255.0 else 1 / 257.0
    return Image.fromarray(to_bytes(values, scale)).convert("RGB")


def from_array(array: NDArray[Any]) -> Image.Image:
    """The array as a picture. Raises `PhotoError`."""
    shape_fits = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in {1, 3, 4})
    if not shape_fits or not array.size or array.dtype.kind not in "buif":
        raise PhotoError(
            f"an array of {array.dtype} and shape {array.shape} is not a photo; "
            "expected numbers, (height, width) or (height, width, 3 or 4)"
        )
    height, width = array.shape[:2]
    if height * width > MAX_PIXELS:
        raise PhotoError(f"an array of {width:,} x {height:,} pixels; make it smaller first")
    top = {"b": 1.0, "f": 1.0}.get(array.dtype.kind, 65535.0 if array.itemsize == 2 else 255.0)
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and high <= top):
        raise PhotoError(
            f"an array of {array.dtype} has values from {low:g} to {high:g}, expected 0 to {top:g}"
        )
    pixels = to_bytes(array, 255.0 / top)
    return Image.fromarray(pixels.squeeze(axis=2) if array.shape[2:] == (1,) else pixels)


def to_bytes(values: NDArray[Any], scale: float) -> NDArray[np.uint8]:
    """The values times ``scale`` as 8-bit ones; some rows at a time, for float64 fills memory."""
    found = np.empty(values.shape, np.uint8)
    step = max(1, (1 << 20) // values[0].size)
    with np.errstate(all="ignore"):
        for at in range(0, len(values), step):
            some = np.nan_to_num(values[at : at + step].astype(np.float64))
            found[at : at + step] = np.clip(some * scale, 0, 255).round()
    return found
