"""The directories of TIFF: EXIF, raw photos and TIFF pictures keep their facts in them."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_TILE = 50_000_000
"""Pixels of a tile at most."""
ORIENTATION = 274
IMAGE_WIDTH, IMAGE_HEIGHT, TILE_WIDTH, TILE_HEIGHT = 256, 257, 322, 323
_FORMATS = {
    1: "B", 2: "s", 3: "H", 4: "L", 5: "LL", 6: "b", 7: "s", 8: "h", 9: "l", 10: "ll",
    11: "f", 12: "d", 13: "L", 16: "Q", 17: "q", 18: "Q",
}  # fmt: skip
"""How a value of each type is unpacked (TIFF 6.0, section 2, and BigTIFF); 5, 10: fractions."""
_PICTURE = {
    *range(IMAGE_WIDTH, 260), 262, 266, 273, 277, 278, 279, 284, 292, 293, 317, 320,
    *range(TILE_WIDTH, 326), 332, 338, 339, 347, *range(512, 522), *range(529, 533), 34675,
}  # fmt: skip
"""The tags that a picture is decoded from, the colour profile (34675) among them."""
_LISTS = {258, 273, 279, 320, 324, 325, 338, 339, 347, *range(519, 522), *range(529, 533), 34675}
"""Those of them that may hold more than one value."""
_MOST_SAMPLES = 6
"""Pillow decodes no more, and says so in the log."""
_NO_INTEGERS = {347, 529, 532, 34675}
"""Tables of JPEG, coefficients of colours, the profile."""


@dataclass(frozen=True)
class Tag:
    """One entry of a directory: its type, the number of its values, and where they lie."""

    tiff: Tiff
    kind: int
    count: int
    start: int

    @property
    def data(self) -> bytes:
        """The values as they are stored; shorter if the file ends before."""
        return self.tiff.data[self.start : self.start + self.count * self.size]

    @property
    def numbers(self) -> list[float]:
        """The first values as numbers, at most 256; 0/0 is NaN."""
        step = _FORMATS[self.kind]
        if step == "s":
            return []
        count = min(self.count, 256, (len(self.tiff.data) - self.start) // self.size)
        end = self.start + max(count, 0) * self.size
        values = struct.iter_unpack(self.tiff.order + step, self.tiff.data[self.start : end])
        return [_fraction(*value) for value in values]

    @property
    def text(self) -> str:
        """The value as text, at most 1,000 characters."""
        data = self.tiff.data[self.start : self.start + min(self.count, 1000)]
        return data.partition(b"\0")[0].decode("utf-8", "replace").strip()

    @property
    def size(self) -> int:
        """Bytes of each value."""
        return struct.calcsize("<" + _FORMATS[self.kind])


def _fraction(number: float, divisor: float = 1) -> float:
    return number / divisor if divisor else float("nan")


@dataclass(frozen=True)
class Tiff:
    """A block of TIFF: its bytes, byte order (``<`` or ``>``), width, and first directory."""

    data: bytes
    order: str
    big: bool
    first: int

    def directory(self, at: float) -> dict[int, Tag]:
        """The tags of the directory at a position; none if it lies beyond the end."""
        head, entry, inline = ("Q", "HHQ8s", 8) if self.big else ("H", "HHL4s", 4)
        tags: dict[int, Tag] = {}
        start = int(at) + struct.calcsize("<" + head)
        if not 0 < start <= len(self.data):
            return tags
        (count,) = struct.unpack_from(self.order + head, self.data, int(at))
        size = struct.calcsize("<" + entry)
        for position in range(start, start + min(count, 65535) * size, size):
            if position + size > len(self.data):
                break
            tag, kind, values, _ = struct.unpack_from(self.order + entry, self.data, position)
            if kind in _FORMATS and tag not in tags:
                found = Tag(self, kind, values, position + size - inline)
                if values * found.size > inline:
                    (offset,) = struct.unpack_from(self._offset, self.data, found.start)
                    found = Tag(self, kind, values, offset)
                tags[tag] = found
        return tags

    def directories(self) -> Iterator[dict[int, Tag]]:
        """The first directory, those that follow it, and their subdirectories; at most 64."""
        waiting, seen = [self.first], set[int]()
        while waiting and len(seen) < 64:
            at = waiting.pop(0)
            if at in seen:
                continue
            seen.add(at)
            tags = self.directory(at)
            yield tags
            if 330 in tags:
                waiting += [int(start) for start in tags[330].numbers[:64]]
            if (following := self._following(at)) > 0:
                waiting.append(following)

    def _following(self, at: int) -> int:
        """Where the next directory begins; 0 if there is none."""
        head, entry = ("Q", 20) if self.big else ("H", 12)
        try:
            (count,) = struct.unpack_from(self.order + head, self.data, at)
            end = at + struct.calcsize("<" + head) + count * entry
            return int(struct.unpack_from(self._offset, self.data, end)[0])
        except struct.error:
            return 0

    @property
    def _offset(self) -> str:
        return self.order + ("Q" if self.big else "L")

    def picture(self) -> bytes:
        """The file with a directory that holds nothing but the first picture.

        A decoder then meets no other pages, places or notes, which may be broken or endless.
        Raises `ValueError` if one of the picture's tags lies beyond the file's end, or if its
        tiles, of which a decoder takes memory for one, are larger than any picture.
        """
        tags = self.directory(self.first)
        sides = [tags[side].numbers[:1] for side in (TILE_WIDTH, TILE_HEIGHT) if side in tags]
        if math.prod(side for values in sides for side in values) > MAX_TILE:
            raise ValueError("tiles that are larger than any picture")
        if 277 in tags and max(tags[277].numbers, default=0) > _MOST_SAMPLES:
            raise ValueError("more samples in a pixel than in any picture")
        kept = {tag: tags[tag] for tag in sorted(_PICTURE & tags.keys()) if tags[tag].count}
        if sum(found.count * found.size for found in kept.values()) > len(self.data):
            raise ValueError("tags that are larger than the file")
        entries = [self._entry(tag, found) for tag, found in kept.items()]
        head, entry = ("Q", "HHQ8s") if self.big else ("H", "HHL4s")
        body = b"".join(struct.pack(self.order + entry, *values) for values in entries)
        start = 8 if self.big else 4
        data = self.data + b"\0" * (len(self.data) % 2)
        return b"".join(
            (
                _HEADERS[self.order, self.big],
                struct.pack(self._offset, len(data)),
                data[2 * start :],
                struct.pack(self.order + head, len(entries)),
                body,
                struct.pack(self._offset, 0),
            )
        )

    def _entry(self, tag: int, found: Tag) -> tuple[int, int, int, bytes]:
        data = found.data
        if len(data) < found.count * found.size:
            raise ValueError(f"tag {tag} lies beyond the end of the file")
        if _FORMATS[found.kind] in {"s", "LL", "ll", "f", "d"} and tag not in _NO_INTEGERS:
            raise ValueError(f"tag {tag} is no whole number")
        if tag not in _LISTS:
            data = data[: found.size]
        if len(data) > (8 if self.big else 4):
            return tag, found.kind, found.count, struct.pack(self._offset, found.start)
        return tag, found.kind, len(data) // found.size, data


_HEADERS = {
    ("<", False): b"II*\0", (">", False): b"MM\0*",
    ("<", True): b"II+\0\x08\0\0\0", (">", True): b"MM\0+\0\x08\0\0",
}  # fmt: skip
_STARTS = {
    **{start[:4]: key for key, start in _HEADERS.items()},
    b"MM*\0": (">", False),
    b"II\0*": ("<", False),
}
"""The two last are written by odd software, and read by Pillow."""


def read(data: bytes) -> Tiff:
    """The block that begins with the data. Raises `ValueError` if none does."""
    order, big = _STARTS.get(data[:4], ("", False))
    if not order or len(data) < 16:
        raise ValueError("no block of TIFF, or cut off")
    (first,) = struct.unpack_from(order + ("Q" if big else "L"), data, 8 if big else 4)
    return Tiff(data, order, big, first)


def upright(data: bytes) -> bytes:
    """The block of EXIF with an orientation that says upright, and all else as it is."""
    try:
        block = read(data)
    except ValueError:
        return data
    turn = block.directory(block.first).get(ORIENTATION)
    if not turn or turn.kind != 3:
        return data
    one = struct.pack(block.order + "H", 1)
    return data[: turn.start] + one + data[turn.start + 2 :]
