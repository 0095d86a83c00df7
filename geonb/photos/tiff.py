"""The directories of TIFF: EXIF, raw photos and TIFF pictures keep their facts in them."""

import struct
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

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

    block: bytes
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
        return self.block[self.start : self.start + self.count * self.size]

    @property
    def numbers(self) -> list[float]:
        """The first values as numbers, at most 256; 0/0 is NaN. Text is none."""
        step = FORMATS[self.kind]
        data = self.block[self.start : self.start + min(self.count, 256) * self.size]
        whole = data[: len(data) // self.size * self.size] if step != "s" else b""
        return [
            _fraction(*value) for value in struct.iter_unpack(order_of(self.block) + step, whole)
        ]

    @property
    def text(self) -> str:
        """The value as text, at most 1,000 characters."""
        data = self.block[self.start : self.start + min(self.count, 1000)]
        return data.partition(b"\0")[0].decode("utf-8", "replace").strip()


def _fraction(number: float, divisor: float = 1) -> float:
    return number / divisor if divisor else float("nan")


def order_of(block: bytes) -> str:
    """``<`` or ``>``, how the bytes of numbers are ordered. Raises `ValueError` for no TIFF."""
    order = ORDERS.get(block[:4])
    if not order or len(block) < 16:
        raise ValueError("no block of TIFF, or cut off")
    return order


def directory(block: bytes, at: float = 0) -> dict[int, Tag]:
    """The tags of the directory at a position, or of the first; none if it lies beyond the end.

    BigTIFF's numbers have eight bytes where those of TIFF have four, and two. Raises `ValueError`.
    """
    tags: dict[int, Tag] = {}
    big = b"+" in block[:4]
    head, entry, width = ("Q", "HHQQ", 8) if big else ("H", "HHLL", 4)
    at = int(at) or number(block, entry[-1], width)
    start, step = at + struct.calcsize("<" + head), 4 + 2 * width
    rows = block[start : start + step * min(number(block, head, at), _MOST_TAGS)]
    whole = struct.iter_unpack(order_of(block) + entry, rows[: len(rows) // step * step])
    for i, (tag, kind, count, offset) in enumerate(whole):
        if kind in FORMATS and tag not in tags:
            found = Tag(block, kind, count, start + step * i + 4 + width)
            inline = count * found.size <= width
            tags[tag] = found if inline else Tag(block, kind, count, offset)
    return tags


def number(block: bytes, kind: str, at: int) -> int:
    """The number at a position; 0 beyond the end. Raises `ValueError` if the block isn't TIFF."""
    size = struct.calcsize("<" + kind)
    data = block[at : at + size].ljust(size, b"\0")
    return int(struct.unpack(order_of(block) + kind, data)[0])


def turn(blocks: Iterable[bytes]) -> int:
    """1 to 8, how blocks of EXIF say that the picture is turned; the first counts. 0: none says."""
    for block in blocks:
        with suppress(ValueError):
            tag = directory(block).get(ORIENTATION)
            if tag and tag.numbers[:1] and tag.numbers[0] in range(1, 9):
                return int(tag.numbers[0])
    return 0


def upright(block: bytes) -> bytes:
    """The block of EXIF with an orientation that says upright, and all else as it is."""
    with suppress(ValueError):
        tag = directory(block).get(ORIENTATION)
        if tag and tag.kind == 3:
            one = struct.pack(order_of(block) + "H", 1)
            return block[: tag.start] + one + block[tag.start + 2 :]
    return block
