"""What the callbacks of a picker print and return, shown below the cell that they are set in."""

from __future__ import annotations

import base64
import contextlib
import io
import sys
import threading
import traceback
from contextvars import ContextVar
from html import escape
from typing import TYPE_CHECKING, Any, TextIO

from geonb.errors import GeonbError
from geonb.shown.pictures import tag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from geonb.photos.photo import Photo

    Bundles = list[dict[str, Any]]

_TAKEN: ContextVar[Bundles | None] = ContextVar("taken", default=None)
"""Where the output of the callback goes that runs in this thread; None outside callbacks."""


class Below:
    """An output of the cell itself, which "Clear outputs" clears.

    The outputs of an ipywidgets.Output are widget state instead: saved with the notebook, with
    the names and places of photos in them, and left there when the outputs are cleared.
    """

    def __init__(self) -> None:
        from IPython.display import DisplayHandle

        self._bundles: Bundles = []
        self._lock = threading.Lock()
        self._output = DisplayHandle()
        self._output.display(_together([]), raw=True)

    def clear(self) -> None:
        """Show nothing."""
        with self._lock:
            self._bundles.clear()
            self._output.update(_together([]), raw=True)

    def add(self, callback: Callable[[Photo], Any], photo: Photo) -> None:
        """Call back, and show what comes of it below what is there."""
        with _taking() as bundles:
            _call(callback, photo)
        with self._lock:
            self._bundles += bundles
            self._output.update(_together(self._bundles), raw=True)


class _Stream(io.TextIOBase):
    """Takes what callbacks print, each in its own thread, and passes everything else on."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        if (bundles := _TAKEN.get()) is None:
            return self.stream.write(text)
        if not (bundles and bundles[-1].get("printed")):
            bundles.append({"printed": True, "text/plain": ""})
        bundles[-1]["text/plain"] += text
        return len(text)

    def flush(self) -> None:
        self.stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


class _Streams:
    """Stands before stdout and stderr while callbacks run, however many at once."""

    def __init__(self) -> None:
        self._lock, self._running = threading.Lock(), 0
        self._stood: dict[str, _Stream] = {}

    def __enter__(self) -> None:
        with self._lock:
            self._running += 1
            for name in ("stdout", "stderr") if self._running == 1 else ():
                self._stood[name] = _Stream(getattr(sys, name))
                setattr(sys, name, self._stood[name])

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._running -= 1
            for name, stream in self._stood.items() if not self._running else ():
                if getattr(sys, name) is stream:  # somebody else's, set since, stays
                    setattr(sys, name, stream.stream)


_STREAMS = _Streams()


@contextlib.contextmanager
def _taking() -> Iterator[Bundles]:
    """Take what this thread prints and displays in this block, and leave the process as it was."""
    bundles: Bundles = []
    token = _TAKEN.set(bundles)
    try:
        with _STREAMS, _displays(bundles):
            yield bundles
    finally:
        _TAKEN.reset(token)
    for bundle in bundles:
        if bundle.pop("printed", False):
            bundle["text/plain"] = bundle["text/plain"].rstrip("\n")


@contextlib.contextmanager
def _displays(bundles: Bundles) -> Iterator[None]:
    """Take what this thread displays; ipykernel's hooks are a thread's own. Elsewhere, nothing."""
    from IPython import get_ipython

    publisher: Any = getattr(get_ipython(), "display_pub", None)
    if not hasattr(publisher, "register_hook"):
        yield
        return

    def take(message: dict[str, Any]) -> dict[str, Any] | None:
        if message["header"]["msg_type"] == "clear_output":
            bundles.clear()
        elif message["header"]["msg_type"] == "display_data":
            bundles.append(message["content"]["data"])
        else:
            return message
        return None

    publisher.register_hook(take)
    try:
        yield
    finally:
        publisher.unregister_hook(take)


def _call(callback: Callable[[Photo], Any], photo: Photo) -> None:
    from IPython.display import display

    try:
        result = callback(photo)
    except GeonbError as error:
        print(f"geonb: {error}")  # noqa: T201 - into the notebook
    except Exception:  # noqa: BLE001 - shown as a cell shows it; nobody else is there to catch it
        traceback.print_exc()
    else:
        if result is not None:
            display(result)


def _together(bundles: Bundles) -> dict[str, Any]:
    """One output: as it is if it is alone (a live map, say), else the HTML of all."""
    if len(bundles) == 1:
        return bundles[0]
    text = "\n".join(str(bundle.get("text/plain", "")) for bundle in bundles)
    return {"text/plain": text, "text/html": "".join(map(_html, bundles))}


def _html(bundle: dict[str, Any]) -> str:
    text = str(bundle.get("text/plain", ""))
    if "text/html" in bundle:
        return "".join(bundle["text/html"])
    if (png := bundle.get("image/png")) is not None:
        return tag(text, png if isinstance(png, bytes) else base64.b64decode(png))
    return f"<pre>{escape(text)}</pre>"
