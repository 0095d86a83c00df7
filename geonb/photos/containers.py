"""The parts of picture files other than JPEG, and what a file is that is no picture."""

import math
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import TypeAlias

from geonb.photos import tiff
from geonb.photos.jpeg import EXIF, MOST_EXIF, XMP
from geonb.photos.tiff import Tag

_MOST_METADATA = 4_000_000
"""Bytes of a packet or a profile that are read; what is larger is left out."""
_MOST_PROFILE = 1 << 20
"""Bytes; Pillow refuses a picture with more."""
_MOST_GIF = 50_000_000
"""Pixels."""
_MOST_BLOCKS = 1_000_000
"""Of GIF's, which hold 255 bytes each."""
_MOST_CHUNKS = 100_000
"""Of PNG and WebP; a picture of 50 million pixels takes some thousand."""
_PNG_PICTURE = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
"""The chunks that the pixels are decoded from (PNG specification, section 11)."""
_RAW_PROFILE = rb"\s*[^\n]+\s+\d+\s+((?:[0-9a-fA-F]{2}|\s)*)"
_TIFF_ONE = {
    256, 257, 259, 262, 266, 277, 278, 284, 292, 293, 317, 322, 323, 332, *range(512, 519),
}  # fmt: skip
_TIFF_SOME = {*(258, 273, 279, 320, 324, 325, 338, 339), *range(519, 522), 530, 531}
_TIFF_OTHERS = {347, 529, 532, 34675}
"""The tags that a picture is decoded from: those of one whole number, those of some, and those
of anything else: tables of JPEG, coefficients of colours, the profile."""
_TIFF_PICTURE = _TIFF_ONE | _TIFF_SOME | _TIFF_OTHERS
_MOST_TILE = 50_000_000
"""Pixels of a tile: a decoder takes memory for one."""
_MOST_SAMPLES = 6
"""Pillow decodes no more, and says so in the log."""
_TIFF_BLOCK = re.compile(rb"(II\*\0|MM\0\*)(?:..\0\0|\0\0..).{6}", re.DOTALL)
"""A block of EXIF whose first directory is not far."""
_FILM = "a film, a sound, or a rare format of pictures; save a picture of it as JPEG"
_OTHERS = {
    b"<svg": "an SVG drawing; save it as PNG",
    b"<": "a web page or other text with tags",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a zip archive or an office document",
    b"\xff\x0a": "JPEG XL; save it as JPEG (djxl a.jxl a.jpg)",
    b"\0\0\0\x0cJXL ": "JPEG XL; save it as JPEG (djxl a.jxl a.jpg)",
    b"\0\0\0\x0cjP": "JPEG 2000; save it as JPEG",
    b"8BPS": "a Photoshop file; export it as JPEG",
    b"II": "a raw photo of a rare kind; develop it with a raw converter, and save it as JPEG",
    b"\0\0\0\0": "zeros",
    b"RIFF": _FILM,
    b"\x1aE\xdf\xa3": _FILM,
}
"""First bytes of what people mistake for a picture, to say what it is instead."""


Parts: TypeAlias = "tuple[bytes, list[bytes], list[bytes]]"
"""The picture for a decoder of its kind, blocks of EXIF, packets of XMP."""


def split(kind: str, data: bytes) -> Parts:
    """The parts of a file. Raises `ValueError` or `struct.error` if it is broken."""
    match kind:
        case "PNG":
            return _png(data)
        case "WEBP":
            return _webp(data)
        case "GIF":
            return _gif(data)
        case "AVIF" | "HEIF":
            return _iso(kind, data)
        case "TIFF":
            return _tiff(data)
        case "BIGTIFF" if tiff.number(data, "Q", 8) + 28 > len(data):
            raise ValueError("cut off")
        case "BIGTIFF":
            return data, [tiff.upright(data)], []  # for Pillow turns it itself
    return data, [], []


def _png(data: bytes) -> Parts:
    """The picture's chunks, and the metadata in the others. Raises `ValueError`."""
    picture, profiles = [data[:8]], list[bytes]()
    blocks: list[bytes] = []
    packets: list[bytes] = []
    for name, content, chunk in _png_chunks(data):
        if name in _PNG_PICTURE:
            picture.append(chunk)
        elif name == b"eXIf":
            blocks.append(content.removeprefix(EXIF))
        elif name == b"iCCP" and not profiles:
            profiles.append(_inflated(content.partition(b"\0")[2][1:]))
        elif name in {b"zTXt", b"tEXt", b"iTXt"} and len(blocks) + len(packets) < 8:
            key, _, rest = content.partition(b"\0")
            if key == b"XML:com.adobe.xmp":
                packets.append(_png_text(name, rest))
            elif key.startswith(b"Raw profile type "):
                # ImageMagick's: its name, its length, and its bytes as digits, in lines.
                found = re.match(_RAW_PROFILE, _png_text(name, rest))
                profile = bytes.fromhex(found[1].decode()) if found else b""
                is_xmp = profile.startswith(XMP) or key.endswith(b"xmp")
                (packets if is_xmp else blocks).append(profile.removeprefix(XMP).removeprefix(EXIF))
    if profiles and 0 < len(profiles[0]) < _MOST_PROFILE:
        # Packed anew, because Pillow refuses a profile with mistakes.
        body = b"iCCPprofile\0\0" + zlib.compress(profiles[0])
        sums = struct.pack(">L", len(body) - 4), struct.pack(">L", zlib.crc32(body))
        picture.insert(2, sums[0] + body + sums[1])
    return b"".join(picture), blocks, packets


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Name and content of the chunks, and the chunks themselves, with length and checksum."""
    at = 8
    for _ in range(_MOST_CHUNKS):
        if at + 12 > len(data):
            return
        size, name = struct.unpack_from(">L4s", data, at)
        chunk = data[at : at + 12 + size]
        yield name, chunk[8 : 8 + size], chunk
        at += 12 + size
        if name == b"IEND":
            return
    raise ValueError(f"more than {_MOST_CHUNKS:,} chunks")


def _png_text(name: bytes, rest: bytes) -> bytes:
    """The text of a chunk after its keyword (PNG specification, section 11.3.4)."""
    if name == b"tEXt":
        return rest[:_MOST_METADATA]
    packed = name == b"zTXt" or rest[:1] == b"\1"
    text = rest[1:] if name == b"zTXt" else rest[2:].split(b"\0", 2)[-1]  # after two languages
    return _inflated(text) if packed else text[:_MOST_METADATA]


def _inflated(data: bytes) -> bytes:
    """What was compressed; empty if that's broken, or larger than `_MOST_METADATA`."""
    unpacking = zlib.decompressobj()
    with suppress(zlib.error):
        found = unpacking.decompress(data, _MOST_METADATA)
        return b"" if unpacking.unconsumed_tail else found
    return b""


def _webp(data: bytes) -> Parts:
    """The file, and the metadata in it, also where the header denies it."""
    blocks: list[bytes] = []
    packets: list[bytes] = []
    at, stop = 12, min(len(data), 8 + struct.unpack_from("<L", data, 4)[0])
    for _ in range(_MOST_CHUNKS):
        if at + 8 > stop:
            break
        name, size = struct.unpack_from("<4sL", data, at)
        content = data[at + 8 : min(at + 8 + size, stop)]
        if name in {b"EXIF", b"XMP "} and size <= _MOST_METADATA:
            (blocks if name == b"EXIF" else packets).append(content.removeprefix(EXIF))
        at += 8 + size + size % 2
    return data, blocks, packets


def _gif(data: bytes) -> Parts:
    """The first picture, without what isn't needed for it. Raises `ValueError`."""
    if len(data) < 13:
        raise ValueError("cut off")
    at = 13 + _gif_colours(data[10])
    picture = [data[:at]]
    for _ in range(_MOST_CHUNKS):
        if data[at : at + 1] not in {b"!", b"\0"}:  # no extension: the picture, with a comma
            break
        start, at = at, _gif_end(data, at + 2 if data[at] else at)
        if data[start + 1 : start + 2] == b"\xf9":  # which colour is transparent
            picture.append(data[start:at])
    frame = data[at : at + 10]
    if frame[:1] != b"," or len(frame) < 10:
        raise ValueError("no picture in it, or cut off")
    left, top, width, height = struct.unpack_from("<xHHHH", frame)
    if (left + width) * (top + height) > _MOST_GIF:
        raise ValueError("a picture that reaches beyond its frame")
    picture.append(data[at : _gif_end(data, at + 11 + _gif_colours(frame[9]))])
    return b"".join(picture), [], []


def _gif_colours(flags: int) -> int:
    """Bytes of the list of colours that follows."""
    return 3 * 2 ** (1 + flags % 8) if flags & 128 else 0


def _gif_end(data: bytes, at: int) -> int:
    """Where blocks end, each with its size before it, of which the last is empty."""
    for _ in range(_MOST_BLOCKS):
        if at >= len(data) or not data[at]:
            return at + 1
        at += 1 + data[at]
    raise ValueError(f"more than {_MOST_BLOCKS:,} blocks")


def _tiff(data: bytes) -> Parts:
    """The file with a directory that holds nothing but the first picture, and the file.

    A decoder then meets no other pages, places or notes, which may be broken or endless.
    Raises `ValueError` if one of the picture's tags can't be.
    """
    tags, order = tiff.directory(data), tiff.order_of(data)
    kept = {tag: tags[tag] for tag in sorted(tags) if tag in _TIFF_PICTURE and tags[tag].count}
    sides = [kept[side].numbers[:1] for side in (322, 323) if side in kept]
    if math.prod(side for values in sides for side in values) > _MOST_TILE:
        raise ValueError("tiles that are larger than any picture")
    if 277 in kept and max(kept[277].numbers, default=0) > _MOST_SAMPLES:
        raise ValueError("more samples in a pixel than in any picture")
    if sum(found.count * found.size for found in kept.values()) > len(data):
        raise ValueError("tags that are larger than the file")
    rows = b"".join(_tiff_row(tag, found) for tag, found in kept.items())
    at = len(data) + len(data) % 2
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "L", at)
    count = struct.pack(order + "H", len(kept))
    picture = b"".join((head, memoryview(data)[8:], bytes(at - len(data)), count, rows, bytes(4)))
    packet = tags.get(tiff.XMP)
    return picture, [data], [packet.data[:_MOST_METADATA]] if packet else []


def _tiff_row(tag: int, found: Tag) -> bytes:
    """An entry of the picture's directory. Raises `ValueError`."""
    data, order = found.data, tiff.order_of(found.block)
    if len(data) < found.count * found.size:
        raise ValueError(f"tag {tag} lies beyond the end of the file")
    if tiff.FORMATS[found.kind] not in "BHLbhl" and tag not in _TIFF_OTHERS:
        raise ValueError(f"tag {tag} is no whole number")
    count = 1 if tag in _TIFF_ONE else found.count
    data = data[: count * found.size]
    stored = data.ljust(4, b"\0") if len(data) <= 4 else struct.pack(order + "L", found.start)
    return struct.pack(order + "HHL", tag, found.kind, count) + stored


def _iso(kind: str, data: bytes) -> Parts:
    """A picture of AVIF or HEIC, with a block of EXIF; only their decoders find other metadata.

    How it's turned is told by boxes (ISO 23008-12, 6.5.10 and 12), which decoders follow. Where
    there are none, the tag in the EXIF counts, as in the viewers of those who write such files.
    """
    found = _TIFF_BLOCK.search(data)
    if not found:
        return data, [], []
    block = data[found.start() :][:MOST_EXIF]
    meta = iso_box(data, b"meta")
    if b"irot" in meta or b"imir" in meta:
        block = tiff.upright(block)
    if kind == "AVIF":
        # Pillow looks for the tag in AVIF's EXIF, and would warn of what is broken in it.
        empty = found[1] + (b"\x08\0\0\0" if found[1] == b"II*\0" else b"\0\0\0\x08") + bytes(6)
        data = data[: found.start()] + empty + data[found.end() :]
    return data, [block], []


def iso_box(data: bytes, name: bytes, start: int = 0) -> bytes:
    """The content of the first box of a name (ISO 14496-12: HEIC, AVIF, CR3); empty without one."""
    at = data.find(name, start)
    return data[at + 4 : at - 4 + int.from_bytes(data[at - 4 : at], "big")] if at >= 4 else b""


def other_kind(data: bytes) -> str:
    """What a file is that is no picture, with what to do."""
    text = data[:1000].lstrip()
    if data[4:8] == b"ftyp":
        return _FILM
    found = (kind for start, kind in _OTHERS.items() if text.startswith(start))
    return next(found, "not a picture that geonb can read")
