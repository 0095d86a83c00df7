"""Decode pictures that may be broken or hostile: known formats, bounded size, one error."""

from __future__ import annotations

import io
import logging
import re
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

from PIL import Image, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile

from geonb.errors import PhotoError
from geonb.files import BROKEN

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMATS = ("PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF")
"""Pillow's names of the formats besides JPEG; some of its other readers run programs."""
MAX_PIXELS = 50_000_000
"""The largest picture that is decoded; phones take photos of 48 and 50 megapixels (2026)."""
MAX_DRAFT_PIXELS = 250_000_000
"""The largest JPEG that is opened: it may have more pixels when it decodes at 1/2, 1/4 or 1/8."""

MAX_SCANS = 100
"""A progressive JPEG has about ten."""

_JPEG = b"\xff\xd8\xff"
_PNG_EXIF = (b"eXIf", b"XML:com.adobe.xmp", b"Raw profile type ")
"""What a PNG file contains if it tells the orientation or the place."""
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_AVIF_BRANDS = {b"avif", b"avis"}
_KINDS = (
    (b"<", "a web page or other text with tags"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a zip archive or an office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"{", "JSON text"),
    (b"\x00\x00\x00\x00", "zeros"),
)
"""First bytes of what people mistake for a picture, to say what it is instead."""


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Turn any error of a decoder about a broken file into a `PhotoError`, and keep it quiet."""
    log, quiet = logging.getLogger("PIL"), logging.NullHandler()
    log.addHandler(quiet)  # without a handler, Pillow's warnings go to stderr
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except BROKEN as error:
            raise PhotoError(
                f"{name}: the picture is cut off or broken ({str(error) or type(error).__name__}); "
                "try to open and save it with a picture viewer"
            ) from error
        finally:
            log.removeHandler(quiet)


def load(image: Image.Image) -> None:
    """Decode the pixels, and keep the decoder quiet. Call it inside `reading`."""
    promised = image.size
    if image.format == "TIFF":
        from geonb.photos.codecs import quiet_libtiff

        with quiet_libtiff():
            image.load()
    else:
        image.load()
    if sorted(image.size) != sorted(promised):  # sorted: a TIFF is turned while it loads
        raise ValueError(f"the header says {promised}, the picture is {image.size}")


def open_image(name: str, data: bytes, scans: int) -> Image.Image:
    """Open the file's ``data`` as a picture: read its header, and check its size.

    ``scans`` is `count_scans` of the data. Call it inside `reading`. Raises `PhotoError`.
    """
    if data.startswith(_JPEG):
        image: Image.Image = JpegImageFile(io.BytesIO(data))  # of an MPO, the first picture
    else:
        image = _open(name, data)
    if image.format == "PNG" and not any(mark in data for mark in _PNG_EXIF):
        image.info["exif"] = b""  # otherwise Pillow decodes all pixels to look behind them
    if scans > MAX_SCANS:
        raise PhotoError(
            f"{name}: a JPEG in {scans:,} scans, expected at most {MAX_SCANS}; "
            "open and save it with a picture viewer"
        )
    # A JPEG of one scan decodes at 1/2, 1/4 or 1/8 with little memory.
    drafts = isinstance(image, JpegImageFile) and scans <= 1 and not image.info.get("progressive")
    check_size(name, image, MAX_DRAFT_PIXELS if drafts else MAX_PIXELS)
    return image


def count_scans(data: bytes) -> int:
    """How many scans a JPEG has. Each goes over the whole picture: bytes of file, seconds of work.

    A preview in the EXIF looks like a second scan; only then the segments are counted. Pictures
    of other formats have none.
    """
    if not data.startswith(_JPEG):
        return 0
    count = len(re.findall(b"\xff\xda", data))  # half the time of bytes.count
    if count <= 1:
        return count
    from geonb.photos import jpeg

    return jpeg.scans(data)


def check_size(name: str, image: Image.Image, limit: int = MAX_PIXELS) -> None:
    """Refuse a picture that would take too much memory when decoded. Raises `PhotoError`."""
    if image.width * image.height > limit:
        raise PhotoError(
            f"{name}: {image.width:,} x {image.height:,} pixels, expected at most "
            f"{limit / 1e6:g} million; make the picture smaller first"
        )


def is_heif(data: bytes) -> bool:
    """Whether the file says that it is HEIC, the format of iPhones."""
    brands = {data[8:12], *(data[i : i + 4] for i in range(16, 40, 4))}
    return data[4:8] == b"ftyp" and bool(brands & _HEIF_BRANDS) and not brands & _AVIF_BRANDS


def _open(name: str, data: bytes) -> Image.Image:
    if is_heif(data):
        from geonb.photos.codecs import open_heif

        return open_heif(name, data)
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError as error:
        kind = next((kind for start, kind in _KINDS if data.lstrip().startswith(start)), "")
        raise PhotoError(
            f"{name}: this is {kind or 'not a picture that geonb can read'}; "
            "expected JPEG, PNG, WebP, GIF, TIFF, BMP, AVIF or HEIC"
        ) from error
    except Image.DecompressionBombError as error:
        raise PhotoError(
            f"{name}: more pixels than any photo; make the picture smaller first"
        ) from error
