"""The static map: a picture of the world and a close-up, for files, PDF, GitHub and terminals."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.distances import bounds, distance
from geonb.errors import MapError
from geonb.files import replacing
from geonb.tables import html_table, text_table

if TYPE_CHECKING:
    import os

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from geonb.distances import Place
    from geonb.predictions import Predictions

# Okabe and Ito's palette, which the colour-blind can tell apart, on pale land and sea.
_SEA, _LAND, _BORDER = "#dbe9f2", "#f4f1e6", "#b5b09c"
_PIN, _BEST, _TRUTH = "#0072b2", "#d55e00", "#009e73"
_CLUSTER_KM = 300.0
"""Predictions this near to the best one share its close-up."""
_LEAST_SPAN = 0.15
"""Degrees; a close-up of a single place shows at least this much around it."""
_DPI = 110


@dataclass(frozen=True)
class StaticMap:
    """A drawn map; notebooks show it as a picture with the predictions as a table below."""

    predictions: Predictions
    """What is drawn."""

    def __repr__(self) -> str:
        return text_table(self.predictions)

    def _repr_html_(self) -> str:
        picture = base64.b64encode(self.image("png")).decode()
        return (
            f'<div class="geonb"><img alt="{escape(self.alt)}" '
            f'src="data:image/png;base64,{picture}"></div>{html_table(self.predictions)}'
        )

    @property
    def alt(self) -> str:
        """The map in words, for those who do not see it."""
        pins = "; ".join(f"{p.rank}: {_degrees(p.place)}" for p in self.predictions)
        text = f"World map and close-up with {len(self.predictions)} numbered pins. {pins}."
        truth = self.predictions.truth
        return text if truth is None else f"{text} True place: {_degrees(truth)}."

    def image(self, kind: str = "png") -> bytes:
        """The picture's bytes, as ``png``, ``svg`` or ``pdf``."""
        buffer = io.BytesIO()
        figure(self.predictions).savefig(buffer, format=kind, dpi=_DPI)
        return buffer.getvalue()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture; the ending of ``path`` says the format. Raises `MapError`."""
        kind = Path(path).suffix.lower().lstrip(".")
        if kind not in {"png", "svg", "pdf"}:
            raise MapError(f"{path}: a map is saved as .png, .svg or .pdf, not {kind or 'that'!r}")
        with replacing(path) as temporary:
            temporary.write_bytes(self.image(kind))


def draw(predictions: Predictions) -> StaticMap:
    """Draw predictions as a picture."""
    return StaticMap(predictions)


def _degrees(place: Place) -> str:
    lat, lng = place
    return f"{abs(lat):.4f}° {'NS'[lat < 0]}, {abs(lng):.4f}° {'EW'[lng < 0]}"


def figure(predictions: Predictions) -> Figure:
    """The matplotlib figure: the world on the left, the best cluster on the right."""
    from matplotlib.figure import Figure

    canvas = Figure(figsize=(11, 4.4), layout="constrained")
    world, close = canvas.subplots(1, 2, width_ratios=(2, 1.15))
    _world(world, predictions)
    _close_up(close, predictions)
    return canvas


def _world(axes: Axes, predictions: Predictions) -> None:
    _, west, _, east = bounds([*predictions.places, *_truths(predictions)])
    centre = (west + east) / 2 if east > 180 else 0.0
    _frame(axes, (-90.0, centre - 180, 90.0, centre + 180), stretch=1.0)
    _pins(axes, predictions, centre, size=12)
    axes.set_title("The world", fontsize=10)


def _close_up(axes: Axes, predictions: Predictions) -> None:
    best = predictions[0].place
    near = [
        p for p in [*predictions.places, *_truths(predictions)] if distance(p, best) < _CLUSTER_KM
    ]
    south, west, north, east = bounds(near)
    stretch = 1 / max(np.cos(np.radians((south + north) / 2)), 0.05)
    half = max(north - south, (east - west) / stretch, _LEAST_SPAN) * 0.65
    lat, lng = (south + north) / 2, (west + east) / 2
    _frame(axes, (lat - half, lng - half * stretch, lat + half, lng + half * stretch), stretch)
    _pins(axes, predictions, lng, size=17)
    axes.set_title("Around the best guess", fontsize=10)


def _truths(predictions: Predictions) -> list[Place]:
    return [] if predictions.truth is None else [predictions.truth]


def _frame(axes: Axes, box: tuple[float, float, float, float], stretch: float) -> None:
    """Land and sea inside south, west, north, east; ``stretch`` widens a degree of latitude."""
    from matplotlib.collections import LineCollection, PolyCollection

    land, borders = _outlines()
    south, west, north, east = box
    for turn in (-360.0, 0.0, 360.0):
        offset = np.array([turn, 0.0])
        axes.add_collection(
            PolyCollection([r + offset for r in land], fc=_LAND, ec=_BORDER, lw=0.5), autolim=False
        )
        axes.add_collection(
            LineCollection([r + offset for r in borders], colors=_BORDER, lw=0.4), autolim=False
        )
    axes.set(facecolor=_SEA, xlim=(west, east), ylim=(south, north), aspect=stretch)
    axes.xaxis.set_major_formatter(_longitude)
    axes.yaxis.set_major_formatter(lambda lat, _: f"{lat:g}°")
    axes.locator_params(nbins=6)
    axes.tick_params(labelsize=8, color=_BORDER)


def _longitude(lng: float, _: Any) -> str:
    return f"{round((lng + 180) % 360 - 180, 6):g}°"


def _pins(axes: Axes, predictions: Predictions, centre: float, size: int) -> None:
    """Numbered pins, the best one on top, on the turn of the globe around ``centre``."""

    def xy(place: Place) -> tuple[float, float]:
        return (place[1] - centre + 180) % 360 - 180 + centre, place[0]

    if predictions.truth is not None and predictions.distances is not None:
        truth, best = xy(predictions.truth), xy(predictions[0].place)
        axes.plot(*zip(truth, best, strict=True), color=_TRUTH, lw=1.2, ls="--", zorder=3)
        axes.plot(*truth, "*", ms=size + 3, mfc=_TRUTH, mec="white", zorder=4, clip_on=True)
    for p in reversed(predictions.best):
        x, y = xy(p.place)
        colour = _BEST if p.rank == 1 else _PIN
        axes.plot(x, y, "o", ms=size, mfc=colour, mec="white", zorder=10 - p.rank / 100)
        axes.annotate(
            str(p.rank), (x, y), color="white", fontsize=size * 0.55, weight="bold", ha="center",
            va="center", annotation_clip=True, zorder=10 - p.rank / 100,
        )  # fmt: skip


@cache
def _outlines() -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """Land rings and borders, (points, 2) longitude and latitude each (Natural Earth)."""
    text = files("geonb").joinpath("data", "land.geojson").read_text(encoding="utf-8")
    land, borders = (feature["geometry"]["coordinates"] for feature in json.loads(text)["features"])
    rings = [np.array(ring) for polygon in land for ring in polygon[:1]]
    return rings, [np.array(line) for line in borders]
