"""The segments of a JPEG file, to change the metadata without touching the picture."""

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
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
EXIF = b"Exif\0\0"
"""The start of an APP1 segment with EXIF."""
_PICTURE = {0xCC, 0xDA, 0xDB, 0xDC, 0xDD, *range(0xC0, 0xCC), *range(0xCD, 0xD0)}
"""Frames, tables and scans: what the pixels are decoded from."""
_COLOURS = ((APP0, b"JFIF\0", 12), (APP2, b"ICC_PROFILE\0", 1 << 16), (APP14, b"Adobe\0", 12))
"""Segments that the colours depend on, their first bytes, and the length that is known."""


def segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and content of each segment, in order; a scan includes its compressed data.

    Data after the end of the picture is left out. Raises `PhotoError` if the file ends early.
    """
    if data[:2] != b"\xff\xd8":
        raise PhotoError("this is not a JPEG file")
    at = 2
    while True:
        marker, at = _marker(data, at)
        if marker == END:
            return
        if marker in _ALONE:  # out of place, and a decoder would read on behind it
            raise PhotoError("the JPEG file is broken")
        stop = at + int.from_bytes(data[at : at + 2], "big")
        if stop < at + 2 or stop > len(data):
            raise PhotoError("the JPEG file is cut off")
        content = data[at + 2 : stop]
        at = _scan_end(data, stop) if marker == SCAN else stop
        yield marker, content + data[stop:at]


def _marker(data: bytes, at: int) -> tuple[int, int]:
    """The marker that begins at ``at``, and where it ends; fill bytes may come before it."""
    while data[at : at + 2] == b"\xff\xff":
        at += 1
    if data[at : at + 1] != b"\xff" or len(data) < at + 2:
        raise PhotoError("the JPEG file is cut off or broken")
    return data[at + 1], at + 2


def _scan_end(data: bytes, at: int) -> int:
    """Where compressed data ends: at a marker that is neither a stuffed byte nor a restart."""
    end = _AFTER_SCAN.search(data, at)
    if not end:
        raise PhotoError("the JPEG file is cut off")
    return end.start()


def scans(data: bytes) -> int:
    """How many scans the picture has; in a broken file, how many a decoder may find at most."""
    try:
        return sum(marker == SCAN for marker, _ in segments(data))
    except PhotoError:
        return data.count(bytes((0xFF, SCAN)))


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
    try:
        for marker, content in segments(head):
            if marker == APP1 and content.startswith(EXIF):
                return content
    except PhotoError:  # the rest of the file is not here
        pass
    return b""
