"""Photos: opened from anything, upright, in sRGB, with the place that their EXIF tells."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import numpy as np
from PIL import Image

from geonb.errors import PhotoError
from geonb.photos import exif
from geonb.photos.decoding import check_size, load, open_image, reading
from geonb.photos.pixels import QUARTER_TURNS, TURNS, from_array, shrunk, to_rgb
from geonb.photos.uploads import is_upload, only_upload

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from geonb.distances import Place

MAX_BYTES = 500_000_000
"""The largest file that is read; beyond it, it is not a photo."""


@dataclass(frozen=True, eq=False)
class Photo:
    """A picture as the user gave it; nothing of it is decoded before it is needed."""

    name: str
    """File name, address or description: what tables and errors call the photo."""
    source: bytes | Image.Image
    """The file's bytes, or the pixels of a photo that was never a file."""
    alt: str = ""
    """What it shows, for those who do not see it, where that is known."""

    def __repr__(self) -> str:
        try:
            about = f"{self.size[0]} x {self.size[1]} pixels"
        except PhotoError:
            about = "cannot be read"
        return f"<Photo {self.name!r}: {about}>"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, upright."""
        with reading(self.name):
            image = self._open()
            # Of a TIFF, Pillow itself tells the upright size, and turns it while it loads.
            turned = image.format != "TIFF" and exif.orientation(image) in QUARTER_TURNS
            return (image.height, image.width) if turned else image.size

    @property
    def place(self) -> Place | None:
        """Where the camera says it stood (EXIF), or None; no prediction looks at it."""
        with reading(self.name):
            return exif.place(self._open())

    @property
    def artist(self) -> str:
        """Who took it (EXIF), or nothing."""
        with reading(self.name):
            return exif.artist(self._open())

    def image(self, short_side: int | None = None) -> Image.Image:
        """Decode the photo: upright, 8-bit sRGB, transparency on white.

        ``short_side`` is the number of pixels that the caller needs on the shorter side: the
        picture is then decoded smaller, a JPEG several times faster. Raises `PhotoError`.
        """
        with reading(self.name):
            image = self._open()
            if short_side and image is not self.source:
                scale = min(1.0, short_side / min(image.size))
                image.draft("RGB", (round(image.width * scale), round(image.height * scale)))
            check_size(self.name, image)
            load(image)
            turn, profile = exif.orientation(image), image.info.get("icc_profile")
            image = shrunk(image, short_side)
            upright = image.transpose(TURNS[turn]) if turn in TURNS else image
            return to_rgb(upright, profile)

    def without_place(self, path: str | os.PathLike[str]) -> bool:
        """Write a copy that does not tell where it was taken, nor anything else beside the picture.

        A place hides not only in EXIF, but in XMP, IPTC, previews and what cameras append; so all
        of it goes but the orientation and the colour profile. True where the picture is the same
        to the bit (a JPEG to a JPEG); otherwise it is encoded anew, by the ending of ``path``.
        Raises `PhotoError`.
        """
        from geonb.photos.sharing import write_without_place

        return write_without_place(self, path)

    def _open(self) -> Image.Image:
        if isinstance(self.source, Image.Image):
            return self.source
        return open_image(self.name, self.source)


PhotoSource: TypeAlias = (
    "Photo | str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | Image.Image"
    " | NDArray[Any] | Mapping[str, Any] | Sequence[Mapping[str, Any]]"
)
"""What a photo can be given as; the last two are uploads of ipywidgets 7 and 8."""


def open_photo(source: PhotoSource, *, allow_private: bool = False) -> Photo:
    """Open a photo from a path, URL, bytes, file object, upload, Pillow image or array.

    An array is (height, width) or (height, width, 3 or 4): whole numbers 0 to 255 (0 to 65535 in
    16 bits), or floats 0 to 1, as scikit-image has them. An upload is the value of a
    ``FileUpload``, of ipywidgets 7 or 8, with one file in it, or one file of several. An address
    may lead into a private network, or to this machine, only with ``allow_private``.
    Raises `PhotoError`.
    """
    match source:
        case Photo():
            return source
        case str() if "://" in source:
            from geonb.photos.urls import fetch, shown

            return _from_bytes(shown(source), fetch(source, allow_private=allow_private))
        case str() | os.PathLike():
            return _from_bytes(os.fspath(source), _read_file(Path(source)))
        case bytes() | bytearray() | memoryview():
            return _from_bytes("photo", bytes(source))
        case Image.Image():
            return Photo(str(getattr(source, "filename", "")) or "image", source)
        case np.ndarray():
            return Photo("array", from_array(source))
    if hasattr(source, "read"):
        return _from_bytes(str(getattr(source, "name", "file")), source.read())
    if is_upload(source):
        return _from_bytes(*only_upload(source))
    raise PhotoError(
        f"cannot open a {type(source).__name__} as a photo; "
        "expected a path, URL, bytes, file object, upload, Pillow image or array"
    )


def _read_file(path: Path) -> bytes:
    try:
        path = path.expanduser()
        if path.is_file() and path.stat().st_size > MAX_BYTES:
            raise PhotoError(f"{path}: larger than {MAX_BYTES // 10**6} MB, expected a photo")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise PhotoError(f"{path}: no such file; check the path") from error
    except IsADirectoryError as error:
        raise PhotoError(f"{path}: a folder, expected a photo; name a file in it") from error
    except (OSError, RuntimeError, ValueError) as error:  # no home, a zero byte in the name
        reason = getattr(error, "strerror", None) or error
        raise PhotoError(f"{path}: cannot read the photo ({reason}); check the path") from error


def _from_bytes(name: str, data: bytes | str) -> Photo:
    if isinstance(data, str):
        raise PhotoError(f"{name}: opened as text, expected bytes; open the file with mode 'rb'")
    if not data:
        raise PhotoError(f"{name}: the file is empty, expected a photo")
    return Photo(name, data)
