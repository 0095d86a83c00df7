"""Raw photos, by the JPEG that cameras put into them: DNG, CR2, CR3, NEF, ARW, RAF, others."""

import math
import struct
from collections.abc import Iterator

from geonb.errors import PhotoError
from geonb.photos import containers, jpeg, tiff

LEAST = 800
"""Pixels of a preview's longer side at least: less is a thumbnail, and shows too little."""
_RAF = b"FUJIFILMCCD-RAW "
_CR3_FACTS = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
_CR3_PREVIEW = bytes.fromhex("eaf42b5e1c984b88b9fbb7dc406e4d16")
_SUBDIRECTORIES = 330
_SENSOR = {32803, 34892}
"""Photometric interpretations of what a sensor saw (DNG 1.7, chapter 4)."""


def is_raw(data: bytes) -> bool:
    """Whether this is a raw photo: a picture that a decoder of TIFF sees a thumbnail of."""
    if data.startswith(_RAF) or data[4:12] == b"ftypcrx ":
        return True
    if data[:4] not in tiff.ORDERS or len(data) < 16:
        return False
    if data[8:10] == b"CR":
        return True
    top = tiff.directory(data)
    small = 254 in top and top[254].numbers[:1] == [1] and _SUBDIRECTORIES in top
    sees = (tags[262].numbers for tags in _directories(data) if 262 in tags)
    return 50706 in top or small or any(set(values) & _SENSOR for values in sees)


def preview(name: str, data: bytes) -> tuple[bytes, list[bytes], list[bytes]]:
    """The largest preview, with the raw photo's metadata: its EXIF, or else the preview's own.

    Raises `PhotoError` if it has none of `LEAST` pixels.
    """
    found = max(_jpegs(data), key=_longer_side, default=b"")
    if _longer_side(found) < LEAST:
        raise PhotoError(
            f"{name}: a raw photo without a preview of {LEAST} pixels; "
            "develop it with a raw converter, and save it as JPEG"
        )
    picture, blocks, packets = jpeg.split(found)
    return picture, list(_blocks(data)) or blocks, packets


def _directories(data: bytes) -> Iterator[dict[int, tiff.Tag]]:
    """The first directory, those that follow it, and their subdirectories; at most 64."""
    waiting, seen = [tiff.number(data, "L", 4)], set[int]()
    while waiting and len(seen) < 64:
        at = waiting.pop(0)
        if at > 0 and at not in seen:
            seen.add(at)
            tags = tiff.directory(data, at)
            yield tags
            if _SUBDIRECTORIES in tags:
                waiting += map(int, filter(math.isfinite, tags[_SUBDIRECTORIES].numbers[:64]))
            waiting.append(tiff.number(data, "L", at + 2 + 12 * tiff.number(data, "H", at)))


def _jpegs(data: bytes) -> Iterator[bytes]:
    """The JPEG files inside."""
    if data.startswith(_RAF):
        start, size = struct.unpack_from(">LL", data, 84)
        yield data[start : start + size]
    elif data[4:8] == b"ftyp":
        at = data.find(b"PRVW", data.find(_CR3_PREVIEW)) + 16
        (size,) = struct.unpack_from(">L", data, at)
        yield data[at + 4 : at + 4 + size]
    else:
        for tags in _directories(data):
            for first, length in ((513, 514), (273, 279)):
                if first in tags and length in tags:
                    places = tags[first].numbers, tags[length].numbers
                    if list(map(len, places)) == [1, 1] and math.isfinite(sum(map(sum, places))):
                        yield data[int(places[0][0]) : int(sum(map(sum, places)))]


def _longer_side(data: bytes) -> int:
    """Of a JPEG that decoders know; 0 for anything else, such as the lossless one of sensors."""
    for marker, content in jpeg.header(data):
        if marker in {0xC0, 0xC1, 0xC2} and len(content) > 5:
            return max(struct.unpack_from(">HH", content, 1))
    return 0


def _blocks(data: bytes) -> Iterator[bytes]:
    """The raw photo's own EXIF: the file itself, or in CR3 three blocks in a box of their own."""
    if data[:4] in tiff.ORDERS:
        yield data
    elif (at := data.find(_CR3_FACTS)) > 0:
        yield from (containers.iso_box(data, name, at) for name in (b"CMT1", b"CMT2", b"CMT4"))
