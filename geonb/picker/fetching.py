"""A button that fetches a model while you go on working in the notebook."""

from __future__ import annotations

import html
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from geonb.errors import GeonbError, needing
from geonb.known import fetch
from geonb.weights.downloading import BAR
from geonb.weights.installed import installed
from geonb.weights.registry import known

with needing("the button that fetches a model", "ipywidgets", "picker"):
    import ipywidgets

if TYPE_CHECKING:
    from typing import Self

    from geonb.network.opening import Precision


class FetchButton(ipywidgets.VBox):
    """Fetch a known model while you go on working: its size, progress and time left.

    The download runs in a thread of its own, which ends with it. What has come is kept, so that
    a click after a failure, also in another notebook or on another day, goes on from there.
    Raises `ModelError` for an unknown model.
    """

    def __init__(self, model: str = "geoclip", *, precision: Precision = "int8") -> None:
        self._weights = known(model).of_precision(precision)
        self._call = f'geonb.load_model("{model}", precision="{precision}")'
        self._name = self._weights.title.partition(" (")[0]
        size = f"{self._weights.size / 1e6:,.0f} MB"
        wide = ipywidgets.Layout(width="auto")
        self._button = ipywidgets.Button(description=f"Get {self._name} ({size})", layout=wide)
        self._button.on_click(self._start)
        self._bar = ipywidgets.FloatProgress(max=1.0, layout=ipywidgets.Layout(display="none"))
        self._text = ipywidgets.HTML()
        super().__init__([ipywidgets.HBox([self._button, self._bar]), self._text])
        if installed(self._weights):
            self._end()
        else:
            self._say("You can go on working while it comes.")

    def _start(self, _: Any) -> None:
        self._button.disabled = True
        self._bar.layout.display = ""
        self._say("asking the server …")
        threading.Thread(target=self._run, name="geonb-fetch", daemon=True).start()

    def _run(self) -> None:
        BAR.set(partial(_Bar, self))  # for this thread alone
        try:
            fetch(self._weights)
        except GeonbError as error:
            self._button.description, self._button.disabled = "Try again", False
            self._say(f"{self._name} did not come whole. Click to go on from there. ({error})")
        else:
            self._end()

    def _end(self) -> None:
        self._button.disabled, self._bar.layout.display = True, "none"
        self._button.description = f"{self._name} is here"
        self._say(f"Load it with {self._call}")

    def show(self, share: float, text: str) -> None:
        """Show how far the download is, as a share of 1 and in words."""
        self._bar.value = share
        self._say(text)

    def _say(self, text: str) -> None:
        self._text.value = html.escape(text)


class _Bar:
    """A progress bar that shows itself in a button's cell."""

    def __init__(
        self, button: FetchButton, *, total: int | None, initial: int, desc: str, **_: Any
    ) -> None:
        self._button, self._total, self._first, self._name = button, total, initial, desc
        self._done, self._began, self._shown = initial, time.monotonic(), 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._show()

    def update(self, count: int) -> None:
        """Count bytes, and show them twice a second."""
        self._done += count
        if time.monotonic() - self._shown > 0.5:
            self._show()

    def _show(self) -> None:
        self._shown = time.monotonic()
        text = f"{self._name}: {self._done / 1e6:,.1f} MB"
        if self._total:
            came = max(self._done - self._first, 1)
            left = (self._total - self._done) * (self._shown - self._began) / came
            text += f" of {self._total / 1e6:,.1f} MB, {left // 60:.0f} min {left % 60:.0f} s left"
        self._button.show(self._done / self._total if self._total else 0.0, text)
