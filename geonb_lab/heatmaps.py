"""Heat maps: where a model looks for one photo."""

from dataclasses import dataclass
from functools import partial
from html import escape
from itertools import chain
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from geonb.distances import Place, bounds, distance
from geonb.earth.cells import Belief
from geonb.earth.outlines import polygons
from geonb.earth.places import nearest_town
from geonb.errors import printable
from geonb.maps import drawing
from geonb.maps.pins import CLUSTER_KM
from geonb.maps.show import DIGITS, Provider, choose_for_cells, picture_of, provider_module
from geonb.model import Model
from geonb.photos.photo import PhotoSource, open_photo
from geonb.promise import Promise
from geonb.shown.sheets import percent
from geonb_lab.regions import Region, hold

AREAS = (
    (0.9, "nine tenths of the probability", "blue", "#8fb3d1"),
    (0.5, "half of the probability", "orange", "#e0876b"),
)
"""Shares of the probability whose cells are filled; light, because points lie on them."""
POINT, POINTS = "#22476b", "a cell; the larger, the more probable"
_DASHED = {"color": POINT, "weight": 2, "dashArray": "5 4", "fill": False}
_DASHES = "linear-gradient(90deg,#22476b 40%,#0000 40% 60%,#22476b 60%) center/100% 2px no-repeat"


@dataclass(frozen=True)
class Area:
    """Cells that a heatmap shows as one.

    Attributes:
        region: The cells.
        words: What the map's key says of them.
        look: How they are drawn, in a word.
        colour: What they are filled with; empty for a dashed line around each.
    """

    region: Region
    words: str
    look: str
    colour: str = ""

    @property
    def rings(self) -> list[NDArray[np.float64]]:
        """The outlines of the cells."""
        return list(chain.from_iterable(polygons(self.region.cells.ids)))


def areas(belief: Belief, promise: Promise | None) -> list[Area]:
    """The fewest cells that hold 90% and 50%, and the region that the model promises, if any."""
    asked = [*AREAS, *([(promise.share, promise.in_words, "dashed", "")] if promise else [])]
    found = []
    for share, words, look, colour in asked:
        region = hold(belief, share)
        size = f"{len(region.classes):,} cell{'s' if len(region.classes) > 1 else ''}"
        found.append(Area(region, f"{words}: {size}", look, colour))
    return found


def _dot(belief: Belief, index: int) -> tuple[Place, float, str]:
    """Where a cell's point is, its radius, and its words; its area grows with the probability."""
    place, share = belief.cells.place(index), float(belief.probabilities[index])
    return place, 2.5 + 18 * share**0.5, f"{nearest_town(place)}: {percent(share)}"


def show_heatmap(model: Model, photo: PhotoSource, provider: Provider = "auto") -> Any:
    """Show where the model looks for a photo: all of its belief, not five points.

    Points are cells, sized by their probability; the map starts at those that hold 90% of it.
    Orange are the fewest cells that hold half of the probability, blue those that hold nine
    tenths; a dashed line is around the region that the model promises, if it does (`region`). On
    Leaflet's map, point at one to read its town and its probability.
    """
    photo = open_photo(photo)
    belief = Belief(model.cells, model.probabilities(photo)[0])
    shown = areas(belief, model.promise)
    dots = [_dot(belief, i) for i in shown[0].region.classes[:400].tolist()]  # 400 still pan
    town, _, share = dots[0][2].rpartition(": ")
    text = f"Where {model.name} looks for {printable(photo.name)}: first at {town}, with {share}."
    text += f" {model.note}." if model.note else ""
    best = "; ".join(words for _, _, words in dots[:5])
    more = f"{best}. {'. '.join(f'{area.words} ({area.look})' for area in shown)}."
    picture = picture_of(partial(_heatmap_figure, dots, shown), text, more)
    if choose_for_cells(provider) == "static":
        return picture
    import ipywidgets

    leaflet = provider_module("leaflet")
    centre, zoom = leaflet.view(bounds([place for place, _, _ in dots]))
    world = leaflet.base_map(centre, zoom)
    features: list[tuple[str, Any, dict[str, Any], str]] = [
        (
            "MultiPolygon", [[_turned(ring, centre[1])] for ring in area.rings],
            {"color": area.colour, "weight": 1, "fillOpacity": 0.35} if area.colour else _DASHED,
            area.words,
        )
        for area in shown
    ]  # fmt: skip
    look = {"color": "#ffffff", "weight": 1, "fillColor": POINT, "fillOpacity": 0.8}
    for (lat, lng), radius, words in reversed(dots):
        [spot] = _turned(np.array([[lng, lat]]), centre[1])
        features.append(("Point", spot, look | {"radius": radius}, words))
    keys = [(POINT, POINTS), *((area.colour or _DASHES, area.words) for area in shown)]
    layer, key = leaflet.shapes(features), ipywidgets.HTML()
    key.add_class("geonb-below")
    swatches = "".join(f"<div><i style='background:{c}'></i>{escape(w)}</div>" for c, w in keys)

    def say(words: str) -> None:
        key.value = f"<div class='geonb-key'>{swatches}<b>{escape(words)}</b></div>"

    say("")
    layer.on_hover(lambda feature, **_: say(feature["properties"]["words"]))
    world.add(layer)
    return leaflet.boxed(world, picture, key, points=[], lines=[text], alt=picture.alt)


def _turned(line: NDArray[np.float64], centre: float) -> list[list[float]]:
    """The line, longitude first, on the turn of the globe around ``centre``."""
    turned = line + np.array([360 * np.round((centre - line[0, 0]) / 360), 0.0])
    return turned.round(DIGITS).tolist()


def _heatmap_figure(dots: list[tuple[Place, float, str]], shown: list[Area]) -> Figure:
    """The matplotlib figure: around the best cell, and the world."""
    best, size, _ = dots[0]
    near = [place for place, _, _ in dots if distance(place, best) < CLUSTER_KM]
    figure = Figure(figsize=(11.0, 4.4), facecolor="white")
    close = drawing.close_up(figure.add_axes((0.015, 0.11, 0.35, 0.86)), near)
    world = drawing.world(figure.add_axes((0.38, 0.11, 0.605, 0.86)))
    keys: list[Any] = [Line2D([], [], marker="o", ls="", color=POINT, label=POINTS)]
    for area in shown:
        rings, colour = area.rings, area.colour
        for chart in (close, world):
            if colour:
                chart.add_rings(rings, fc=colour, alpha=0.45)
            chart.add_lines(
                rings, colors=colour or POINT, lw=0.8 if colour else 1.2,
                linestyles="-" if colour else "--",
            )  # fmt: skip
        keys.append(
            Patch(fc=colour, alpha=0.6, label=area.words) if colour
            else Line2D([], [], ls="--", color=POINT, label=area.words)
        )  # fmt: skip
    for chart, scale in ((close, 1.4), (world, 0.9)):
        for place, radius, _ in reversed(dots):
            if chart.holds(place):
                drawing.add_dot(
                    chart, chart.at(place), scale * radius, POINT, mew=0.6, alpha=0.8, clip_on=True
                )
    drawing.add_scale_bar(close)
    close.taken += [drawing.around(close.at(place), size) for place in near[:50]]
    drawing.add_towns(close)
    legend = figure.legend(
        handles=keys, loc="lower center", ncols=2 if len(keys) > 3 else 3, fontsize=9,
        frameon=False, borderaxespad=0.2,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_parse_math(False)  # a set of photos may be called $x$
    return figure
