"""The map as a picture: answer, photo, close-up, world and guesses on one card."""

from __future__ import annotations

from functools import partial
from html import escape
from textwrap import fill
from typing import TYPE_CHECKING

from geonb.distances import bounds, distance
from geonb.maps import drawing
from geonb.maps.points import (
    TRUTH,
    TRUTH_COLOUR,
    box,
    headline,
    how_sure,
    in_km,
    in_words,
    line_below,
    points,
)
from geonb.shown.pictures import Picture
from geonb.shown.sheets import percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from geonb.distances import Place
    from geonb.predictions import Predictions

_WIDTH, _HEIGHT, _MARGIN, _FOOT, _BODY = 11.0, 4.95, 0.2, 0.45, 3.6
"""Inches; of the card, around it, below the maps, and of the photo and the maps."""


def draw(predictions: Predictions, why: str = "", *, photo: bool = True) -> Picture:
    """Draw predictions as a picture; ``why`` says why this map was chosen."""
    return Picture(
        figure=partial(_figure, predictions, photo=photo),
        alt=in_words(predictions),
        text="\n".join([repr(predictions), *([why] if why else [])]),
        html=(
            f"<details class='geonb'><summary>{escape(line_below(predictions, why))}</summary>"
            f"{predictions._repr_html_()}</details>"
        ),
    )


def near(predictions: Predictions) -> list[Place]:
    """The guesses around the best one, and the true place if it isn't far."""
    best, truth = predictions[0].place, predictions.truth
    places = [p for p in predictions.places if distance(p, best) < drawing.CLUSTER_KM]
    return places if truth is None or distance(truth, best) > drawing.TRUTH_KM else [*places, truth]


def spread_out(predictions: Predictions) -> bool:
    """Whether a view of all pins shows the answer too small: some lie far from it."""
    south, west, north, east = box(predictions)
    low, left, high, right = bounds(near(predictions))
    return max(north - south, east - west) > 4 * max(high - low, right - left, 1.0)


def _figure(predictions: Predictions, *, photo: bool = True) -> Figure:
    """The matplotlib figure. Its last two axes are the close-up and the world."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH, _HEIGHT), facecolor="white")
    top = _HEIGHT - 0.45
    figure.text(
        _MARGIN / _WIDTH, top / _HEIGHT, headline(predictions), fontsize=19, weight="bold",
        color=drawing.INK, va="baseline",
    )  # fmt: skip
    figure.text(
        _MARGIN / _WIDTH, (top - 0.27) / _HEIGHT, how_sure(predictions), fontsize=10,
        color=drawing.SOFT, va="baseline",
    )  # fmt: skip
    left = _MARGIN
    if photo:
        left += _add_photo(figure, predictions) + _MARGIN
    width = _BODY if photo else 6.5
    close = drawing.close_up(figure.add_axes(_inches(left, _FOOT, width, _BODY)), near(predictions))
    drawing.add_scale_bar(close)
    drawing.add_pins(close, predictions)
    drawing.add_towns(close)
    left += width + _MARGIN
    right = _WIDTH - left - _MARGIN
    lowest, west, highest, east = box(predictions)
    # The map is turned for places near the ±180° line, not for some in Asia and some in America.
    centre = (west + east) / 2 if east > 180 and east - west < 120 else 0.0
    high = right / 2.05
    south, north = -90.0 if lowest < -58 else -58.0, 90.0 if highest > 83 else 84.0
    axes = figure.add_axes(_inches(left, _FOOT + _BODY - high, right, high))
    world = drawing.world(axes, centre, south=south, north=north)
    drawing.add_pins(world, predictions, 0.5, close)
    _add_list(figure, predictions, left, right, _BODY - high - 0.1)
    _add_foot(figure, predictions)
    return figure


def _add_foot(figure: Figure, predictions: Predictions) -> None:
    """What has to be said beside the answer, and what the star means."""
    note = fill(f"{predictions.note}.", 165) if predictions.note else ""
    texts = [(_MARGIN, note, drawing.SOFT, "left")]
    if predictions.truth is not None:
        texts.append((_WIDTH - _MARGIN, f"{TRUTH} true place", TRUTH_COLOUR, "right"))
    for x, words, colour, side in texts:
        figure.text(
            x / _WIDTH, (_FOOT - 0.1) / _HEIGHT, words, fontsize=8, color=colour, ha=side, va="top"
        )


def _inches(
    left: float, bottom: float, width: float, height: float
) -> tuple[float, float, float, float]:
    """A rectangle in inches as a part of the card."""
    return left / _WIDTH, bottom / _HEIGHT, width / _WIDTH, height / _HEIGHT


def _add_photo(figure: Figure, predictions: Predictions) -> float:
    """The photo at the left, whole; gives its width in inches."""
    image = predictions.photo.image()
    image.thumbnail((1200, 1200))  # pixels
    ratio = image.width / image.height
    width = min(_BODY * ratio, 3.4)
    height = width / ratio
    axes = figure.add_axes(_inches(_MARGIN, _FOOT + _BODY - height, width, height))
    axes.imshow(image, aspect="auto")
    axes.set_axis_off()
    return width


def _add_list(
    figure: Figure, predictions: Predictions, left: float, width: float, height: float
) -> None:
    """Five guesses below the world: number, town, probability, distance, and a bar for each."""
    axes = figure.add_axes(_inches(left, _FOOT, width, height))
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.set_axis_off()
    rows = predictions[:5]
    pitch = min(height / len(rows), 0.36)
    truth = predictions.distances
    most = max(p.probability for p in predictions) or 1.0
    for i, (p, point) in enumerate(zip(rows, points(predictions), strict=False)):
        y = height - (i + 0.55) * pitch
        share = percent(p.probability)
        tail = share if truth is None else f"{share} · {in_km(truth[i])}"
        longest = int((width - 0.3 - 0.08 * len(tail)) / 0.067)
        town = str(p.town)
        town = town if len(town) <= longest else f"{town[: longest - 1]}…"
        axes.text(0, y, str(p.rank), fontsize=9, weight="bold", color=point.colour)
        axes.text(0.2, y, town, fontsize=9, color=drawing.INK)
        axes.text(width, y, tail, fontsize=9, color=drawing.SOFT, ha="right")
        for part, colour in ((1.0, "#e8ebee"), (p.probability / most, point.colour)):
            axes.plot(
                [0.2, 0.2 + (width - 0.2) * part], [y - 0.09] * 2, lw=2.2, color=colour,
                solid_capstyle="butt",
            )  # fmt: skip
