"""What the callbacks of a picker print and return, shown below the cell that they are set in."""

from __future__ import annotations

import base64
import io
import sys
import threading
import traceback
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from html import escape
from typing import TYPE_CHECKING, Any, TextIO

from geonb.errors import GeonbError
from geonb.shown.pictures import tag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from geonb.photos.photo import Photo

_ONE_AT_A_TIME = threading.RLock()


class Below:
    """An output of the cell itself, which "Clear outputs" clears.

    The outputs of an ipywidgets.Output are widget state instead: saved with the notebook, with
    the names and places of photos in them, and left there when the outputs are cleared.
    """

    def __init__(self) -> None:
        from IPython.display import DisplayHandle

        self._bundles: list[dict[str, Any]] = []
        self._output = DisplayHandle()
        self._output.display(together([]), raw=True)

    def clear(self) -> None:
        """Show nothing."""
        with _ONE_AT_A_TIME:
            self._bundles.clear()
            self._output.update(together([]), raw=True)

    def add(self, callback: Callable[[Photo], Any], photo: Photo) -> None:
        """Call back, and show what comes of it below what is there."""
        printed = _Printed(sys.stdout), _Printed(sys.stderr)
        with _ONE_AT_A_TIME, _displays_taken() as bundles:
            with redirect_stdout(printed[0]), redirect_stderr(printed[1]):
                _call(callback, photo)
            if text := "".join(stream.text.getvalue() for stream in printed):
                self._bundles.append({"text/plain": text.rstrip("\n")})
            self._bundles += bundles
        self._output.update(together(self._bundles), raw=True)


class _Printed(io.TextIOBase):
    """Takes what this thread prints; what other cells print goes on to the stream itself."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._thread, self.text = stream, threading.get_ident(), io.StringIO()

    def write(self, text: str) -> int:
        here = threading.get_ident() == self._thread
        return (self.text if here else self._stream).write(text)

    def flush(self) -> None:
        self._stream.flush()


@contextmanager
def _displays_taken() -> Iterator[list[dict[str, Any]]]:
    """Take what this thread displays: ipykernel's hooks are a thread's own."""
    from IPython import get_ipython

    bundles: list[dict[str, Any]] = []
    publisher: Any = getattr(get_ipython(), "display_pub", None)
    if not hasattr(publisher, "register_hook"):
        yield bundles
        return

    def take(message: dict[str, Any]) -> dict[str, Any] | None:
        if message["header"]["msg_type"] != "display_data":
            return message
        bundles.append(message["content"]["data"])
        return None

    publisher.register_hook(take)
    try:
        yield bundles
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


def together(bundles: list[dict[str, Any]]) -> dict[str, Any]:
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
