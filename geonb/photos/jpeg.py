"""The segments of a JPEG file: its metadata, its picture, and where that ends."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from geonb.errors import PhotoError

if TYPE_CHECKING:
    from collections.abc import Iterator

END, SCAN, APP0, APP1, APP2, APP14 = 0xD9, 0xDA, 0xE0, 0xE1, 0xE2, 0xEE
"""Markers (ITU-T T.81, table B.1)."""
_ALONE = {0x01, *range(0xD0, 0xD9)}
"""Markers without content: they stand in compressed data, or at the start of a file."""
_MARKER = re.compile(rb"\xff+([^\x00\xff])")
"""A marker; fill bytes may come before it."""
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_MOST_EXIF = 1 << 20
"""Bytes of EXIF that are read; a segment has 64 KiB, and some cameras use several."""
_MOST_SEGMENTS = 10_000
"""A colour profile may take 255, a history of edits some hundred."""
EXIF = b"Exif\0\0"
"""The start of an APP1 segment with EXIF."""
XMP = b"http://ns.adobe.com/xap/1.0/\0"
"""The start of an APP1 segment with XMP (XMP specification part 3, 1.1.3)."""
_PICTURE = {0xCC, 0xDA, 0xDB, 0xDC, 0xDD, *range(0xC0, 0xCC), *range(0xCD, 0xD0)}
"""Frames, tables and scans: what the pixels are decoded from."""
_COLOURS = ((APP0, b"JFIF\0", 12), (APP2, b"ICC_PROFILE\0", 1 << 16), (APP14, b"Adobe\0", 12))
"""Segments that the colours depend on, their first bytes, and the length that is known."""


def segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and content of each segment, in order; a scan includes its compressed data.

    Data after the end of the picture is left out. Raises `PhotoError` if the file ends early.
    """
    parts, end = _walk(data)
    if end is None:
        raise PhotoError("the JPEG file is cut off or broken")
    for marker, start, stop in parts:
        yield marker, data[start:stop]


def _walk(data: bytes) -> tuple[list[tuple[int, int, int]], int | None]:
    """Marker, start and stop of each whole segment's content, and where the picture ends.

    The end is None in a file that is cut off, or in which anything stands between segments.
    """
    parts: list[tuple[int, int, int]] = []
    at = 2 if data[:2] == b"\xff\xd8" else len(data)
    while len(parts) < _MOST_SEGMENTS and (found := _MARKER.match(data, at)):
        marker, at = found[1][0], found.end()
        if marker == END:
            return parts, at
        start, at = at + 2, at + int.from_bytes(data[at : at + 2], "big")
        if marker in _ALONE or not start <= at <= len(data):
            break  # a marker that is out of place: a decoder would read on behind it
        if marker == SCAN:
            # Compressed data ends at a marker that is neither a stuffed byte nor a restart.
            after = _AFTER_SCAN.search(data, at)
            if not after:
                break
            at = after.start()
        parts.append((marker, start, at))
    return parts, None


def header(data: bytes) -> tuple[list[tuple[int, bytes]], int]:
    """The whole segments before the first scan, and where that begins; 0 if there's none.

    What stands between segments is skipped, as decoders do.
    """
    parts: list[tuple[int, bytes]] = []
    at = 2 if data[:2] == b"\xff\xd8" else len(data)
    while len(parts) < _MOST_SEGMENTS and (found := _MARKER.search(data, at)):
        marker, at = found[1][0], found.end()
        if marker in {SCAN, END}:
            return parts, at - 2
        if marker not in _ALONE:
            stop = at + int.from_bytes(data[at : at + 2], "big")
            if not at + 2 <= stop <= len(data):
                break
            parts.append((marker, data[at + 2 : stop]))
            at = stop
    return parts, 0


def facts(parts: list[tuple[int, bytes]]) -> tuple[list[bytes], list[bytes]]:
    """The blocks of EXIF, and the packets of XMP. A block may go on in the next segment."""
    blocks: list[bytes] = []
    packets: list[bytes] = []
    for marker, content in parts:
        if marker == APP1 and content.startswith(EXIF):
            block = content[len(EXIF) :]
            if blocks and block[:2] not in {b"II", b"MM"}:
                blocks[-1] = (blocks[-1] + block)[:_MOST_EXIF]
            elif len(blocks) < 8:
                blocks.append(block)
        elif marker == APP1 and content.startswith(XMP) and len(packets) < 8:
            packets.append(content[len(XMP) :])
    return blocks, packets


def picture(data: bytes) -> bytes:
    """The file without metadata: what a decoder needs. Raises `ValueError` without a scan."""
    parts, at = header(data)
    if not at:
        raise ValueError("no picture in the JPEG file")
    kept = join([part for found in parts if (part := _needed(*found))])
    return kept[:-2] + data[at:]


def end(data: bytes) -> int | None:
    """Where the picture ends; other pictures, films, or nothing's may follow. None if it's cut."""
    return _walk(data)[1]


def ended(data: bytes) -> bytes:
    """A file that is cut off, up to its last whole segment or piece of a scan, with an end."""
    parts, _ = _walk(data)
    stop = parts[-1][2] if parts else 2
    found = _MARKER.match(data, stop)
    in_scan = found and found[1][0] == SCAN
    return (data if in_scan else data[:stop]) + bytes((0xFF, END))


def scans(data: bytes) -> int:
    """How many scans the picture has; in a broken file, how many a decoder may find at most."""
    parts, stop = _walk(data)
    if stop is None:
        return data.count(bytes((0xFF, SCAN)))
    return sum(marker == SCAN for marker, _, _ in parts)


def join(parts: list[tuple[int, bytes]]) -> bytes:
    """The file that these segments make up."""
    file = bytearray(b"\xff\xd8")
    for marker, content in parts:
        # A scan's length counts its header only, which starts with the number of components.
        size = 2 * content[0] + 4 if marker == SCAN else len(content)
        file += bytes((0xFF, marker)) + (size + 2).to_bytes(2, "big") + content
    return bytes(file + b"\xff\xd9")


def bare(data: bytes) -> bytes:
    """The picture with its colour profile, and no other metadata."""
    return join([part for found in segments(data) if (part := _needed(*found))])


def _needed(marker: int, content: bytes) -> tuple[int, bytes] | None:
    """What the picture needs of a segment; None if it needs nothing."""
    if marker in _PICTURE:
        return marker, content
    for kind, start, length in _COLOURS:
        if marker == kind and content.startswith(start):
            # JFIF's thumbnail, and whatever follows Adobe's twelve bytes, is not needed.
            return marker, content[:length] + (b"\0\0" if kind == APP0 else b"")
    return None


def with_exif(data: bytes, exif: bytes) -> bytes:
    """The file with ``exif``, which begins with ``Exif``, as its first segment."""
    size = (len(exif) + 2).to_bytes(2, "big")
    return b"\xff\xd8" + bytes((0xFF, APP1)) + size + exif + data[2:]


def exif(head: bytes) -> bytes:
    """The EXIF block in the first part of a file; empty if there is none."""
    parts, _ = header(head)
    found = (part for marker, part in parts if marker == APP1 and part.startswith(EXIF))
    return next(found, b"")
