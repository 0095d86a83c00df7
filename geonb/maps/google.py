"""Google's map: an anywidget on the Maps JavaScript API; its key is in no state, text or file."""

import os
from typing import Any

import traitlets

from geonb.distances import bounds
from geonb.maps import static
from geonb.maps.live import Live, PlaceList, traits_of
from geonb.maps.pins import box, near, on_map, spread_out, turned, view
from geonb.maps.plane import Box
from geonb.predictions import Predictions
from geonb.shown.pictures import asset

KEY_VARIABLE = "GOOGLE_MAPS_API_KEY"
"""The environment variable with the key."""


class GoogleMap(Live, PlaceList):
    """The key is handed to the page by message, when the map is displayed or the page asks."""

    _esm = asset("list.js") + asset("google.js")
    view = traitlets.Dict().tag(sync=True)
    map_id = traitlets.Unicode().tag(sync=True)

    def __init__(self, key: str, **traits: Any) -> None:
        super().__init__(**traits)
        self._key = key
        self.on_msg(self._send_key)

    def _send_key(self, *_: Any) -> None:
        self.send({"type": "key", "key": self._key})

    def _ipython_display_(self) -> None:
        self._send_key()  # pushed: a request from the page would wait while the kernel is busy
        super()._ipython_display_()


def draw(
    predictions: Predictions, why: str, *, photo: bool, api_key: str | None, map_id: str | None
) -> GoogleMap:
    """Draw predictions on Google's map, in the style that ``map_id`` names."""
    key = os.environ.get(KEY_VARIABLE, "") if api_key is None else api_key
    (lat, lng), zoom = view(box(predictions))
    several = len(set(predictions.places)) > 1 or predictions.truth is not None
    widget = GoogleMap(
        key,
        view={
            "bounds": _bounds(box(predictions)) if several else None,
            "answer": _bounds(bounds(near(predictions))) if spread_out(predictions) else None,
            "center": {"lat": lat, "lng": turned(lng)},
            "zoom": zoom,
        },
        map_id=map_id or "",
        **traits_of(predictions, why, photo=photo),
    )
    widget.picture = static.draw(predictions, photo=photo)
    return widget


def _bounds(box: Box) -> dict[str, float]:
    """A box as Google takes it: the east of one that crosses ±180° is below its west."""
    south, west, north, east = box
    sides = {"south": on_map(south), "west": turned(west)}
    return sides | {"north": on_map(north), "east": turned(east)}
