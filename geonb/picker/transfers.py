"""Files that travel from the browser to the kernel in parts, each small enough to arrive."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from geonb.errors import PhotoError
from geonb.photos import jpeg
from geonb.photos.tiff import upright


class Arrived(NamedTuple):
    """A file that is here."""

    id: str
    """What the browser calls the transfer."""
    name: str
    mime: str
    """Its kind, as the browser says; may be empty."""
    modified: int
    """Milliseconds since 1970, as the browser says."""
    content: bytes


class Transfers:
    """The files that are on their way, all of one choice.

    Messages may overtake each other: Jupyter hands some to the main thread, which may be busy,
    and some to a thread of the widgets'. So each tells its choice (a number that grows), file and
    part.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.choice = 0
        self._starts: dict[str, tuple[Mapping[str, Any], bytes]] = {}
        self._parts: dict[str, dict[int, bytes]] = {}

    def renew(self, message: Mapping[str, Any]) -> bool:
        """Forget all files where the message's choice is later than theirs; say whether it is.

        Raises `PhotoError` for a choice of a day that is to come: no other would be later.
        """
        tomorrow = time.time() + 86_400  # so far the clocks of browser and kernel may differ
        choice = whole(message, "choice", round(1000 * tomorrow))
        later = choice > self.choice
        if later:
            self.choice = choice
            self._starts.clear()
            self._parts.clear()
        return later

    def take(self, message: Mapping[str, Any], buffers: Sequence[Any]) -> Arrived | None:
        """Take one message; give the file that it completes. Raises `PhotoError`."""
        kind, name = message.get("type"), str(message.get("id"))
        if message.get("choice") != self.choice or kind not in {"start", "part"}:
            return None
        parts = self._parts.setdefault(name, {})
        if kind == "start":
            self._starts[name] = message, bytes(buffers[0])
        else:
            parts[whole(message, "index", self.max_bytes)] = bytes(buffers[0])
        if sum(map(len, parts.values())) > self.max_bytes:
            parts.clear()
            raise PhotoError(f"larger than {self.max_bytes:,} bytes; choose a smaller file")
        if name not in self._starts:
            return None
        about, head = self._starts[name]
        if len(parts) != whole(about, "parts", self.max_bytes):
            return None
        del self._parts[name], self._starts[name]
        content = with_exif_of(head, b"".join(part for _, part in sorted(parts.items())))
        modified = whole(about, "modified", 253_402_300_799_000)  # the end of the year 9999
        return Arrived(name, str(about["name"]), str(about["mime"]), modified, content)


def whole(message: Mapping[str, Any], key: str, most: int) -> int:
    """A number that the page sent: whole, 0 or more. Raises `PhotoError` for another."""
    number = message.get(key, 0)
    if type(number) is int and 0 <= number <= most:
        return number
    raise PhotoError(
        f"the page sent {key}={number!r:.40}, expected 0 to {most}; if the clocks of this browser "
        "and of the kernel are right, reload the page"
    )


def with_exif_of(head: bytes, data: bytes) -> bytes:
    """A JPEG that was drawn upright, with the EXIF of the file that began with ``head``."""
    for marker, content in jpeg.header(head):
        if marker == jpeg.APP1 and content.startswith(jpeg.EXIF):
            block = upright(content.removeprefix(jpeg.EXIF))
            return jpeg.with_exif(data, jpeg.EXIF + block)
    return data
