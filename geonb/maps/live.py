"""What all live maps share: the list beside them, and the picture that stands in for them."""

import uuid
from typing import Any

import anywidget
import ipywidgets
import traitlets
from IPython.display import display

from geonb.maps.pins import how_sure, in_words, pins_of
from geonb.predictions import Predictions
from geonb.shown.pictures import Picture, asset, data_url, show_photo, thumbnail


class Live:
    """Displays the live map, then a static copy in an output of its own.

    The script of a map that lives hides the copy. Where there is no map (no kernel and no
    saved state, an export, a page without the widget's script), the copy is what one sees.
    """

    picture: Picture
    """Stands in for the map."""
    uid: str
    """By which the script knows the picture."""
    model_id: str
    """By which the notebook knows the widget."""

    def __repr__(self) -> str:
        return self.picture.text

    def _ipython_display_(self) -> None:
        view = {"model_id": self.model_id, "version_major": 2, "version_minor": 0}
        display(
            {"application/vnd.jupyter.widget-view+json": view, "text/plain": self.picture.text},
            raw=True,
        )
        picture = f'<div data-geonb-picture="{self.uid}">{self.picture._repr_html_()}</div>'
        display({"text/html": picture, "text/plain": self.picture.alt}, raw=True)


def traits_of(predictions: Predictions, why: str, *, photo: bool) -> dict[str, Any]:
    """What the scripts show of predictions, beside the map and on it."""
    shown = show_photo(predictions.photo)
    return {
        "points": [
            {"lat": p.on_mercator[0], "lng": p.on_mercator[1], "mark": p.mark, "text": p.text,
             "colour": p.colour, "front": p.front}
            for p in pins_of(predictions)
        ],
        "lines": [f"{predictions.warning} {how_sure(predictions)} {why}".strip()],
        "alt": in_words(predictions),
        "photo": {
            "src": data_url(thumbnail(shown.photo, 360), "jpeg"), "alt": shown.alt
        } if photo else {},
    }  # fmt: skip


class PlaceList(anywidget.AnyWidget):
    """A widget with the list of places; its traits are what `traits_of` gives."""

    _css = asset("geonb.css")
    points = traitlets.List().tag(sync=True)
    lines = traitlets.List().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)
    uid = traitlets.Unicode().tag(sync=True)
    photo = traitlets.Dict().tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(uid=uuid.uuid4().hex, **traits)


class Beside(PlaceList):
    """The list beside a map that another widget draws."""

    _esm = asset("apart.js") + asset("list.js") + asset("beside.js")
    leaflet = traitlets.Any(None, allow_none=True).tag(sync=True, **ipywidgets.widget_serialization)
    """Leaflet's map, which a button of the list moves; without it, the list is text."""
    views = traitlets.Dict().tag(sync=True)
    """The centre and the zoom that show all pins, and those that show the answer."""
    towns = traitlets.List().tag(sync=True)
    """Names, latitudes and longitudes of towns, the largest first: named where no tiles are."""
