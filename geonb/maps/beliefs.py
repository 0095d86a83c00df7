"""Maps of a whole model: the outlines of its cells, and where it looks for one photo."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.distances import bounds, distance
from geonb.earth.places import nearest_town
from geonb.maps import drawing
from geonb.maps.plane import rings
from geonb.maps.providers import provider_module
from geonb.shown.pictures import Picture, style
from geonb.shown.sheets import percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from geonb.earth.cells import Cells
    from geonb.regions import Region

SHARES = (0.9, 0.5)
"""Of the probability; the smallest area that holds each is drawn."""
COLOURS = {0.9: "#8fb3d1", 0.5: "#e0876b"}
"""Of those areas; light, because points lie on them."""
NAMES = {0.9: "blue", 0.5: "orange"}
POINT, POINTS = "#22476b", "a cell; the larger, the more probable"
PROMISED = {"color": "#22476b", "weight": 2, "dashArray": "5 4", "fill": False}
_DASHES = (
    "linear-gradient(90deg, #22476b 40%, #0000 40% 60%, #22476b 60%) center/100% 2px no-repeat"
)
_MOST_POINTS = 400
"""A map with more points than this would not pan."""
_LINE = {"color": "#2e5f8a", "weight": 1, "fill": False}
_DIGITS = 5
"""Of a degree, about a metre."""


@dataclass(frozen=True)
class Belief:
    """What a model believes of one photo.

    Attributes:
        cells: The model's cells.
        probabilities: Of each cell, (N,).
        text: What the map shows, in a sentence.
        region: The region that the model promises; None if it promises nothing.
    """

    cells: Cells
    probabilities: NDArray[np.float64]
    text: str
    region: Region | None = None

    def smallest(self, share: float) -> NDArray[np.intp]:
        """The cells of the smallest area that holds ``share``, the densest first.

        Probability per area decides: a vast cell with some probability says little about a place.
        """
        areas = self.cells.areas_km2
        order = np.argsort(-self.probabilities / areas, kind="stable")
        held = np.cumsum(self.probabilities[order])
        return order[: int(np.searchsorted(held, share * held[-1])) + 1]

    @property
    def probable(self) -> NDArray[np.intp]:
        """The fewest cells that hold 90% of the probability, at most 400; the best first."""
        order = np.argsort(-self.probabilities, kind="stable")
        held = np.cumsum(self.probabilities[order])
        return order[: int(np.searchsorted(held, SHARES[0] * held[-1])) + 1][:_MOST_POINTS]

    def describe(self, share: float) -> str:
        """The smallest area that holds ``share``, in words."""
        return f"{share:.0%} lies in {self._size(self.smallest(share))}"

    @property
    def promised(self) -> str:
        """The promised region in words; empty if there is none."""
        if self.region is None or (promise := self.region.promise) is None:
            return ""
        return (
            f"{self._size(self.region.classes)}: such regions contain {promise.coverage:.0%} of "
            f"photos like {promise.test_set}"
        )

    def _size(self, chosen: NDArray[np.intp]) -> str:
        area = float(self.cells.areas_km2[chosen].sum())
        return f"{len(chosen):,} cell{'s' if len(chosen) > 1 else ''}, {in_km2(area)}"

    def words(self, index: int) -> str:
        """A cell as the map's label says it: its town and its probability."""
        town = nearest_town(self.cells.place(index))
        return f"{town}: {percent(float(self.probabilities[index]))}"


def in_km2(area: float) -> str:
    """An area as people write it, to two digits: 8.4 km², 1,200 km²."""
    digits = 1 - int(np.floor(np.log10(area))) if area > 0 else 0
    return f"{round(area, digits):,.{1 if area < 9.5 else 0}f} km²"


def draw_cells(cells: Cells, text: str, provider: str) -> Any:
    """Outline cells on Leaflet's map or on a picture."""
    picture = _picture(partial(_cells_figure, cells), text)
    if provider == "static":
        return picture
    leaflet = provider_module("leaflet")
    world = leaflet.base_map((25.0, 10.0), 2)
    shape = _shape(rings(cells), range(len(cells)))
    world.add(leaflet.shapes([leaflet.feature("MultiPolygon", shape, _LINE)]))
    return leaflet.boxed(world, picture, points=[], lines=[text], alt=picture.alt)


def draw_belief(belief: Belief, provider: str) -> Any:
    """Draw a belief: a point per probable cell, sized by its probability, and two areas."""
    best = "; ".join(belief.words(i) for i in belief.probable[:5].tolist())
    areas = [f"{belief.describe(share)} ({NAMES[share]})" for share in SHARES]
    areas += [f"{belief.promised} (dashed)"] if belief.promised else []
    more = f"{best}. {'. '.join(areas)}."
    picture = _picture(partial(_belief_figure, belief), belief.text, more)
    if provider == "static":
        return picture
    leaflet = provider_module("leaflet")
    places = [belief.cells.place(i) for i in belief.probable.tolist()]
    *_, centre, zoom = leaflet.view(bounds(places))
    world = leaflet.base_map(centre, zoom)
    outlines = [_turned(ring, centre[1]) for ring in rings(belief.cells)]
    features = [
        leaflet.feature(
            "MultiPolygon", _shape(outlines, belief.smallest(share).tolist()),
            {"color": COLOURS[share], "weight": 1, "fillOpacity": 0.35}, belief.describe(share),
        )
        for share in SHARES
    ]  # fmt: skip
    keys = [(COLOURS[share], belief.describe(share)) for share in SHARES]
    if belief.region:
        shape = _shape(outlines, belief.region.classes.tolist())
        features.append(leaflet.feature("MultiPolygon", shape, PROMISED, belief.promised))
        keys.append((_DASHES, belief.promised))
    features += [
        leaflet.feature(
            "Point",
            _turned(belief.cells.places[[i], ::-1], centre[1])[0].round(_DIGITS).tolist(),
            {"color": "#ffffff", "weight": 1, "fillColor": POINT, "fillOpacity": 0.8,
             "radius": _radius(belief, i)}, belief.words(i),
        )
        for i in belief.probable[::-1].tolist()
    ]  # fmt: skip
    leaflet.add_shapes_with_key(world, features, [(POINT, POINTS), *keys])
    return leaflet.boxed(world, picture, points=[], lines=[belief.text], alt=picture.alt)


def _radius(belief: Belief, index: int) -> float:
    """Of a point; its area grows with the probability."""
    return 2.5 + 18 * float(np.sqrt(belief.probabilities[index]))


def by_country(cells: Cells, most: int = 6) -> str:
    """How many cells lie in the countries that have the most, by their nearest towns."""
    count = Counter(cells.countries)
    listed = [f"{country} {number:,}" for country, number in count.most_common(most)]
    rest = len(cells) - sum(number for _, number in count.most_common(most))
    return ", ".join([*listed, *([f"elsewhere {rest:,}"] if rest else [])])


def _turned(line: NDArray[np.float64], centre: float) -> NDArray[np.float64]:
    """The line, longitude first, on the turn of the globe around ``centre``."""
    return line + np.array([360 * np.round((centre - line[0, 0]) / 360), 0.0])


def _shape(outlines: list[NDArray[np.float64]], indices: Any) -> list[Any]:
    return [[outlines[i].round(_DIGITS).tolist()] for i in indices]


def _picture(figure: partial[Figure], text: str, more: str = "") -> Picture:
    """The picture with its sentence below; ``more`` is for those who can't see it."""
    html = f"<style>{style()}</style><div class='geonb'><p>{escape(text)}</p></div>"
    return Picture(figure, f"Map. {text} {more}".strip(), f"{text}\n{more}".strip(), html)


def _cells_figure(cells: Cells) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.4, 4.4), facecolor="white")
    chart = drawing.world(figure.add_axes((0.01, 0.01, 0.98, 0.98)), south=-90.0, north=90.0)
    chart.add_lines(rings(cells), colors=_LINE["color"], lw=0.4)
    return figure


def _belief_figure(belief: Belief) -> Figure:
    """The matplotlib figure: around the best cell, and the world."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    places = [belief.cells.place(i) for i in belief.probable.tolist()]
    near = [place for place in places if distance(place, places[0]) < drawing.CLUSTER_KM]
    figure = Figure(figsize=(11.0, 4.4), facecolor="white")
    close = drawing.close_up(figure.add_axes((0.015, 0.11, 0.35, 0.86)), near)
    world = drawing.world(figure.add_axes((0.38, 0.11, 0.605, 0.86)))
    for chart, size in ((close, 1.4), (world, 0.9)):
        _add_belief(chart, belief, size)
    drawing.add_scale_bar(close)
    size = _radius(belief, int(belief.probable[0]))
    close.taken += [(*(close.at(p) - size), *(close.at(p) + size)) for p in near[:50]]
    drawing.add_towns(close)
    point = Line2D([], [], marker="o", ls="", color=POINT, label=POINTS)
    keys = [point, *(Patch(fc=COLOURS[s], alpha=0.6, label=belief.describe(s)) for s in SHARES)]
    if belief.region:
        keys.append(Line2D([], [], ls="--", color=POINT, label=belief.promised))
    legend = figure.legend(
        handles=keys, loc="lower center", ncols=2 if belief.region else 3, fontsize=9,
        frameon=False, borderaxespad=0.2,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_parse_math(False)  # a set of photos may be called $x$
    return figure


def _add_belief(chart: drawing.Chart, belief: Belief, size: float) -> None:
    """The two areas, and over them a point per cell."""
    outlines = rings(belief.cells)
    for share in SHARES:
        chosen = [outlines[i] for i in belief.smallest(share).tolist()]
        chart.add_rings(chosen, fc=COLOURS[share], alpha=0.45)
        chart.add_lines(chosen, colors=COLOURS[share], lw=0.8)
    if belief.region:
        promised = [outlines[i] for i in belief.region.classes.tolist()]
        chart.add_lines(promised, colors=POINT, lw=1.2, linestyles="--")
    for i in belief.probable[::-1].tolist():
        if chart.holds(belief.cells.place(i)):
            drawing.add_dot(
                chart, chart.at(belief.cells.place(i)), size * _radius(belief, i), POINT, alpha=0.8
            )
