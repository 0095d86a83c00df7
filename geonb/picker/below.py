"""What the callback of a picker prints, displays and returns, below the cell that it's set in."""

import base64
import traceback
from collections.abc import Callable, Iterable
from html import escape
from itertools import groupby
from typing import Any

from geonb.errors import GeonbError
from geonb.photos.photo import Photo
from geonb.shown.pictures import tag


def call(callback: Callable[[Photo], Any], photo: Photo) -> None:
    """Call back, and show its result or its error as a cell does."""
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


class Below:
    """An output of the cell itself, which "Clear outputs" clears.

    The kernel sends what a callback prints and displays to the browser, as an answer to the
    message that brought the photo. The picker's script sends it back, to be shown here. So
    ``sys.stdout`` stays as it is, whatever else prints at that time.

    The outputs of an ipywidgets.Output would be widget state: saved with the notebook, with the
    names and places of photos in them, and left there when the outputs are cleared.
    """

    def __init__(self) -> None:
        from IPython.display import DisplayHandle

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
