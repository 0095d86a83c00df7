"""Maps of a whole model: the outlines of its cells, and its belief in each of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.earth.places import nearest_town
from geonb.maps import drawing
from geonb.maps.plane import rings
from geonb.maps.providers import provider_module
from geonb.shown.pictures import Picture, style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from geonb.earth.cells import Cells

_DIGITS = 5
"""Of a degree, about a metre; the smallest cells are smaller than a screen's pixel anyway."""
_LINE = {"color": "#005b8f", "weight": 1, "fill": False}
# Steps of cividis, which the colour-blind see like everyone else; dark is probable.
_CLASSES = (
    (0.1, "over 10 %", "#00204d", "dark blue"),
    (0.01, "1 to 10 %", "#414d6b", "blue-grey"),
    (0.001, "0.1 to 1 %", "#7c7b78", "grey"),
    (0.0001, "0.01 to 0.1 %", "#bcae6c", "olive"),
    (0.0, "under 0.01 %", "#f2e28c", "pale yellow"),
)


@dataclass(frozen=True)
class Shade:
    """One class of probability and its cells.

    Attributes:
        label: The class in words.
        colour: The colour of its cells.
        colour_name: The colour in words.
        cells: The indices of its cells.
    """

    label: str
    colour: str
    colour_name: str
    cells: list[int]


def shades(belief: NDArray[np.float64]) -> list[Shade]:
    """Sort cells (N,) by their probability into classes, the least probable first."""
    above = np.inf
    found = []
    for least, label, colour, name in _CLASSES:
        indices = np.flatnonzero((belief >= least) & (belief < above)).tolist()
        found.append(Shade(label, colour, name, indices))
        above = least
    return [shade for shade in reversed(found) if shade.cells]


def draw(cells: Cells, text: str, provider: str, belief: NDArray[np.float64] | None = None) -> Any:
    """Draw cells on Leaflet's map or on a picture, shaded where a belief (N,) is given.

    Cells of one shade are one shape on one canvas: 15,527 shapes of their own would not pan.
    """
    lines = [text] if belief is None else [text, *_key(belief)]
    picture = picture_of(cells, lines, belief)
    if provider == "static":
        return picture
    leaflet = provider_module("leaflet")
    world = leaflet.base_map((25.0, 10.0), 2)
    data = leaflet.collection(*_parts(rings(cells), belief))
    world.add(leaflet.shapes(data))
    return leaflet.boxed(world, picture, points=[], lines=lines, alt=picture.alt)


def by_country(cells: Cells, most: int = 6) -> str:
    """How many cells lie in the countries that have the most, by their nearest towns."""
    count = Counter(nearest_town(place).country for place in cells.places)
    listed = [f"{country} {number:,}" for country, number in count.most_common(most)]
    rest = len(cells) - sum(number for _, number in count.most_common(most))
    return ", ".join([*listed, *([f"elsewhere {rest:,}"] if rest else [])])


def _parts(outlines: list[NDArray[np.float64]], belief: NDArray[np.float64] | None) -> list[Any]:
    def shape(indices: list[int]) -> list[Any]:
        return [[outlines[i].round(_DIGITS).tolist()] for i in indices]

    if belief is None:
        return [("MultiPolygon", shape(list(range(len(outlines)))), _LINE)]
    return [
        (
            "MultiPolygon",
            shape(shade.cells),
            {
                "color": shade.colour,
                "weight": weight,
                "fillColor": shade.colour,
                "fillOpacity": 0.6,
            },
        )
        for weight, shade in enumerate(shades(belief), start=1)
    ]


def _key(belief: NDArray[np.float64]) -> list[str]:
    return [
        f"probability {shade.label}: {len(shade.cells):,} cells, {shade.colour_name}"
        for shade in reversed(shades(belief))
    ]


def picture_of(
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
    drawing.frame(axes, (-90.0, -180.0, 90.0, 180.0), stretch=1.0)
    outlines = rings(cells)
    if belief is None:
        drawing.add_lines(axes, outlines, colors="#005b8f", lw=0.4)
        return figure
    keys = []
    for order, shade in enumerate(shades(belief), start=1):
        chosen = [outlines[i] for i in shade.cells]
        drawing.add_rings(axes, chosen, fc=shade.colour)
        # The more probable, the thicker the edge: a town's cell is smaller than a pixel.
        drawing.add_lines(axes, chosen, colors=shade.colour, lw=0.6 * order)
        keys.append(Patch(fc=shade.colour, label=f"{shade.label} ({len(chosen):,} cells)"))
    axes.legend(handles=keys, title="probability", loc="lower left", fontsize=8, title_fontsize=8)
    return figure
