"""What a picture file holds: the picture, for a decoder, and the metadata beside it.

A decoder gets the picture alone. Metadata that is broken, endless or packed to burst then can't
stop it, and Python's warnings about metadata, which would need a filter that all threads share,
don't arise.
"""

from __future__ import annotations

import re
import struct
import zlib
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_METADATA = 4_000_000
"""Bytes of a packet or a profile that are read; what is larger is left out."""
_TIFF_BLOCK = re.compile(rb"(II\*\0|MM\0\*)(?:..\0\0|\0\0..).{6}", re.DOTALL)
"""A block of EXIF whose first directory is not far."""
_MOST_EXIF = 1 << 20
_ORDER: dict[bytes, Literal["little", "big"]] = {b"II": "little", b"MM": "big"}
_MOST_GIF = 50_000_000
"""Pixels."""
_MOST_BMP_HEADER = 2048
"""Bytes, the list of colours with it."""
_MOST_BLOCKS = 1_000_000
"""Of GIF's, which hold 255 bytes each."""
_MOST_CHUNKS = 100_000
"""Of PNG and WebP; a picture of 50 million pixels takes some thousand."""
_STARTS = {
    b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG", b"GIF87a": "GIF", b"GIF89a": "GIF",
    b"BM": "BMP", b"II*\0": "TIFF", b"MM\0*": "TIFF", b"II+\0": "BIGTIFF", b"MM\0+": "BIGTIFF",
    b"MM*\0": "TIFF", b"II\0*": "TIFF",
}  # fmt: skip
"""The last two are TIFF by odd software."""
_EXIF, _XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
"""What EXIF and XMP begin with in JPEG, and by mistake elsewhere."""
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_AVIF_BRANDS = {b"avif", b"avis"}
_PNG_PICTURE = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
"""The chunks that the pixels are decoded from (PNG specification, section 11)."""
_FILM = "a film, a sound, or a rare format of pictures; save a picture of it as JPEG"
_RAW = "a raw photo of a rare kind; develop it with a raw converter, and save it as JPEG"
_OTHERS = (
    (b"<svg", "an SVG drawing; save it as PNG"),
    (b"<", "a web page or other text with tags"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a zip archive or an office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"{", "JSON text"),
    (b"\xff\x0a", "JPEG XL; save it as JPEG (djxl a.jxl a.jpg)"),
    (b"\0\0\0\x0cJXL ", "JPEG XL; save it as JPEG (djxl a.jxl a.jpg)"),
    (b"\0\0\0\x0cjP", "JPEG 2000; save it as JPEG"),
    (b"8BPS", "a Photoshop file; export it as JPEG"),
    (b"gimp xcf", "a GIMP file; export it as JPEG"),
    (b"II\xbc", "JPEG XR; save it as JPEG"),
    (b"IIU\0", _RAW),
    (b"IIR", _RAW),
    (b"\0\0\0\0", "zeros"),
    (b"RIFF", _FILM),
    (b"\x1aE\xdf\xa3", _FILM),
)
"""First bytes of what people mistake for a picture, to say what it is instead."""


@dataclass(frozen=True)
class Contents:
    """The parts of a picture file.

    Attributes:
        picture: A file with the picture, for the decoder of its kind.
        exif: Blocks of EXIF, which are TIFF, in their order.
        xmp: Packets of XMP.
        profile: The colour profile, if the decoder doesn't find it in ``picture``.
        note: What has to be said of the picture.
    """

    picture: bytes
    exif: tuple[bytes, ...] = ()
    xmp: tuple[bytes, ...] = ()
    profile: bytes | None = None
    note: str = ""


def kind(data: bytes) -> str:
    """Pillow's name of the file's format, or HEIF; empty if it's another."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        brands = {data[8:12], *(data[i : i + 4] for i in range(16, 40, 4))}
        if brands & _AVIF_BRANDS:
            return "AVIF"
        return "HEIF" if brands & _HEIF_BRANDS else ""
    return next((name for start, name in _STARTS.items() if data.startswith(start)), "")


def other_kind(data: bytes) -> str:
    """What a file is that is no picture, with what to do."""
    text = data[:1000].lstrip()
    if data[4:8] == b"ftyp":
        return _FILM
    found = (kind for start, kind in _OTHERS if text.startswith(start))
    return next(found, "not a picture that geonb can read")


def split(data: bytes) -> Contents:
    """The file's parts. Raises `ValueError` or `struct.error` if it is broken.

    AVIF and HEIC keep metadata where only their decoders find it.
    """
    match kind(data):
        case "JPEG":
            from geonb.photos import jpeg

            blocks, packets = jpeg.facts(jpeg.header(data)[0])
            return Contents(jpeg.picture(data), tuple(blocks), tuple(packets))
        case "PNG":
            return _png(data)
        case "WEBP":
            chunks = list(_webp_chunks(data))
            blocks = [plain(part) for name, part in chunks if name == b"EXIF"]
            packets = [part for name, part in chunks if name == b"XMP "]
            return Contents(data, tuple(blocks), tuple(packets))
        case "TIFF":
            from geonb.photos import tiff

            pages = tiff.read(data)
            packet = pages.directory(pages.first).get(700)
            packets = [packet.data] if packet and packet.count <= MOST_METADATA else []
            return Contents(pages.picture(), (data,), tuple(packets))
        case "BIGTIFF" if int.from_bytes(data[8:16], _ORDER[data[:2]]) + 28 > len(data):
            raise ValueError("cut off")
        case "GIF":
            return _gif(data)[0]
        case "AVIF" | "HEIF" if found := _TIFF_BLOCK.search(data):
            return _iso(data, found)
    return Contents(data)


def end(data: bytes) -> int:
    """Where the picture and its metadata end; films and anything else may follow."""
    match kind(data):
        case "JPEG":
            from geonb.photos import jpeg

            return jpeg.end(data) or len(data)
        case "PNG":
            with suppress(ValueError):
                return max((stop for _, _, stop in _png_chunks(data)), default=len(data))
        case "WEBP":
            return 8 + struct.unpack_from("<L", data, 4)[0]
        case "GIF":
            with suppress(ValueError):
                return _gif(data)[1]
        case "BMP":  # no row takes more than 4 bytes a pixel
            start, width, height = struct.unpack_from("<L4xll", data, 10)
            return start + 4 * abs(width * height) + _MOST_BMP_HEADER
        case "TIFF":
            from geonb.photos import tiff

            return tiff.read(data).end()
        case "AVIF" | "HEIF":
            return max((stop for _, _, stop in boxes(data)), default=len(data))
    return len(data)


def boxes(data: bytes, start: int = 0, stop: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and stop of the boxes of ISO media files (ISO 14496-12): HEIC, AVIF, CR3."""
    at, stop = start, len(data) if stop is None else stop
    for _ in range(10_000):
        if at + 8 > stop:
            return
        size, name = struct.unpack_from(">L4s", data, at)
        inner = at + 8
        if size == 1 and at + 16 <= stop:
            (size,) = struct.unpack_from(">Q", data, inner)
            inner = at + 16
        size = stop - at if size == 0 and name.isalnum() else size
        if at + size > stop or inner > at + size:
            return
        yield name, inner, at + size
        at += size


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and stop of the chunks, the length and the checksum with them."""
    at = 8
    for _ in range(_MOST_CHUNKS):
        if at + 12 > len(data):
            return
        size, name = struct.unpack_from(">L4s", data, at)
        yield name, at, min(at + 12 + size, len(data))
        at += 12 + size
        if name == b"IEND":
            return
    raise ValueError(f"more than {_MOST_CHUNKS:,} chunks")


def _png(data: bytes) -> Contents:
    picture, profile = [data[:8]], None
    blocks: list[bytes] = []
    packets: list[bytes] = []
    for name, start, stop in _png_chunks(data):
        if name in _PNG_PICTURE:
            picture.append(data[start:stop])
        elif name == b"eXIf":
            blocks.append(plain(data[start + 8 : stop - 4]))
        elif name == b"iCCP":
            profile = _inflated(data[start + 8 : stop - 4].partition(b"\0")[2][1:])
        elif name in {b"zTXt", b"tEXt", b"iTXt"} and len(blocks) + len(packets) < 8:
            key = data[start + 8 : start + 88].partition(b"\0")[0]
            if key == b"XML:com.adobe.xmp":
                packets.append(_png_text(name, data[start + 9 + len(key) : stop - 4]))
            elif key.startswith(b"Raw profile type "):
                found = _raw_profile(_png_text(name, data[start + 9 + len(key) : stop - 4]))
                is_xmp = found.startswith(_XMP) or key.endswith(b"xmp")
                (packets if is_xmp else blocks).append(plain(found.removeprefix(_XMP)))
    return Contents(b"".join(picture), tuple(blocks), tuple(packets), profile)


def _png_text(name: bytes, rest: bytes) -> bytes:
    """The text of a chunk after its keyword (PNG specification, section 11.3.4)."""
    if name == b"tEXt":
        return rest[:MOST_METADATA]
    packed = name == b"zTXt" or rest[:1] == b"\1"
    text = rest[1:] if name == b"zTXt" else rest[2:].split(b"\0", 2)[-1]  # after two languages
    return (_inflated(text) or b"") if packed else text[:MOST_METADATA]


def _raw_profile(text: bytes) -> bytes:
    """ImageMagick's form: the profile's name, its length, and its bytes as digits, in lines."""
    found = re.match(rb"\s*[^\n]+\s+\d+\s+((?:[0-9a-fA-F]{2}|\s)*)", text)
    return bytes.fromhex(found[1].decode()) if found else b""


def _inflated(data: bytes) -> bytes | None:
    """What was compressed, or None if that's broken, or larger than `MOST_METADATA`."""
    unpacking = zlib.decompressobj()
    try:
        found = unpacking.decompress(data, MOST_METADATA)
    except zlib.error:
        return None
    return None if unpacking.unconsumed_tail else found


def _gif(data: bytes) -> tuple[Contents, int]:
    """The first picture, the XMP before it (XMP specification part 3, 1.1.2), and its end."""
    if len(data) < 13:
        raise ValueError("cut off")
    at = 13 + (3 * 2 ** (1 + data[10] % 8) if data[10] & 128 else 0)  # after a list of colours
    picture, packets = [data[:at]], []
    for _ in range(_MOST_CHUNKS):
        if data[at : at + 1] not in {b"!", b"\0"}:  # no extension: the picture, with a comma
            break
        start = at
        at = _gif_blocks(data, at + 2 if data[at] else at)
        if data[start + 1 : start + 2] == b"\xf9":  # which colour is transparent
            picture.append(data[start:at])
        elif data[start + 3 : start + 14] == b"XMP DataXMP":
            # Not in pieces as all else; the 256 bytes after it lead who thinks so to its end.
            packets.append(data[start + 14 : at - 257])
    frame = data[at : at + 10]
    if frame[:1] != b"," or len(frame) < 10:
        raise ValueError("no picture in it, or cut off")
    left, top, width, height = struct.unpack_from("<xHHHH", frame)
    if (left + width) * (top + height) > _MOST_GIF:
        raise ValueError("a picture that reaches beyond its frame")
    colours = 3 * 2 ** (1 + frame[9] % 8) if frame[9] & 128 else 0
    stop = _gif_blocks(data, at + 11 + colours)
    return Contents(b"".join([*picture, data[at:stop]]), (), tuple(packets)), stop


def _gif_blocks(data: bytes, at: int) -> int:
    """Where blocks end, each with its size before it, of which the last is empty."""
    for _ in range(_MOST_BLOCKS):
        if at >= len(data) or not data[at]:
            return at + 1
        at += 1 + data[at]
    raise ValueError(f"more than {_MOST_BLOCKS:,} blocks")


def _iso(data: bytes, found: re.Match[bytes]) -> Contents:
    """A picture of AVIF or HEIC with a block of EXIF.

    How it's turned is told by boxes (ISO 23008-12, 6.5.10 and 12), which decoders follow. Where
    there are none, the tag in the EXIF counts, as in the viewers of those who write such files.
    """
    from geonb.photos import tiff

    block = data[found.start() :][:_MOST_EXIF]
    meta = next((data[start:stop] for name, start, stop in boxes(data) if name == b"meta"), b"")
    if b"irot" in meta or b"imir" in meta:
        block = tiff.upright(block)
    # Pillow looks for the tag in AVIF's EXIF, and would warn of what is broken in it.
    empty = found[1] + (b"\x08\0\0\0" if found[1] == b"II*\0" else b"\0\0\0\x08") + bytes(6)
    picture = data[: found.start()] + empty + data[found.end() :]
    return Contents(picture if kind(data) == "AVIF" else data, (block,))


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and content of the chunks, whatever the header says that there are."""
    at, stop = 12, min(len(data), 8 + struct.unpack_from("<L", data, 4)[0])
    for _ in range(_MOST_CHUNKS):
        if at + 8 > stop:
            return
        name, size = struct.unpack_from("<4sL", data, at)
        if name in {b"EXIF", b"XMP "} and size <= MOST_METADATA:
            yield name, data[at + 8 : min(at + 8 + size, stop)]
        at += 8 + size + size % 2


def plain(block: bytes) -> bytes:
    """A block of EXIF without its first six bytes, which are JPEG's."""
    return block.removeprefix(_EXIF)
