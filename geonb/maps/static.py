"""The static map: a picture of the world and a close-up, for files, PDF, GitHub and terminals."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import TYPE_CHECKING

from geonb.distances import distance
from geonb.maps import canvas
from geonb.maps.outlines import rings
from geonb.maps.points import box, in_words
from geonb.maps.shades import shades
from geonb.shown.pictures import Picture
from geonb.shown.tables import html_table, style, text_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from geonb.earth.cells import Cells
    from geonb.predictions import Predictions

_CLUSTER_KM = 300.0
"""Predictions this near to the best one share its close-up."""


def draw(predictions: Predictions, why: str = "") -> Picture:
    """Draw predictions as a picture; ``why`` says why this map was chosen."""
    return Picture(
        figure=partial(_figure, predictions),
        alt=in_words(predictions),
        text="\n".join([text_table(predictions), *([why] if why else [])]),
        html=html_table(predictions) + (f"<p class='geonb'>{escape(why)}</p>" if why else ""),
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
    canvas.frame(world, (-90.0, centre - 180, 90.0, centre + 180), stretch=1.0)
    canvas.add_points(world, predictions, size=9, distance=not truth_is_near)
    world.set_title("The world", fontsize=10)
    shown = [*near, truth] if truth is not None and truth_is_near else near
    canvas.frame(close, *canvas.bounds_of_close_up(shown))
    canvas.add_points(close, predictions, size=12, distance=truth_is_near)
    canvas.add_scale_bar(close)
    close.set_title("Around the best guess", fontsize=10)
    return figure


def draw_cells(
    cells: Cells, lines: Sequence[str], belief: NDArray[np.float64] | None = None
) -> Picture:
    """Draw the outlines of cells on a world map, shaded by their probability where it is given.

    Of ``lines``, the map in words, the first stands below the picture; its legend says the others.
    """
    html = f"<style>{style()}</style><div class='geonb'><p>{escape(lines[0])}</p></div>"
    alt = f"World map. {lines[0]} {'; '.join(lines[1:])}".strip()
    return Picture(partial(_cells_figure, cells, belief), alt, "\n".join(lines), html)


def _cells_figure(cells: Cells, belief: NDArray[np.float64] | None) -> Figure:
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    figure = Figure(figsize=(9.4, 4.9), layout="constrained")
    axes = figure.subplots()
    canvas.frame(axes, (-90.0, -180.0, 90.0, 180.0), stretch=1.0)
    outlines = rings(cells)
    if belief is None:
        canvas.add_lines(axes, outlines, colors="#005b8f", lw=0.4)
        return figure
    keys = []
    for order, shade in enumerate(shades(belief), start=1):
        chosen = [outlines[i] for i in shade.cells]
        canvas.add_rings(axes, chosen, fc=shade.colour)
        # The more probable, the thicker the edge: a town's cell is smaller than a pixel.
        canvas.add_lines(axes, chosen, colors=shade.colour, lw=0.6 * order)
        keys.append(Patch(fc=shade.colour, label=f"{shade.label} ({len(chosen):,} cells)"))
    axes.legend(handles=keys, title="probability", loc="lower left", fontsize=8, title_fontsize=8)
    return figure
