"""The parts of picture files other than JPEG."""

from __future__ import annotations

import re
import struct
import zlib
from typing import TYPE_CHECKING, Literal, TypeAlias

from geonb.photos import tiff
from geonb.photos.jpeg import EXIF, XMP

if TYPE_CHECKING:
    from collections.abc import Iterator

_ORDER: dict[bytes, Literal["little", "big"]] = {b"II": "little", b"MM": "big"}
_MOST_METADATA = 4_000_000
"""Bytes of a packet or a profile that are read; what is larger is left out."""
_MOST_PROFILE = 1 << 20
"""Bytes; Pillow refuses a picture with more."""
_MOST_EXIF = 1 << 20
_MOST_GIF = 50_000_000
"""Pixels."""
_MOST_BLOCKS = 1_000_000
"""Of GIF's, which hold 255 bytes each."""
_MOST_CHUNKS = 100_000
"""Of PNG and WebP; a picture of 50 million pixels takes some thousand."""
_PNG_PICTURE = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
"""The chunks that the pixels are decoded from (PNG specification, section 11)."""
_TIFF_BLOCK = re.compile(rb"(II\*\0|MM\0\*)(?:..\0\0|\0\0..).{6}", re.DOTALL)
"""A block of EXIF whose first directory is not far."""


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
            block = tiff.read(data)
            packet = block.directory(block.first).get(tiff.XMP)
            return block.picture(), [data], [packet.data[:_MOST_METADATA]] if packet else []
        case "BIGTIFF" if int.from_bytes(data[8:16], _ORDER[data[:2]]) + 28 > len(data):
            raise ValueError("cut off")
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
            profiles.append(_inflated(content.partition(b"\0")[2][1:]) or b"")
        elif name in {b"zTXt", b"tEXt", b"iTXt"} and len(blocks) + len(packets) < 8:
            key, _, rest = content.partition(b"\0")
            if key == b"XML:com.adobe.xmp":
                packets.append(_png_text(name, rest))
            elif key.startswith(b"Raw profile type "):
                found = _raw_profile(_png_text(name, rest))
                is_xmp = found.startswith(XMP) or key.endswith(b"xmp")
                (packets if is_xmp else blocks).append(found.removeprefix(XMP).removeprefix(EXIF))
    if profiles and len(profiles[0]) < _MOST_PROFILE:  # packed anew, for Pillow bears no mistakes
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
    return (_inflated(text) or b"") if packed else text[:_MOST_METADATA]


def _raw_profile(text: bytes) -> bytes:
    """ImageMagick's form: the profile's name, its length, and its bytes as digits, in lines."""
    found = re.match(rb"\s*[^\n]+\s+\d+\s+((?:[0-9a-fA-F]{2}|\s)*)", text)
    return bytes.fromhex(found[1].decode()) if found else b""


def _inflated(data: bytes) -> bytes | None:
    """What was compressed, or None if that's broken, or larger than `_MOST_METADATA`."""
    unpacking = zlib.decompressobj()
    try:
        found = unpacking.decompress(data, _MOST_METADATA)
    except zlib.error:
        return None
    return None if unpacking.unconsumed_tail else found


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
    """The first picture, and the XMP before it. Raises `ValueError` if it is cut off or broken.

    XMP isn't in blocks as all else; the 256 bytes after it lead who thinks so to its end (XMP
    specification part 3, 1.1.2).
    """
    if len(data) < 13:
        raise ValueError("cut off")
    at = 13 + _gif_colours(data[10])
    picture, packets = [data[:at]], []
    for _ in range(_MOST_CHUNKS):
        if data[at : at + 1] not in {b"!", b"\0"}:  # no extension: the picture, with a comma
            break
        start, at = at, _gif_end(data, at + 2 if data[at] else at)
        if data[start + 1 : start + 2] == b"\xf9":  # which colour is transparent
            picture.append(data[start:at])
        elif data[start + 3 : start + 14] == b"XMP DataXMP":
            packets.append(data[start + 14 : at - 257])
    frame = data[at : at + 10]
    if frame[:1] != b"," or len(frame) < 10:
        raise ValueError("no picture in it, or cut off")
    left, top, width, height = struct.unpack_from("<xHHHH", frame)
    if (left + width) * (top + height) > _MOST_GIF:
        raise ValueError("a picture that reaches beyond its frame")
    picture.append(data[at : _gif_end(data, at + 11 + _gif_colours(frame[9]))])
    return b"".join(picture), [], packets


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


def _iso(kind: str, data: bytes) -> Parts:
    """A picture of AVIF or HEIC, with a block of EXIF; only their decoders find other metadata.

    How it's turned is told by boxes (ISO 23008-12, 6.5.10 and 12), which decoders follow. Where
    there are none, the tag in the EXIF counts, as in the viewers of those who write such files.
    """
    found = _TIFF_BLOCK.search(data)
    if not found:
        return data, [], []
    block = data[found.start() :][:_MOST_EXIF]
    meta = next((data[start:stop] for name, start, stop in boxes(data) if name == b"meta"), b"")
    if b"irot" in meta or b"imir" in meta:
        block = tiff.upright(block)
    if kind == "AVIF":
        # Pillow looks for the tag in AVIF's EXIF, and would warn of what is broken in it.
        empty = found[1] + (b"\x08\0\0\0" if found[1] == b"II*\0" else b"\0\0\0\x08") + bytes(6)
        data = data[: found.start()] + empty + data[found.end() :]
    return data, [block], []


def boxes(data: bytes, start: int = 0) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and stop of the boxes of ISO media files (ISO 14496-12): HEIC, AVIF, CR3."""
    at = start
    for _ in range(10_000):
        if at + 8 > len(data):
            return
        size, name = struct.unpack_from(">L4s", data, at)
        inner = at + 8
        if size == 1 and at + 16 <= len(data):
            (size,) = struct.unpack_from(">Q", data, inner)
            inner = at + 16
        size = size or len(data) - at
        if at + size > len(data) or inner > at + size:
            return
        yield name, inner, at + size
        at += size
