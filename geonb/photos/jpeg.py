"""The segments of a JPEG file, to change what lies around the picture and not the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geonb.errors import PhotoError

if TYPE_CHECKING:
    from collections.abc import Iterator

END, SCAN, APP0, APP1, APP2, APP14, COMMENT = 0xD9, 0xDA, 0xE0, 0xE1, 0xE2, 0xEE, 0xFE
"""Markers (ITU-T T.81, table B.1)."""
EXIF = b"Exif\0\0"
"""What an APP1 segment with EXIF begins with."""
_PROFILE = b"ICC_PROFILE\0"
_KEPT = {(APP0, b"JFIF"), (APP2, _PROFILE), (APP14, b"Adobe")}
"""Segments that the colours of the picture depend on."""


def segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and content of each segment, in order; a scan comes with its compressed data.

    What follows the end of the picture is left out. Raises `PhotoError` where the file ends early.
    """
    if data[:2] != b"\xff\xd8":
        raise PhotoError("this is not a JPEG file")
    at = 2
    while True:
        marker, at = _marker(data, at)
        if marker == END:
            return
        stop = at + int.from_bytes(data[at : at + 2], "big")
        if stop < at + 2 or stop > len(data):
            raise PhotoError("the JPEG file is cut off")
        content = data[at + 2 : stop]
        at = _scan_end(data, stop) if marker == SCAN else stop
        yield marker, content + data[stop:at]


def _marker(data: bytes, at: int) -> tuple[int, int]:
    """The marker that begins at ``at``, and where it ends; fill bytes may lie before it."""
    while data[at : at + 2] == b"\xff\xff":
        at += 1
    if data[at : at + 1] != b"\xff" or len(data) < at + 2:
        raise PhotoError("the JPEG file is cut off or broken")
    return data[at + 1], at + 2


def _scan_end(data: bytes, at: int) -> int:
    """Where compressed data ends: at a marker that is no stuffed byte and no restart."""
    while (at := data.find(b"\xff", at)) >= 0 and at + 1 < len(data):
        if data[at + 1] != 0xFF and data[at + 1] != 0 and not 0xD0 <= data[at + 1] <= 0xD7:
            return at
        at += 1 if data[at + 1] == 0xFF else 2
    raise PhotoError("the JPEG file is cut off")


def join(parts: list[tuple[int, bytes]]) -> bytes:
    """The file that is made of these segments."""
    file = bytearray(b"\xff\xd8")
    for marker, content in parts:
        # A scan's length is that of its header, which tells the number of its components first.
        size = 2 * content[0] + 4 if marker == SCAN else len(content)
        file += bytes((0xFF, marker)) + (size + 2).to_bytes(2, "big") + content
    return bytes(file + b"\xff\xd9")


def bare(data: bytes) -> bytes:
    """The picture with its colour profile, and nothing that was written beside it."""
    return join([part for part in segments(data) if _is_picture(*part)])


def _is_picture(marker: int, content: bytes) -> bool:
    beside = APP0 <= marker <= 0xEF or marker == COMMENT
    return not beside or any(marker == m and content.startswith(start) for m, start in _KEPT)


def with_exif(data: bytes, exif: bytes) -> bytes:
    """The file with an EXIF segment of this content, which begins with ``Exif``, at its head."""
    size = (len(exif) + 2).to_bytes(2, "big")
    return b"\xff\xd8" + bytes((0xFF, APP1)) + size + exif + data[2:]


def exif(head: bytes) -> bytes:
    """The EXIF block of a file of which only the head is there; empty where it has none."""
    try:
        for marker, content in segments(head):
            if marker == APP1 and content.startswith(EXIF):
                return content
    except PhotoError:  # the head ends where it ends
        pass
    return b""
