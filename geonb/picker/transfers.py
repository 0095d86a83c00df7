"""Files that travel from the browser to the kernel in parts, each small enough to arrive."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from geonb.errors import PhotoError
from geonb.photos import jpeg
from geonb.photos.metadata import upright

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
    about: Mapping[str, Any] | None = None
    head: bytes = b""
    parts: dict[int, bytes] = field(default_factory=dict)


class Transfers:
    """The files that are on their way, all of one choice.

    Messages may overtake each other: Jupyter hands some to the main thread, which may be busy,
    and some to a thread of the widgets'. So each tells its choice (a number that grows), file and
    part.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.choice = 0
        self._files: dict[str, _Travelling] = {}

    def renew(self, choice: int) -> bool:
        """Forget all files where ``choice`` is later than theirs; say whether it is."""
        later = choice > self.choice
        if later:
            self.choice = choice
            self._files.clear()
        return later

    def take(self, message: Mapping[str, Any], buffers: Sequence[Any]) -> Arrived | None:
        """Take one message; give the file that it completes. Raises `PhotoError`."""
        kind, name = message.get("type"), str(message.get("id"))
        if message.get("choice") != self.choice or kind not in {"start", "part"}:
            return None
        file = self._files.setdefault(name, _Travelling())
        if kind == "start":
            file.about, file.head = message, bytes(buffers[0])
        else:
            file.parts[int(message["index"])] = bytes(buffers[0])
        if sum(map(len, file.parts.values())) > self.max_bytes:
            file.parts.clear()
            raise PhotoError(f"larger than {self.max_bytes:,} bytes; choose a smaller file")
        about = file.about
        if about is None or len(file.parts) != int(about["parts"]):
            return None
        del self._files[name]
        data = b"".join(part for _, part in sorted(file.parts.items()))
        content = with_exif_of(file.head, data)
        return Arrived(name, about["name"], about["mime"], int(about["modified"]), content)


def with_exif_of(head: bytes, data: bytes) -> bytes:
    """A JPEG that was drawn upright, with the EXIF of the file that began with ``head``."""
    block = jpeg.exif(head)
    if not block:
        return data
    return jpeg.with_exif(data, jpeg.EXIF + upright(block.removeprefix(jpeg.EXIF)))
