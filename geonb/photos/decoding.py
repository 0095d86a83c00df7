"""Decode pictures that may be broken or hostile: known formats, bounded size, one error."""

import ctypes
import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module

from PIL import Image

from geonb.errors import PhotoError
from geonb.photos import jpeg, tiff

MAX_PIXELS = 50_000_000
"""The largest picture that is decoded; phones take photos of 48 and 50 megapixels (2026)."""
MAX_DRAFT_PIXELS = 250_000_000
"""The largest JPEG that is opened: it may have more pixels when it decodes at 1/2, 1/4 or 1/8."""
MAX_SCANS = 100
"""A progressive JPEG has about ten."""
PILLOW_FAILS = (
    OSError,  # cut off, or broken data
    EOFError,  # HEIC that is cut off
    SyntaxError,  # no header of this format
    ValueError,  # sizes and modes that don't fit
    ZeroDivisionError,  # AVIF whose clock doesn't tick
    RuntimeError,  # the codecs of AVIF and HEIC
    MemoryError,
    struct.error,  # EXIF of a picture that the user opened
    Warning,  # where the user made errors of them
)
"""What Pillow and its codecs raise on broken files.

It is caught around their calls only: the same error in geonb's own code is a mistake of ours.
"""
_UNWRITABLE = (*PILLOW_FAILS, TypeError, AttributeError, LookupError, ArithmeticError)
"""What Pillow raises on EXIF that it can read, and can't write."""
_STARTS = {
    b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG", b"GIF87a": "GIF", b"GIF89a": "GIF",
    b"BM": "BMP",
}  # fmt: skip
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_AVIF_BRANDS = {b"avif", b"avis"}
_DECODERS = {
    "JPEG": ("PIL.JpegImagePlugin", "JpegImageFile"),  # of an MPO, the first picture
    "PNG": ("PIL.PngImagePlugin", "PngImageFile"),
    "WEBP": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "GIF": ("PIL.GifImagePlugin", "GifImageFile"),
    "TIFF": ("PIL.TiffImagePlugin", "TiffImageFile"),
    "BIGTIFF": ("PIL.TiffImagePlugin", "TiffImageFile"),
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "AVIF": ("PIL.AvifImagePlugin", "AvifImageFile"),
    "HEIF": ("pillow_heif", "HeifImageFile"),
}
"""The readers by format. Those that aren't here stay unused: some of Pillow's run programs."""


def kind(data: bytes) -> str:
    """Pillow's name of the file's format, or HEIF; empty if it's another."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        brands = {data[8:12], *(data[i : i + 4] for i in range(16, 40, 4))}
        if brands & _AVIF_BRANDS:
            return "AVIF"
        return "HEIF" if brands & _HEIF_BRANDS else ""
    if data[:4] in tiff.ORDERS:
        return "BIGTIFF" if b"+" in data[:4] else "TIFF"
    return next((name for start, name in _STARTS.items() if data.startswith(start)), "")


@contextmanager
def decoding(name: str, fails: tuple[type[Exception], ...] = PILLOW_FAILS) -> Iterator[None]:
    """Turn what a decoder raises in this block into a `PhotoError`."""
    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PhotoError(
            f"{name}: more pixels than Pillow opens (PIL.Image.MAX_IMAGE_PIXELS is "
            f"{Image.MAX_IMAGE_PIXELS:,}); make the picture smaller first"
        ) from error
    except fails as error:
        raise PhotoError(
            f"{name}: the picture is cut off or broken ({str(error) or type(error).__name__}); "
            "try to open and save it with a picture viewer"
        ) from error


def split(name: str, data: bytes) -> tuple[bytes, list[bytes], list[bytes], str]:
    """The parts of a file: picture, blocks of EXIF (which are TIFF), packets of XMP, and a note.

    A decoder gets the picture alone. Metadata that is broken, endless or packed to burst then can't
    stop it, and Python's warnings about metadata, which would need a filter that all threads share,
    don't arise. Raises `PhotoError` if the file is broken, or no picture.
    """
    found = kind(data)
    with decoding(name, (ValueError, struct.error)):
        if found == "JPEG":
            return *jpeg.split(data), ""
        if found in {"TIFF", ""}:
            from geonb.photos import raw

            if raw.is_raw(data):
                return *raw.preview(name, data), "a raw photo, read by its preview"
        from geonb.photos import containers

        if found:
            return *containers.split(found, data), ""
    raise PhotoError(
        f"{name}: this is {containers.other_kind(data)}; "
        "expected JPEG, PNG, WebP, GIF, TIFF, BMP, AVIF, HEIC or a raw photo"
    )


def blocks_and_packets(
    name: str, source: bytes | Image.Image
) -> tuple[list[bytes], list[bytes], str]:
    """The blocks of EXIF and the packets of XMP in a file, and its note. Raises `PhotoError`."""
    if isinstance(source, Image.Image):
        return *_of_image(source), ""
    _, blocks, packets, note = split(name, source)
    if kind(source) in {"AVIF", "HEIF"}:  # only their decoders find it
        found = open_image(name, source).info
        blocks = [*blocks, (found.get("exif") or b"").removeprefix(jpeg.EXIF)]
        packets = [found.get("xmp") or b""]
    return list(filter(None, blocks)), list(filter(None, packets)), note


def _of_image(image: Image.Image) -> tuple[list[bytes], list[bytes]]:
    """The block of EXIF and the packet of XMP of a picture that Pillow opened for the user."""
    try:
        exif = image.getexif().tobytes()
    except _UNWRITABLE:
        exif = image.info.get("exif") or b""
    block = exif.removeprefix(jpeg.EXIF)
    if image.format == "TIFF":
        block = tiff.upright(block)  # Pillow turns it itself while it loads
    packet = image.info.get("xmp") or b""
    data = packet.encode() if isinstance(packet, str) else bytes(packet)
    return [block], [data] if data else []


def open_image(name: str, data: bytes) -> Image.Image:
    """Open the picture in a file: read its header, and check its size. Raises `PhotoError`."""
    picture = split(name, data)[0]
    # It isn't looked up in Pillow's tables, and HEIC's isn't entered in them: they are the user's.
    module, reader = _DECODERS[kind(picture)]
    try:
        plugin = import_module(module)
    except ImportError as error:
        raise PhotoError(
            f"{name}: HEIC needs the package pillow-heif; install it with: "
            'pip install "geonb[heic]", or save the photo as JPEG'
        ) from error
    with decoding(name):
        image: Image.Image = getattr(plugin, reader)(io.BytesIO(picture))
    most = MAX_PIXELS
    if image.format == "JPEG":
        # Each scan goes over the whole picture: bytes of file, seconds of work. With one, it
        # decodes at 1/2, 1/4 or 1/8 in little memory.
        scans = jpeg.scans(picture)
        if scans > MAX_SCANS:
            raise PhotoError(
                f"{name}: a JPEG in {scans:,} scans, expected at most {MAX_SCANS}; "
                "open and save it with a picture viewer"
            )
        if scans <= 1 and not image.info.get("progressive"):
            most = MAX_DRAFT_PIXELS
    check_size(name, image, most)
    return image


def decode(name: str, image: Image.Image, short_side: int | None) -> None:
    """Decode the pixels, those of a JPEG to no less than ``short_side``. Raises `PhotoError`."""
    if short_side:
        scale = min(1.0, short_side / min(image.size))
        image.draft("RGB", (round(image.width * scale), round(image.height * scale)))
    check_size(name, image)
    if image.format == "TIFF":
        _silence_libtiff()
    promised = image.size
    with decoding(name):
        image.load()
    if sorted(image.size) != sorted(promised):  # Pillow turns a TIFF that the user opened
        raise PhotoError(f"{name}: the header says {promised}, the picture is {image.size}")
    if image.mode in {"P", "PA"} and image.palette is None:
        raise PhotoError(f"{name}: a picture of numbered colours without their list; it is broken")


@cache
def _silence_libtiff() -> None:
    """Take away libtiff's handlers of errors and warnings, which write to stderr from C.

    Once for the process: to put them back after each picture takes a lock, and a process that
    forks meanwhile has children that wait for it for ever. Sending stderr itself elsewhere would
    lose what other threads write. Where Pillow has libtiff hidden in itself, its messages stay.
    """
    library = ctypes.CDLL(import_module("PIL._imaging").__file__)  # and what that is linked to
    for name in ("TIFFSetErrorHandler", "TIFFSetWarningHandler"):
        if setter := getattr(library, name, None):
            setter.argtypes, setter.restype = [ctypes.c_void_p], ctypes.c_void_p
            setter(None)


def check_size(name: str, image: Image.Image, limit: int = MAX_PIXELS) -> None:
    """Refuse a picture that would take too much memory when decoded. Raises `PhotoError`."""
    if image.width * image.height > limit:
        raise PhotoError(
            f"{name}: {image.width:,} x {image.height:,} pixels, expected at most "
            f"{limit / 1e6:g} million; make the picture smaller first"
        )
