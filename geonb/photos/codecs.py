"""The two codecs that need care: libtiff, which writes to stderr, and HEIC's, which is optional."""

from __future__ import annotations

import ctypes
import io
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from PIL import Image, _imaging

from geonb.errors import PhotoError

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIBTIFF = threading.Lock()
"""Held by the thread that has libtiff silenced."""


@contextmanager
def quiet_libtiff() -> Iterator[None]:
    """Take away libtiff's handlers of errors and warnings, which write to stderr from C.

    Sending stderr itself elsewhere would lose what other threads write meanwhile. Where Pillow
    has libtiff built in and hidden, its messages stay.
    """
    library = ctypes.CDLL(_imaging.__file__)  # finds the functions of what it is linked to too
    names = ("TIFFSetErrorHandler", "TIFFSetWarningHandler")
    setters = [getattr(library, name) for name in names if hasattr(library, name)]
    with _LIBTIFF:
        before = []
        for setter in setters:
            setter.argtypes, setter.restype = [ctypes.c_void_p], ctypes.c_void_p
            before.append(setter(None))
        try:
            yield
        finally:
            for setter, handler in zip(setters, before, strict=True):
                setter(handler)


def open_heif(name: str, data: bytes) -> Image.Image:
    """Open HEIC without registering its reader in Pillow, which stays as the user set it up."""
    try:
        from pillow_heif import HeifImageFile
    except ImportError as error:
        raise PhotoError(
            f"{name}: HEIC needs the package pillow-heif; install it with: "
            'pip install "geonb[heic]", or save the photo as JPEG'
        ) from error
    image: Image.Image = HeifImageFile(io.BytesIO(data))
    return image
