"""Photos: opened from anything, upright, in RGB, with the place that their EXIF tells."""

from __future__ import annotations

import functools
import io
import os
import struct
import warnings
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Concatenate, ParamSpec, TypeAlias, TypeVar

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from geonb import exif
from geonb.errors import PhotoError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from geonb.distances import Place

P = ParamSpec("P")
T = TypeVar("T")

_QUARTER_TURNS = {5, 6, 7, 8}
"""Values of the EXIF orientation that swap width and height."""

# What Pillow's decoders raise on broken files, each for its own kinds of damage.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    EOFError,
    MemoryError,
    NotImplementedError,
    struct.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


def _reads(method: Callable[Concatenate[Photo, P], T]) -> Callable[Concatenate[Photo, P], T]:
    """Turn what a decoder says of a broken file into one `PhotoError`, and keep it quiet."""

    @functools.wraps(method)
    def wrapped(photo: Photo, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            try:
                return method(photo, *args, **kwargs)
            except UnidentifiedImageError as error:
                raise PhotoError(
                    f"{photo.name}: this is not a picture that geonb can read; "
                    "expected JPEG, PNG, WebP, GIF, TIFF, BMP or AVIF"
                ) from error
            except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
                raise PhotoError(
                    f"{photo.name}: the picture has more than {Image.MAX_IMAGE_PIXELS:,} pixels; "
                    "make it smaller first"
                ) from error
            except _BROKEN as error:
                raise PhotoError(
                    f"{photo.name}: the picture is cut off or broken ({error}); "
                    "try to open and save it with a picture viewer"
                ) from error

    return wrapped


@dataclass(frozen=True, eq=False)
class Photo:
    """A picture as the user gave it; nothing of it is decoded before it is needed."""

    name: str
    """File name, address or description: what tables and errors call the photo."""
    source: bytes | Image.Image
    """The file's bytes, or the pixels of a photo that was never a file."""

    def __repr__(self) -> str:
        return f"<Photo {self.name!r}: {self.size[0]} x {self.size[1]} pixels>"

    @property
    @_reads
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, upright."""
        image = self._open()
        turned = image.getexif().get(ExifTags.Base.Orientation) in _QUARTER_TURNS
        return (image.height, image.width) if turned else image.size

    @property
    @_reads
    def place(self) -> Place | None:
        """Where the camera says it stood (EXIF), or None; no prediction looks at it."""
        return exif.place(self._open())

    @_reads
    def image(self, short_side: int | None = None) -> Image.Image:
        """Decode the photo: upright, 8-bit RGB, transparency on white.

        ``short_side`` is the number of pixels that the caller needs on the shorter side: a JPEG
        is then decoded at 1/2, 1/4 or 1/8 of its size, several times faster. Raises `PhotoError`.
        """
        image = self._open()
        if short_side:
            scale = min(1.0, short_side / min(image.size))
            image.draft("RGB", (round(image.width * scale), round(image.height * scale)))
        return _to_rgb(ImageOps.exif_transpose(image))

    def _open(self) -> Image.Image:
        if isinstance(self.source, Image.Image):
            return self.source.copy()
        return Image.open(io.BytesIO(self.source))


PhotoSource: TypeAlias = (
    "Photo | str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | Image.Image"
    " | NDArray[Any]"
)
"""What a photo can be given as."""


def _to_rgb(image: Image.Image) -> Image.Image:
    """Bring any mode to 8-bit RGB as a viewer would show it."""
    if image.mode == "F" or image.mode.startswith("I"):
        return _grey_to_rgb(np.asarray(image, dtype=np.float64))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(paper, image).convert("RGB")
    return image.convert("RGB")


def _grey_to_rgb(values: NDArray[np.float64]) -> Image.Image:
    """Grey values of 16 bits (or of 8 bits, or 0 to 1, in a wider type) as 8-bit RGB."""
    top = float(np.nanmax(values, initial=0.0))
    scale = 255.0 if top <= 1.0 else 1.0 if top <= 255.0 else 1 / 257.0
    grey = np.clip(np.nan_to_num(values) * scale, 0, 255).round().astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")


def open_photo(source: PhotoSource) -> Photo:
    """Open a photo from a path, a URL, bytes, a file object, a Pillow image or an array.

    An array is (height, width) or (height, width, 3 or 4): whole numbers 0 to 255 (0 to 65535 in
    16 bits), or floats 0 to 1, as scikit-image has them. Raises `PhotoError`.
    """
    match source:
        case Photo():
            return source
        case str() if "://" in source:
            from geonb.urls import fetch

            return Photo(source, fetch(source))
        case str() | os.PathLike():
            return _from_bytes(os.fspath(source), _read_file(Path(source)))
        case bytes() | bytearray() | memoryview():
            return _from_bytes("photo", bytes(source))
        case Image.Image():
            return Photo(str(getattr(source, "filename", "")) or "image", source)
        case np.ndarray():
            return Photo("array", _from_array(source))
    if hasattr(source, "read"):
        return _from_bytes(str(getattr(source, "name", "file")), source.read())
    raise PhotoError(
        f"cannot open a {type(source).__name__} as a photo; "
        "expected a path, URL, bytes, file object, Pillow image or array"
    )


def example_photo() -> Photo:
    """The example that comes with geonb: a drawn street, with its place in the EXIF."""
    data = files("geonb").joinpath("data", "example.jpg").read_bytes()
    return Photo("example.jpg", data)


def _read_file(path: Path) -> bytes:
    try:
        return path.expanduser().read_bytes()
    except FileNotFoundError as error:
        raise PhotoError(f"{path}: no such file; check the path") from error
    except IsADirectoryError as error:
        raise PhotoError(f"{path}: a folder, expected a photo; name a file in it") from error
    except OSError as error:
        raise PhotoError(f"{path}: cannot read the photo ({error.strerror})") from error


def _from_bytes(name: str, data: bytes | str) -> Photo:
    if isinstance(data, str):
        raise PhotoError(f"{name}: opened as text, expected bytes; open the file with mode 'rb'")
    if not data:
        raise PhotoError(f"{name}: the file is empty, expected a photo")
    return Photo(name, data)


def _from_array(array: NDArray[Any]) -> Image.Image:
    shape_fits = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in {1, 3, 4})
    if not shape_fits or not array.size:
        raise PhotoError(
            f"an array of shape {array.shape} is no photo; "
            "expected (height, width) or (height, width, 3 or 4)"
        )
    top = {"b": 1.0, "f": 1.0}.get(array.dtype.kind, 65535.0 if array.itemsize == 2 else 255.0)
    values = np.asarray(array, dtype=np.float64)
    if not (values.min() >= 0 and values.max() <= top):
        raise PhotoError(
            f"an array of {array.dtype} is a photo when its values are 0 to {top:g}, "
            f"these are {values.min():g} to {values.max():g}"
        )
    pixels = (values * (255.0 / top)).round().astype(np.uint8)
    return Image.fromarray(pixels.squeeze(axis=2) if array.shape[2:] == (1,) else pixels)
