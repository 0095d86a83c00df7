"""The photo picker, and a plain upload button: what is chosen arrives whole, or says why not."""

import datetime as dt
import threading
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from geonb.errors import PhotoError, needing
from geonb.photos import sidecars
from geonb.photos.photo import Photo, open_photo
from geonb.picker.below import Below, call
from geonb.picker.transfers import Arrived, Transfers

with needing("the photo picker", "anywidget", "picker"):
    import anywidget
    import traitlets

_HERE = Path(__file__).parent


class _Picker(anywidget.AnyWidget):
    """What the picker and the upload button share: a browser part, and files in messages."""

    _esm = _HERE / "widget.js"
    _css = _HERE / "widget.css"
    _plain = traitlets.Bool(default_value=False).tag(sync=True)
    description = traitlets.Unicode("Choose photos…").tag(sync=True)
    accept = traitlets.Unicode("image/*,.heic,.heif,.avif,.tif,.tiff,.xmp,.json").tag(sync=True)
    multiple = traitlets.Bool(default_value=True).tag(sync=True)
    max_bytes = traitlets.Int(50_000_000).tag(sync=True)
    shrink_over = traitlets.Int(8_000_000).tag(sync=True)
    max_side = traitlets.Int(2048).tag(sync=True)
    _chosen = ""
    """The trait that holds what was chosen."""

    _callback: Callable[[Photo], Any] | None = None
    _below: Below | None = None

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self._sidecars: dict[str, bytes] = {}
        self._transfers = Transfers(self.max_bytes)
        self._lock = threading.Lock()  # messages come on two threads
        self.on_msg(self.receive)

    def receive(self, _: Any, message: dict[str, Any], buffers: list[Any]) -> None:
        """Take what the browser sends, and tell it what became of each file."""
        try:
            with self._lock:
                self._transfers.max_bytes = self.max_bytes
                if self._transfers.renew(message):
                    setattr(self, self._chosen, ())
                    self._sidecars = {}
                    if self._below:
                        self._below.clear()
                if self._below and message.get("type") == "output":
                    if message["choice"] == self._transfers.choice:
                        self._below.add(message["number"], message["content"])
                    return
                arrived = self._transfers.take(message, buffers)
                if arrived is None:
                    return
                kept = self._opened(arrived)
                setattr(self, self._chosen, (*getattr(self, self._chosen), *kept))
        except PhotoError as error:
            self.send({"type": "refused", "id": message.get("id"), "text": str(error)})
        else:
            self.send({"type": "here", "id": arrived.id})
            for photo in kept:
                if self._callback:
                    call(self._callback, photo)

    @abstractmethod
    def _opened(self, arrived: Arrived) -> tuple[Any, ...]:
        """What the file adds to what was chosen. Raises `PhotoError` if it can't be used."""


class PhotoPicker(_Picker):
    """Choose photos by click, drop, paste or camera; they are in ``photos``.

    XMP sidecars and Google Takeout's JSON that you choose with them tell their places. Nothing of a
    photo is saved with the notebook. JPEGs over ``shrink_over`` bytes are shrunk in
    the browser, and keep their EXIF with the place; everything else arrives as it is. A new
    choice takes the place of the one before.

    Attributes:
        photos: What was chosen last, in that order; empty at first, and while a new choice travels.
        description: The button's text.
        accept: What the file dialogue offers: kinds and endings, as in HTML.
        multiple: Whether several files can be chosen at once.
        max_bytes: The largest file that is sent; a larger one is refused in the browser, by name.
        shrink_over: JPEGs beyond this many bytes are shrunk in the browser.
        max_side: Pixels on the longer side of a shrunk photo.
    """

    photos: tuple[Photo, ...] = traitlets.Tuple()
    _chosen = "photos"

    def on_photo(self, callback: Callable[[Photo], Any]) -> Callable[[Photo], Any]:
        """Call ``callback(photo)`` for each photo as it arrives; also as a decorator.

        It takes the place of the callback before. What it returns or prints appears below the
        cell that this is called in; a new choice clears it. Errors of geonb are shown there as one
        line.
        """
        self._callback, self._below = callback, Below()
        return callback

    def _opened(self, arrived: Arrived) -> tuple[Photo, ...]:
        if arrived.name.casefold().endswith(sidecars.ENDINGS):
            size = sum(map(len, [arrived.content, *self._sidecars.values()]))
            if size > sidecars.MOST_BYTES:
                raise PhotoError(f"over {sidecars.MOST_BYTES:,} bytes of sidecars; choose fewer")
            self._sidecars[arrived.name] = arrived.content
            return ()
        photo = open_photo({"name": arrived.name, "content": arrived.content})
        photo = replace(photo, sidecars=self._sidecars)
        photo.image(64)  # pixels: decoded so small, to see whether it can be
        return (photo,)


class FileUpload(_Picker):
    """ipywidgets' upload button without its trap: files over 10 MiB arrive too.

    There, such a file is lost without a word, and the value keeps the file before it. Here a
    file travels in parts, one over ``max_bytes`` is refused in the browser, and a new choice
    clears the value first. Nothing is saved with the notebook.

    Attributes:
        value: As of ipywidgets 8: dicts with name, type, size, content (memoryview), last_modified.
        description, accept, multiple, max_bytes, shrink_over, max_side: See `PhotoPicker`.
    """

    value: tuple[dict[str, Any], ...] = traitlets.Tuple()
    _chosen = "value"

    def __init__(self, **traits: Any) -> None:
        defaults = {"description": "Upload", "multiple": False, "accept": "", "_plain": True}
        super().__init__(**{**defaults, **traits})

    def _opened(self, arrived: Arrived) -> tuple[dict[str, Any], ...]:
        modified = dt.datetime.fromtimestamp(arrived.modified / 1000, dt.UTC)
        content = memoryview(arrived.content)
        about = {"name": arrived.name, "type": arrived.mime, "size": len(content)}
        return ({**about, "content": content, "last_modified": modified},)
