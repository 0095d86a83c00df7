"""What the callbacks of a picker print and return, shown below the cell that they are set in."""

from __future__ import annotations

import base64
import traceback
from html import escape
from typing import TYPE_CHECKING, Any

from geonb.errors import GeonbError
from geonb.shown.pictures import tag

if TYPE_CHECKING:
    from collections.abc import Callable

    from geonb.photos.photo import Photo


class Below:
    """An output of the cell itself, which "Clear outputs" clears.

    The outputs of an ipywidgets.Output are widget state instead: saved with the notebook, with
    the names and places of photos in them, and left there when the outputs are cleared.
    """

    def __init__(self) -> None:
        from IPython.display import DisplayHandle

        self._bundles: list[dict[str, Any]] = []
        self._output = DisplayHandle()
        self._output.display(_together([]), raw=True)

    def clear(self) -> None:
        """Show nothing."""
        self._bundles.clear()
        self._output.update(_together([]), raw=True)

    def add(self, callback: Callable[[Photo], Any], photo: Photo) -> None:
        """Call back, and show what comes of it below what is there."""
        from IPython.utils.capture import capture_output

        with capture_output() as captured:
            _call(callback, photo)
        if captured.stdout or captured.stderr:
            self._bundles.append({"text/plain": (captured.stdout + captured.stderr).rstrip("\n")})
        self._bundles += [output.data for output in captured.outputs]
        self._output.update(_together(self._bundles), raw=True)


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


def _together(bundles: list[dict[str, Any]]) -> dict[str, Any]:
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
