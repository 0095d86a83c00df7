"""Files that travel from the browser to the kernel in parts, each small enough to arrive."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from PIL import ExifTags, Image

from geonb import jpeg
from geonb.decoding import BROKEN
from geonb.errors import PhotoError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class Arrived:
    """A file that is here."""

    id: str
    """What the browser calls the transfer."""
    name: str
    """The file's name."""
    mime: str
    """Its kind, as the browser says; may be empty."""
    modified: int
    """Milliseconds since 1970, as the browser says."""
    content: bytes
    """The whole file."""


@dataclass
class _Travelling:
    about: Mapping[str, Any]
    head: bytes
    parts: list[bytes] = field(default_factory=list)


class Transfers:
    """The files that are on their way."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._files: dict[str, _Travelling] = {}

    def clear(self) -> None:
        """Forget all files; parts of them that still come are left alone."""
        self._files.clear()

    def take(self, message: Mapping[str, Any], buffers: Sequence[Any]) -> Arrived | None:
        """Take one message; give the file that it completes. Raises `PhotoError`."""
        name = str(message.get("id"))
        if message.get("type") == "start":
            self._files[name] = _Travelling(message, bytes(buffers[0]))
        elif message.get("type") == "part" and name in self._files:
            return self._part(name, bytes(buffers[0]))
        return None

    def _part(self, name: str, part: bytes) -> Arrived | None:
        file = self._files[name]
        file.parts.append(part)
        if sum(map(len, file.parts)) > self._max_bytes:
            del self._files[name]
            raise PhotoError(f"{file.about['name']}: larger than {self._max_bytes:,} bytes")
        if len(file.parts) < int(file.about["parts"]):
            return None
        del self._files[name]
        content = with_exif_of(file.head, b"".join(file.parts))
        about = file.about
        return Arrived(name, about["name"], about["mime"], int(about["modified"]), content)


def with_exif_of(head: bytes, data: bytes) -> bytes:
    """A JPEG that was drawn upright, with the EXIF of the file that began with ``head``."""
    block = jpeg.exif(head)
    if not block:
        return data
    exif = Image.Exif()
    try:
        exif.load(block)
        exif[ExifTags.Base.Orientation] = 1
        return jpeg.with_exif(data, exif.tobytes())
    except (*BROKEN, PhotoError):  # a photo without its EXIF is better than none
        return data
