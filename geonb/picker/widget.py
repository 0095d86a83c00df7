"""The photo picker, and a plain upload button: what is chosen arrives whole, or says why not."""

import base64
import datetime as dt
import threading
import traceback
from abc import abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import replace
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

from geonb.errors import GeonbError, PhotoError, needing
from geonb.photos import sidecars
from geonb.photos.photo import Photo, open_photo
from geonb.picker.transfers import Arrived, Transfers
from geonb.shown.pictures import tag

with needing("the photo picker", "anywidget", "picker"):
    import anywidget
    import traitlets
    from IPython.display import DisplayHandle, display

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
    _chosen = ""
    """The trait that holds what was chosen."""

    _callback: Callable[[Photo], Any] | None = None
    _below: "Below | None" = None

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
                    _call(self._callback, photo)

    @abstractmethod
    def _opened(self, arrived: Arrived) -> tuple[Any, ...]:
        """What the file adds to what was chosen. Raises `PhotoError` if it can't be used."""


class PhotoPicker(_Picker):
    """Choose photos by click, drop, paste or camera; they are in ``photos``.

    XMP sidecars and Google Takeout's JSON that you choose with them tell their places; so do those
    in a folder that you drop. Nothing of a photo is saved with the notebook. JPEGs over 8 MB are
    shrunk to 2,048 pixels in the browser, and keep their EXIF with the place; all else arrives as
    it is. A new choice takes the place of the one before.

    Attributes:
        photos: What was chosen last, in that order; empty at first, and while a new choice travels.
        description: The button's text.
        accept: What the file dialogue offers: kinds and endings, as in HTML.
        multiple: Whether several files can be chosen at once.
        max_bytes: The largest file that is sent; a larger one is refused in the browser, by name.
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
        description, accept, multiple, max_bytes: See `PhotoPicker`.
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


def _call(callback: Callable[[Photo], Any], photo: Photo) -> None:
    """Call back, and show its result or its error as a cell does."""
    try:
        result = callback(photo)
    except GeonbError as error:
        print(f"geonb: {error}")  # noqa: T201 - into the notebook
    except Exception:  # noqa: BLE001 - shown as a cell shows it; nobody else is there to catch it
        traceback.print_exc()
    else:
        if result is not None:
            display(result)


class Below:
    """An output of the cell itself, which "Clear outputs" clears.

    The kernel sends what a callback prints and displays to the browser, as an answer to the
    message that brought the photo. The picker's script sends it back, to be shown here. So
    ``sys.stdout`` stays as it is, whatever else prints at that time. A front end that gives scripts
    no answers shows it in its own way.

    The outputs of an ipywidgets.Output would be widget state: saved with the notebook, with the
    names and places of photos in them, and left there when the outputs are cleared.
    """

    def __init__(self) -> None:
        self._outputs: dict[int, dict[str, Any]] = {}
        self._handle = DisplayHandle()
        self._handle.display(together([]), raw=True)

    def clear(self) -> None:
        """Show nothing."""
        self._outputs.clear()
        self._handle.update(together([]), raw=True)

    def add(self, number: int, output: dict[str, Any]) -> None:
        """Show an output among the others, in the order of their numbers."""
        self._outputs[number] = output
        self._handle.update(together(o for _, o in sorted(self._outputs.items())), raw=True)


def together(outputs: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """One output of all: as it is if it's alone (a live map, say), else their HTML.

    Each has what was printed as ``text``, or what was displayed as ``data`` (Jupyter's messages).
    """
    bundles: list[dict[str, Any]] = []
    for printed, some in groupby(outputs, lambda output: "text" in output):
        if printed:
            text = "".join(output["text"] for output in some)
            bundles.append({"text/plain": text.rstrip("\n")})
        else:
            bundles += [output["data"] for output in some]
    if len(bundles) == 1:
        return bundles[0]
    text = "\n".join(str(bundle.get("text/plain", "")) for bundle in bundles)
    return {"text/plain": text, "text/html": "".join(map(_html, bundles))}


def _html(bundle: dict[str, Any]) -> str:
    text = str(bundle.get("text/plain", ""))
    if "text/html" in bundle:
        return "".join(bundle["text/html"])
    if png := bundle.get("image/png"):
        return tag(text, base64.b64decode(png))
    return f"<pre>{escape(text)}</pre>"
