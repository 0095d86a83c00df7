"""The directories of TIFF: EXIF, raw photos and TIFF pictures keep their facts in them."""

from __future__ import annotations

import math
import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ORIENTATION, ARTIST, SUBDIRECTORIES, XMP, EXIF, GPS = 274, 315, 330, 700, 34665, 34853
"""Tags (TIFF 6.0, section 8; Exif 3.0, 4.6)."""
_MAX_TILE = 50_000_000
"""Pixels of a tile at most: a decoder takes memory for one."""
_MOST_SAMPLES = 6
"""Pillow decodes no more, and says so in the log."""
_TILE_WIDTH, _TILE_HEIGHT, _SAMPLES = 322, 323, 277
_FORMATS = ["_", "B", "s", "H", "L", "LL", "b", "s", "h", "l", "ll", "f", "d", "L"]
"""How a value of each type is unpacked (TIFF 6.0, section 2); 5 and 10 are fractions."""
_PICTURE = {
    *range(256, 260), 262, 266, 273, 277, 278, 279, 284, 292, 293, 317, 320, *range(322, 326), 332,
    338, 339, 347, *range(512, 522), *range(529, 533), 34675,
}  # fmt: skip
"""The tags that a picture is decoded from, the colour profile (34675) among them."""
_LISTS = {258, 273, 279, 320, 324, 325, 338, 339, 347, *range(519, 522), *range(529, 533), 34675}
"""Those of them that may hold more than one value."""
_NO_INTEGERS = {347, 529, 532, 34675}
"""Tables of JPEG, coefficients of colours, the profile."""
ORDERS = {b"II*\0": "<", b"MM\0*": ">", b"MM*\0": ">", b"II\0*": "<"}
"""How the bytes of numbers are ordered; the two last starts are odd software's."""


@dataclass(frozen=True)
class Tag:
    """One entry of a directory: its type, the number of its values, and where they lie."""

    tiff: Tiff
    kind: int
    count: int
    start: int

    @property
    def size(self) -> int:
        """Bytes of each value."""
        return struct.calcsize("<" + _FORMATS[self.kind])

    @property
    def data(self) -> bytes:
        """The values as they are stored; shorter if the file ends before."""
        return self.tiff.data[self.start : self.start + self.count * self.size]

    @property
    def numbers(self) -> list[float]:
        """The first values as numbers, at most 256; 0/0 is NaN. Text is none."""
        step = _FORMATS[self.kind]
        data = self.tiff.data[self.start : self.start + min(self.count, 256) * self.size]
        whole = data[: len(data) // self.size * self.size] if step != "s" else b""
        return [_fraction(*value) for value in struct.iter_unpack(self.tiff.order + step, whole)]

    @property
    def text(self) -> str:
        """The value as text, at most 1,000 characters."""
        data = self.tiff.data[self.start : self.start + min(self.count, 1000)]
        return data.partition(b"\0")[0].decode("utf-8", "replace").strip()


def _fraction(number: float, divisor: float = 1) -> float:
    return number / divisor if divisor else float("nan")


@dataclass(frozen=True)
class Tiff:
    """A block of TIFF: its bytes, their order (``<`` or ``>``), and where a directory is first."""

    data: bytes
    order: str
    first: int

    def directory(self, at: float) -> dict[int, Tag]:
        """The tags of the directory at a position; none if it lies beyond the end."""
        tags: dict[int, Tag] = {}
        start = int(at) + 2
        rows = self.data[start : start + 12 * self._number("H", int(at))]
        whole = struct.iter_unpack(self.order + "HHLL", rows[: len(rows) // 12 * 12])
        for i, (tag, kind, count, offset) in enumerate(whole):
            if 0 < kind < len(_FORMATS) and tag not in tags:
                found = Tag(self, kind, count, start + 12 * i + 8)
                inline = count * found.size <= 4
                tags[tag] = found if inline else Tag(self, kind, count, offset)
        return tags

    def directories(self) -> Iterator[dict[int, Tag]]:
        """The first directory, those that follow it, and their subdirectories; at most 64."""
        waiting, seen = [self.first], set[int]()
        while waiting and len(seen) < 64:
            at = waiting.pop(0)
            if at > 0 and at not in seen:
                seen.add(at)
                tags = self.directory(at)
                yield tags
                if SUBDIRECTORIES in tags:
                    waiting += map(int, filter(math.isfinite, tags[SUBDIRECTORIES].numbers[:64]))
                waiting.append(self._number("L", at + 2 + 12 * self._number("H", at)))

    def _number(self, kind: str, at: int) -> int:
        """The number at a position; 0 beyond the end."""
        size = struct.calcsize("<" + kind)
        data = self.data[at : at + size].ljust(size, b"\0")
        return int(struct.unpack(self.order + kind, data)[0])

    def picture(self) -> bytes:
        """The file with a directory that holds nothing but the first picture.

        A decoder then meets no other pages, places or notes, which may be broken or endless.
        Raises `ValueError` if one of the picture's tags can't be.
        """
        tags = self.directory(self.first)
        sides = [tags[side].numbers[:1] for side in (_TILE_WIDTH, _TILE_HEIGHT) if side in tags]
        if math.prod(side for values in sides for side in values) > _MAX_TILE:
            raise ValueError("tiles that are larger than any picture")
        if _SAMPLES in tags and max(tags[_SAMPLES].numbers, default=0) > _MOST_SAMPLES:
            raise ValueError("more samples in a pixel than in any picture")
        kept = {tag: tags[tag] for tag in sorted(_PICTURE & tags.keys()) if tags[tag].count}
        if sum(found.count * found.size for found in kept.values()) > len(self.data):
            raise ValueError("tags that are larger than the file")
        rows = b"".join(self._row(tag, found) for tag, found in kept.items())
        at = len(self.data) + len(self.data) % 2
        head = (b"II*\0" if self.order == "<" else b"MM\0*") + struct.pack(self.order + "L", at)
        count = struct.pack(self.order + "H", len(kept))
        return head + self.data[8:].ljust(at - 8, b"\0") + count + rows + bytes(4)

    def _row(self, tag: int, found: Tag) -> bytes:
        """An entry of the picture's directory. Raises `ValueError`."""
        data = found.data
        if len(data) < found.count * found.size:
            raise ValueError(f"tag {tag} lies beyond the end of the file")
        if _FORMATS[found.kind] in {"s", "LL", "ll", "f", "d"} and tag not in _NO_INTEGERS:
            raise ValueError(f"tag {tag} is no whole number")
        count = found.count if tag in _LISTS else 1
        data = data[: count * found.size]
        where = struct.pack(self.order + "L", found.start)
        stored = data.ljust(4, b"\0") if len(data) <= 4 else where
        return struct.pack(self.order + "HHL", tag, found.kind, count) + stored


def read(data: bytes) -> Tiff:
    """The block that begins with the data. Raises `ValueError` if none does."""
    order = ORDERS.get(data[:4])
    if not order or len(data) < 16:
        raise ValueError("no block of TIFF, or cut off")
    return Tiff(data, order, struct.unpack_from(order + "L", data, 4)[0])


def turn(blocks: Iterable[bytes]) -> int:
    """1 to 8, how blocks of EXIF say that the picture is turned; the first counts. 0: none says."""
    for data in blocks:
        with suppress(ValueError):
            block = read(data)
            tag = block.directory(block.first).get(ORIENTATION)
            if tag and tag.numbers[:1] and tag.numbers[0] in range(1, 9):
                return int(tag.numbers[0])
    return 0


def upright(data: bytes) -> bytes:
    """The block of EXIF with an orientation that says upright, and all else as it is."""
    with suppress(ValueError):
        block = read(data)
        tag = block.directory(block.first).get(ORIENTATION)
        if tag and tag.kind == 3:
            one = struct.pack(block.order + "H", 1)
            return data[: tag.start] + one + data[tag.start + 2 :]
    return data
