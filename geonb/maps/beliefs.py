"""Maps of a whole model: the outlines of its cells, and its belief in each of them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from geonb.earth.places import nearest_town
from geonb.maps import static
from geonb.maps.outlines import rings
from geonb.maps.shades import shades

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from geonb.earth.cells import Cells

_DIGITS = 5
"""Of a degree, about a metre; the smallest cells are smaller than a screen's pixel anyway."""
_LINE = {"color": "#005b8f", "weight": 1, "fill": False}


def draw(cells: Cells, text: str, provider: str, belief: NDArray[np.float64] | None = None) -> Any:
    """Draw cells on Leaflet's map or on a picture, shaded where a belief (N,) is given.

    Cells of one shade are one shape on one canvas: 15,527 shapes of their own would not pan.
    """
    lines = [text] if belief is None else [text, *_key(belief)]
    picture = static.draw_cells(cells, lines, belief)
    if provider == "static":
        return picture
    from geonb.maps.show import provider_module

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
