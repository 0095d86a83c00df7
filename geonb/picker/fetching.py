"""A button that fetches a model while you go on working in the notebook."""

import html
import threading
from typing import Any

from geonb.errors import GeonbError, needing
from geonb.known import fetch
from geonb.weights.downloading import BAR
from geonb.weights.fetching import installed
from geonb.weights.registry import known

with needing("the button that fetches a model", "ipywidgets", "picker"):
    import ipywidgets

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
        self._button = ipywidgets.Button(
            description=f"Get {self._name} ({self._weights.size / 1e6:,.0f} MB)",
            layout=ipywidgets.Layout(width="auto"),
        )
        self._button.on_click(self._start)
        self._text = ipywidgets.HTML("You can go on working while it comes.")
        super().__init__([self._button, self._text])
        if installed(self._weights):
            self._end()

    def _start(self, _: Any) -> None:
        self._button.disabled, self._text.value = True, "asking the server …"
        threading.Thread(target=self._run, name="geonb-fetch", daemon=True).start()

    def _run(self) -> None:
        BAR.set(self._new_bar)  # for this thread alone
        try:
            fetch(self._weights)
        except GeonbError as error:
            self._button.description, self._button.disabled = "Try again", False
            said = f"{self._name} did not come whole. Click to go on from there. ({error})"
            self._text.value = html.escape(said)
        else:
            self._end()

    def _new_bar(self, **options: Any) -> Any:
        """A progress bar in the button's own cell, whichever cell runs now."""
        from tqdm.notebook import tqdm_notebook

        bar = type("Bar", (tqdm_notebook,), {"monitor_interval": 0})(display=False, **options)
        self.children = [self._button, bar.container, self._text]
        self._text.value = "You can go on working while it comes."
        return bar

    def _end(self) -> None:
        self._button.disabled, self._button.description = True, f"{self._name} is here"
        self._text.value = html.escape(f"Load it with {self._call}")
        self.children = [self._button, self._text]
