"""The static map: a picture of the world and a close-up, for files, PDF, GitHub and terminals."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from geonb.earth.distances import distance
from geonb.errors import MapError
from geonb.files import replacing
from geonb.maps import canvas
from geonb.maps.outlines import rings
from geonb.maps.points import box, in_words
from geonb.maps.shades import shades
from geonb.tables import html_table, style, text_table

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from geonb.earth.cells import Cells
    from geonb.predictions import Predictions

_CLUSTER_KM = 300.0
"""Predictions this near to the best one share its close-up."""
_DPI = 110


@dataclass(frozen=True)
class StaticMap:
    """A picture; notebooks show it with its words below, terminals show the words."""

    figure: Callable[[], Figure]
    """Draws the matplotlib figure."""
    alt: str
    """The picture in words, for those who do not see it."""
    text: str
    """What belongs beside the picture, as plain text."""
    html: str
    """The same as HTML."""

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        picture = base64.b64encode(self.image("png")).decode()
        return (
            f'<div class="geonb"><img alt="{escape(self.alt)}" '
            f'src="data:image/png;base64,{picture}"></div>{self.html}'
        )

    def _repr_png_(self) -> bytes:
        """For what cannot show the page: GitHub, PDF."""
        return self.image("png")

    def image(self, kind: str = "png") -> bytes:
        """The picture's bytes, as ``png``, ``svg`` or ``pdf``."""
        buffer = io.BytesIO()
        self.figure().savefig(buffer, format=kind, dpi=_DPI)
        return buffer.getvalue()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture; the ending of ``path`` says the format. Raises `MapError`."""
        kind = Path(path).suffix.lower().lstrip(".")
        if kind not in {"png", "svg", "pdf"}:
            raise MapError(f"{path}: a map is saved as .png, .svg or .pdf, not {kind or 'that'!r}")
        with replacing(path) as temporary:
            temporary.write_bytes(self.image(kind))


def draw(predictions: Predictions, why: str = "") -> StaticMap:
    """Draw predictions as a picture; ``why`` says why this map was chosen."""
    return StaticMap(
        figure=partial(_figure, predictions),
        alt=in_words(predictions),
        text="\n".join([text_table(predictions), *([why] if why else [])]),
        html=html_table(predictions) + (f"<p class='geonb'>{escape(why)}</p>" if why else ""),
    )


def _figure(predictions: Predictions) -> Figure:
    """The matplotlib figure: the world on the left, the best cluster on the right."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.4), layout="constrained")
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


def draw_cells(cells: Cells, text: str, belief: NDArray[np.float64] | None = None) -> StaticMap:
    """Draw the outlines of cells on a world map, shaded by their probability where it is given."""
    html = f"<style>{style()}</style><div class='geonb'><p>{escape(text)}</p></div>"
    return StaticMap(partial(_cells_figure, cells, belief), f"World map. {text}", text, html)


def _cells_figure(cells: Cells, belief: NDArray[np.float64] | None) -> Figure:
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    figure = Figure(figsize=(11, 5.6), layout="constrained")
    axes = figure.subplots()
    canvas.frame(axes, (-90.0, -180.0, 90.0, 180.0), stretch=1.0)
    outlines = rings(cells)
    if belief is None:
        canvas.add_lines(axes, outlines, colors="#005b8f", lw=0.4)
        return figure
    keys = []
    for shade in shades(belief):
        chosen = [outlines[i] for i in shade.cells]
        canvas.add_rings(axes, chosen, fc=shade.colour, ec=shade.colour, lw=0.6)
        keys.append(Patch(fc=shade.colour, label=f"{shade.label} ({len(chosen):,} cells)"))
    axes.legend(handles=keys, title="probability", loc="lower left", fontsize=8, title_fontsize=8)
    return figure
