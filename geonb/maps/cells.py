"""A map of a model's cells."""

from collections import Counter
from functools import partial
from html import escape
from itertools import chain
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from geonb.distances import bounds, haversine
from geonb.earth.cells import Cells
from geonb.earth.outlines import polygons
from geonb.maps import drawing
from geonb.maps.points import CLUSTER_KM
from geonb.maps.show import Provider, choose_for_cells, provider_module
from geonb.model import Model
from geonb.shown.pictures import Picture, styled

DIGITS = 5
"""Of a degree, about a metre."""
_LINE = {"color": "#2e5f8a", "weight": 1, "fill": False}


def show_cells(of: Model | Cells, provider: Provider = "auto") -> Any:
    """Outline a model's cells, or any others, on Leaflet's map or on a picture (``static``)."""
    cells, whose = (of, "") if isinstance(of, Cells) else (of.cells, f" of {of.name}")
    text = f"The {len(cells):,} cells{whose}, by country: {_by_country(cells)}."
    outlines = list(chain.from_iterable(polygons(cells.ids)))
    picture = picture_of(partial(_cells_figure, outlines, cells), text)
    if choose_for_cells(provider) == "static":
        return picture
    leaflet = provider_module("leaflet")
    view = leaflet.view(bounds(cells.places)) if _are_near(cells) else ((25.0, 10.0), 2)
    world = leaflet.base_map(*view)
    shape = [[ring.round(DIGITS).tolist()] for ring in outlines]
    world.add(leaflet.shapes([leaflet.feature("MultiPolygon", shape, _LINE)]))
    return leaflet.boxed(world, picture, points=[], lines=[text], alt=picture.alt)


def _by_country(cells: Cells) -> str:
    """How many cells lie in the countries that have the most, by their nearest towns."""
    counts = Counter(cells.countries).most_common()
    listed = [f"{country} {number:,}" for country, number in counts[:6]]
    rest = sum(number for _, number in counts[6:])
    return ", ".join([*listed, *([f"elsewhere {rest:,}"] if rest else [])])


def picture_of(figure: partial[Figure], text: str, more: str = "") -> Picture:
    """The picture with its sentence below; ``more`` is for those who can't see it."""
    alt, below = f"Map. {text} {more}".strip(), f"{text}\n{more}".strip()
    return Picture(figure, alt, below, styled(f"<p>{escape(text)}</p>"))


def _are_near(cells: Cells) -> bool:
    """Whether they would be a speck on a map of the world, as those of a head for one town."""
    return bool(haversine(cells.places, cells.places[0]).max() < CLUSTER_KM)


def _cells_figure(outlines: list[NDArray[np.float64]], cells: Cells) -> Figure:
    figure = Figure(figsize=(9.4, 4.4), facecolor="white")
    axes = figure.add_axes((0.01, 0.01, 0.98, 0.98))
    if _are_near(cells):
        chart = drawing.close_up(axes, [cells.place(i) for i in range(len(cells))])
        drawing.add_scale_bar(chart)
        drawing.add_towns(chart)
    else:
        chart = drawing.world(axes, south=-90.0, north=90.0)
    chart.add_lines(outlines, colors=_LINE["color"], lw=0.4)
    return figure
