"""The blog's own map package, gmaps: with its list and its warning."""

import os
from typing import Any

import gmaps
import ipywidgets
import traitlets
from gmaps.errors_box import ErrorsBox
from gmaps.toolbar import Toolbar

from geonb.distances import Place
from geonb.maps import static
from geonb.maps.google import KEY_VARIABLE
from geonb.maps.live import Beside, Live, traits_of
from geonb.maps.pins import TRUTH_COLOUR, box, in_km, on_map, pins_of, turned, view
from geonb.maps.plane import great_circle
from geonb.maps.show import repair_gmaps
from geonb.predictions import Predictions

_LEAK = (
    "gmaps keeps the API key in the notebook when it is saved with widget state; before you "
    'share the file: geonb_lab.clean_notebook("….ipynb")'
)


class Figure(Live, gmaps.Figure):
    """A gmaps figure with the list of its places below, as text: from outside, nothing moves it."""

    children = traitlets.Tuple().tag(sync=True, **ipywidgets.widget_serialization)


def draw(predictions: Predictions, why: str, *, photo: bool, api_key: str | None) -> Figure:
    """Draw predictions as a ``gmaps.Figure``; a key that ``gmaps.configure`` has set stays.

    The view is set from the places: gmaps' own takes the mean of longitudes, and looks at
    the wrong side of the world across ±180°.
    """
    repair_gmaps()
    key = os.environ.get(KEY_VARIABLE) if api_key is None else api_key
    if key:
        gmaps.configure(api_key=key)
    (lat, lng), zoom = view(box(predictions))
    viewport = gmaps.InitialViewport.from_zoom_center(zoom, (lat, turned(lng)))
    beside = Beside(**traits_of(predictions, why, photo=photo))
    beside.lines = [*beside.lines, _LEAK]
    figure = Figure(
        _map=gmaps.Map(initial_viewport=viewport, layout={"height": "420px"}),
        layout={"height": "auto"}, _toolbar=Toolbar(), _errors_box=ErrorsBox(), children=(beside,),
    )  # fmt: skip
    figure.add_class("geonb-box")
    figure.picture, figure.uid = static.draw(predictions, photo=photo), beside.uid
    for pin in sorted(pins_of(predictions), key=lambda pin: pin.front):
        said = {"hover_text": pin.words, "info_box_content": pin.words}
        figure.add_layer(gmaps.marker_layer([pin.on_mercator], label=pin.mark, **said))
    if predictions.truth is not None and predictions.distances is not None:
        words = f"{in_km(predictions.distances[0])} from the true place to guess 1"
        figure.add_layer(_line_of_dots(predictions.truth, predictions[0].place, words))
    return figure


def _line_of_dots(truth: Place, best: Place, words: str) -> Any:
    """The way between two places, with words on each dot.

    gmaps' own lines break the saving of a notebook, and its symbols have no mark: the words are
    there where one points or clicks.
    """
    line = great_circle(truth, best, steps=24)[1:-1]
    dots = [(on_map(lat), turned(lng)) for lng, lat in line.tolist()]
    return gmaps.symbol_layer(
        dots, fill_color=TRUTH_COLOUR, stroke_color=TRUTH_COLOUR, scale=2, hover_text=words,
        info_box_content=words,
    )  # fmt: skip
