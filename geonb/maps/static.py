"""The static map: a picture of the world and a close-up, for files, PDF, GitHub and terminals."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import TYPE_CHECKING

from geonb.distances import distance
from geonb.maps import drawing
from geonb.maps.points import box, in_words
from geonb.shown.pictures import Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from geonb.predictions import Predictions

_CLUSTER_KM = 300.0
"""Predictions this near to the best one share its close-up."""


def draw(predictions: Predictions, why: str = "") -> Picture:
    """Draw predictions as a picture; ``why`` says why this map was chosen."""
    return Picture(
        figure=partial(_figure, predictions),
        alt=in_words(predictions),
        text="\n".join([repr(predictions), *([why] if why else [])]),
        html=predictions._repr_html_() + (f"<p class='geonb'>{escape(why)}</p>" if why else ""),
    )


def _figure(predictions: Predictions) -> Figure:
    """The matplotlib figure: the world on the left, the best cluster on the right."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.4, 3.6), layout="constrained")
    world, close = figure.subplots(1, 2, width_ratios=(2, 1.15))
    best, truth = predictions[0].place, predictions.truth
    near = [place for place in predictions.places if distance(place, best) < _CLUSTER_KM]
    truth_is_near = truth is not None and distance(truth, best) < _CLUSTER_KM
    _, west, _, east = box(predictions)
    # The map is turned for places near the ±180° line, not for some in Asia and some in America.
    centre = (west + east) / 2 if east > 180 and east - west < 120 else 0.0
    drawing.frame(world, (-90.0, centre - 180, 90.0, centre + 180), stretch=1.0)
    drawing.add_points(world, predictions, size=9, distance=not truth_is_near)
    world.set_title("The world", fontsize=10)
    shown = [*near, truth] if truth is not None and truth_is_near else near
    drawing.frame(close, *drawing.bounds_of_close_up(shown))
    drawing.add_points(close, predictions, size=12, distance=truth_is_near)
    drawing.add_scale_bar(close)
    close.set_title("Around the best guess", fontsize=10)
    return figure
