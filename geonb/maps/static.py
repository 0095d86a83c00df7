"""The map as a picture: answer, photo, close-up, world and guesses on one card."""

from functools import partial
from html import escape
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from geonb.maps import drawing, pins
from geonb.predictions import Predictions
from geonb.shown.pictures import Picture
from geonb.shown.sheets import percent

_WIDTH, _HEIGHT, _MARGIN, _FOOT, _BODY = 11.0, 4.95, 0.2, 0.45, 3.6
"""Inches; of the card, around it, below the maps, and of the photo and the maps."""


def draw(predictions: Predictions, why: str = "", *, photo: bool = True) -> Picture:
    """Draw predictions as a picture; ``why`` says why this map was chosen."""
    below = f"{predictions.warning} {pins.how_sure(predictions)} {why}".strip()
    return Picture(
        figure=partial(_figure, predictions, photo=photo),
        alt=pins.in_words(predictions),
        text="\n".join([repr(predictions), *([why] if why else [])]),
        html=(
            f"<details class='geonb'><summary>{escape(below)}</summary>"
            f"{predictions._repr_html_()}</details>"
        ),
    )


def _figure(predictions: Predictions, *, photo: bool = True) -> Figure:
    """The matplotlib figure; its axes are the photo, the close-up, the world and the list."""
    figure = Figure(figsize=(_WIDTH, _HEIGHT), facecolor="white")
    _add_words(figure, predictions)
    widths, image = [6.5], None
    if photo:
        image = predictions.photo.image()
        image.thumbnail((1200, 1200))  # pixels
        widths = [min(_BODY * image.width / image.height, 3.4), _BODY]
    rest = _WIDTH - sum(widths) - (len(widths) + 2) * _MARGIN
    heights = (rest / 2.05, _BODY - rest / 2.05 - 0.1)  # the world is 2.05 times as wide as high
    grid = figure.add_gridspec(
        2, len(widths) + 1, width_ratios=[*widths, rest], height_ratios=heights,
        left=_MARGIN / _WIDTH, right=1 - _MARGIN / _WIDTH, bottom=_FOOT / _HEIGHT,
        top=(_FOOT + _BODY) / _HEIGHT, hspace=0.2 / _BODY,
        wspace=_MARGIN / np.mean([*widths, rest]),
    )  # fmt: skip
    if image:
        axes = figure.add_subplot(grid[:, 0], anchor="NW")
        axes.imshow(image)
        axes.set_axis_off()
    close = drawing.close_up(figure.add_subplot(grid[:, -2]), pins.near(predictions))
    drawing.add_scale_bar(close)
    drawing.add_pins(close, predictions)
    drawing.add_towns(close)
    lowest, west, highest, east = pins.box(predictions)
    # The map is turned for places near the ±180° line, not for some in Asia and some in America.
    centre = (west + east) / 2 if east > 180 and east - west < 120 else 0.0
    south, north = -90.0 if lowest < -58 else -58.0, 90.0 if highest > 83 else 84.0
    axes = figure.add_subplot(grid[0, -1], anchor="N")
    world = drawing.world(axes, centre, south=south, north=north)
    drawing.add_pins(world, predictions, 0.5, close)
    _add_list(figure.add_subplot(grid[1, -1], xlim=(0, rest), ylim=(0, heights[1])), predictions)
    return figure


def _add_words(figure: Figure, predictions: Predictions) -> None:
    """The answer above, and below what has to be said beside it, and what the star means."""

    def write(x: float, y: float, words: str, **style: Any) -> None:
        figure.text(x / _WIDTH, y / _HEIGHT, words, **style)

    top, foot, small = _HEIGHT - 0.45, _FOOT - 0.1, {"fontsize": 8, "va": "top"}
    bold: dict[str, Any] = {"fontsize": 19, "weight": "bold", "color": drawing.INK}
    write(_MARGIN, top, pins.headline(predictions), **bold)
    write(_MARGIN, top - 0.27, pins.how_sure(predictions), fontsize=10, color=drawing.SOFT)
    if predictions.note:
        write(_MARGIN, foot, fill(f"{predictions.note}.", 165), **small, color=drawing.SOFT)
    if predictions.truth:
        words, colour = f"{pins.TRUTH} true place", pins.TRUTH_COLOUR
        write(_WIDTH - _MARGIN, foot, words, **small, color=colour, ha="right")


def _add_list(axes: Axes, predictions: Predictions) -> None:
    """Five guesses below the world: number, town, probability, distance, and a bar for each."""
    axes.set_axis_off()
    (_, width), (_, height) = axes.get_xlim(), axes.get_ylim()  # inches
    pitch, truth = min(height / len(predictions[:5]), 0.36), predictions.distances
    most = max(p.probability for p in predictions) or 1.0
    for i, (p, pin) in enumerate(zip(predictions[:5], pins.pins_of(predictions), strict=False)):
        y = height - (i + 0.55) * pitch
        share = percent(p.probability)
        tail = share if truth is None else f"{share} · {pins.in_km(truth[i])}"
        longest = int((width - 0.3 - 0.08 * len(tail)) / 0.067)
        town = str(p.town)
        town = town if len(town) <= longest else f"{town[: longest - 1]}…"
        axes.text(0, y, str(p.rank), fontsize=9, weight="bold", color=pin.colour)
        axes.text(0.2, y, town, fontsize=9, color=drawing.INK)
        axes.text(width, y, tail, fontsize=9, color=drawing.SOFT, ha="right")
        for part, colour in ((1.0, "#e8ebee"), (p.probability / most, pin.colour)):
            end = 0.2 + (width - 0.2) * part
            axes.hlines(y - 0.09, 0.2, end, lw=2.2, color=colour, capstyle="butt")
