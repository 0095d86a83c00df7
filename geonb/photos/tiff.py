"""The directories of TIFF: EXIF, raw photos and TIFF pictures keep their facts in them."""

from __future__ import annotations

import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ORIENTATION, ARTIST, XMP, EXIF, GPS = 274, 315, 700, 34665, 34853
"""Tags (TIFF 6.0, section 8; Exif 3.0, 4.6)."""
FORMATS = {
    1: "B", 2: "s", 3: "H", 4: "L", 5: "LL", 6: "b", 7: "s", 8: "h", 9: "l", 10: "ll", 11: "f",
    12: "d", 13: "L", 16: "Q", 17: "q", 18: "Q",
}  # fmt: skip
"""How a value of each type is unpacked (TIFF 6.0, section 2); 5 and 10 are fractions."""
ORDERS = {
    b"II*\0": "<", b"MM\0*": ">", b"MM*\0": ">", b"II\0*": "<", b"II+\0": "<", b"MM\0+": ">",
}  # fmt: skip
"""How the bytes of numbers are ordered; two are odd software's, the last two BigTIFF's."""
_MOST_TAGS = 65_535


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
        return struct.calcsize("<" + FORMATS[self.kind])

    @property
    def data(self) -> bytes:
        """The values as they are stored; shorter if the file ends before."""
        return self.tiff.data[self.start : self.start + self.count * self.size]

    @property
    def numbers(self) -> list[float]:
        """The first values as numbers, at most 256; 0/0 is NaN. Text is none."""
        step = FORMATS[self.kind]
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
    """A block of TIFF: its bytes, their order (``<`` or ``>``), and where a directory is first.

    BigTIFF's numbers have eight bytes where those of TIFF have four, and two.
    """

    data: bytes
    order: str
    big: bool
    first: int

    def directory(self, at: float) -> dict[int, Tag]:
        """The tags of the directory at a position; none if it lies beyond the end."""
        tags: dict[int, Tag] = {}
        head, entry, width = ("Q", "HHQQ", 8) if self.big else ("H", "HHLL", 4)
        start, step = int(at) + struct.calcsize("<" + head), 4 + 2 * width
        rows = self.data[start : start + step * min(self.number(head, int(at)), _MOST_TAGS)]
        whole = struct.iter_unpack(self.order + entry, rows[: len(rows) // step * step])
        for i, (tag, kind, count, offset) in enumerate(whole):
            if kind in FORMATS and tag not in tags:
                found = Tag(self, kind, count, start + step * i + 4 + width)
                inline = count * found.size <= width
                tags[tag] = found if inline else Tag(self, kind, count, offset)
        return tags

    def number(self, kind: str, at: int) -> int:
        """The number at a position; 0 beyond the end."""
        size = struct.calcsize("<" + kind)
        data = self.data[at : at + size].ljust(size, b"\0")
        return int(struct.unpack(self.order + kind, data)[0])


def read(data: bytes) -> Tiff:
    """The block that begins with the data. Raises `ValueError` if none does."""
    order = ORDERS.get(data[:4])
    if not order or len(data) < 16:
        raise ValueError("no block of TIFF, or cut off")
    big = b"+" in data[:4]
    return Tiff(data, order, big, struct.unpack_from(order + ("8xQ" if big else "4xL"), data)[0])


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
