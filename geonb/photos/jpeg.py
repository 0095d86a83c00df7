"""The segments of a JPEG file: its metadata, its picture, and where that ends."""

import re
from collections.abc import Iterable, Iterator
from itertools import takewhile

from geonb.errors import PhotoError

END, SCAN, APP0, APP1, APP2, APP14 = 0xD9, 0xDA, 0xE0, 0xE1, 0xE2, 0xEE
"""Markers (ITU-T T.81, table B.1)."""
PIXELS = 0
"""Stands for a marker where there's none: before the compressed data of a scan."""
_ALONE = {0x01, *range(0xD0, 0xD9)}
"""Markers without content: they stand in compressed data, or at the start of a file."""
_MARKER = re.compile(rb"\xff+([^\x00\xff])")
"""A marker; fill bytes may come before it."""
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
MOST_EXIF = 1 << 20
"""Bytes of EXIF that are read; a segment has 64 KiB, and some cameras use several."""
_MOST_SEGMENTS = 10_000
"""A colour profile may take 255, a history of edits some hundred."""
EXIF = b"Exif\0\0"
"""The start of an APP1 segment with EXIF."""
XMP = b"http://ns.adobe.com/xap/1.0/\0"
"""The start of an APP1 segment with XMP (XMP specification part 3, 1.1.3)."""
_PICTURE = {PIXELS, 0xCC, 0xDA, 0xDB, 0xDC, 0xDD, *range(0xC0, 0xCC), *range(0xCD, 0xD0)}
"""Frames, tables and scans: what the pixels are decoded from."""
_COLOURS = ((APP0, b"JFIF\0", 12), (APP2, b"ICC_PROFILE\0", 1 << 16), (APP14, b"Adobe\0", 12))
"""Segments that the colours depend on, their first bytes, and the length that is known."""


def walk(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and stop of the content of each segment, in order.

    What stands between segments is skipped, as decoders do. The last is `END`, but in a file that
    is cut off, or in which anything was skipped.
    """
    at, whole = 2 if data[:3] == b"\xff\xd8\xff" else len(data), True
    for _ in range(_MOST_SEGMENTS):
        found = _MARKER.search(data, at)
        if not found:
            return
        whole = whole and found.start() == at
        marker, start = found[1][0], found.end()
        if marker == END:
            if whole:
                yield END, start, start
            return
        if marker in _ALONE:
            at, whole = start, False
            continue
        at = start + int.from_bytes(data[start : start + 2], "big")
        if not start + 2 <= at <= len(data):
            return
        yield marker, start + 2, at
        if marker == SCAN:
            # Compressed data ends at a marker that is neither a stuffed byte nor a restart.
            after = _AFTER_SCAN.search(data, at)
            start, at = at, after.start() if after else len(data)
            yield PIXELS, start, at


def segments(data: bytes) -> list[tuple[int, bytes]]:
    """Marker and content of each segment, in order; after a scan's header its compressed data.

    Data after the end of the picture is left out. Raises `PhotoError` if the file ends early.
    """
    parts = [(marker, data[start:stop]) for marker, start, stop in walk(data)]
    if (END, b"") not in parts:
        raise PhotoError("the JPEG file is cut off or broken")
    return parts[:-1]


def header(data: bytes) -> list[tuple[int, bytes]]:
    """The whole segments before the first scan."""
    before = takewhile(lambda part: part[0] != SCAN, walk(data))
    return [(marker, data[start:stop]) for marker, start, stop in before]


def split(data: bytes) -> tuple[bytes, list[bytes], list[bytes]]:
    """The picture, blocks of EXIF and packets of XMP. Raises `ValueError` without a scan.

    A block of EXIF may go on in the next segment.
    """
    scan = next((start - 4 for marker, start, _ in walk(data) if marker == SCAN), 0)
    if not scan:
        raise ValueError("no picture in the JPEG file")
    parts = header(data)
    blocks: list[bytes] = []
    packets: list[bytes] = []
    for marker, content in parts:
        if marker == APP1 and content.startswith(EXIF):
            block = content[len(EXIF) :]
            if blocks and block[:2] not in {b"II", b"MM"}:
                blocks[-1] = (blocks[-1] + block)[:MOST_EXIF]
            elif len(blocks) < 8:
                blocks.append(block)
        elif marker == APP1 and content.startswith(XMP) and len(packets) < 8:
            packets.append(content[len(XMP) :])
    return join(_needed(parts))[:-2] + data[scan:], blocks, packets


def end(data: bytes) -> int | None:
    """Where the picture ends; other pictures, films, or nothing's may follow. None if it's cut."""
    return next((stop for marker, _, stop in walk(data) if marker == END), None)


def scans(data: bytes) -> int:
    """How many scans the picture has; in a broken file, how many a decoder may find at most."""
    markers = [marker for marker, _, _ in walk(data)]
    return markers.count(SCAN) if END in markers else data.count(bytes((0xFF, SCAN)))


def join(parts: Iterable[tuple[int, bytes]]) -> bytes:
    """The file that these segments make up."""
    file = bytearray(b"\xff\xd8")
    for marker, content in parts:
        if marker != PIXELS:
            file += bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big")
        file += content
    return bytes(file + b"\xff\xd9")


def bare(data: bytes) -> bytes:
    """The picture with its colour profile, and no other metadata."""
    return join(_needed(segments(data)))


def _needed(parts: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """What the picture needs of segments."""
    for marker, content in parts:
        if marker in _PICTURE:
            yield marker, content
        for kind, start, length in _COLOURS:
            if marker == kind and content.startswith(start):
                # JFIF's thumbnail, and whatever follows Adobe's twelve bytes, is not needed.
                yield marker, content[:length] + (b"\0\0" if kind == APP0 else b"")


def with_exif(data: bytes, exif: bytes) -> bytes:
    """The file with ``exif``, which begins with ``Exif``, as its first segment."""
    size = (len(exif) + 2).to_bytes(2, "big")
    return b"\xff\xd8" + bytes((0xFF, APP1)) + size + exif + data[2:]
