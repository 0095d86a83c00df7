"""A map of many places: one circle for those that would cover each other."""

from collections import Counter
from functools import partial

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from geonb.distances import check_points
from geonb.earth.places import nearest_town
from geonb.maps import drawing
from geonb.maps.pins import PIN_COLOUR
from geonb.shown.pictures import Picture


def show_places(places: ArrayLike) -> Picture:
    """Draw places, (N, 2) degrees, on a map of the world; a circle says how many it stands for.

    Raises `PlaceError` for what is no place on Earth.
    """
    points = check_points(places).reshape(-1, 2)
    countries = Counter(nearest_town((lat, lng)).country for lat, lng in points.tolist())
    most = ", ".join(f"{country} {count:,}" for country, count in countries.most_common(6))
    alt = f"World map with a circle for each group of {len(points):,} places. Most are in: {most}."
    return Picture(partial(_figure, points), alt)


def _figure(points: NDArray[np.float64]) -> Figure:
    figure = Figure(figsize=(9.4, 4.4), facecolor="white")
    chart = drawing.world(figure.add_axes((0.01, 0.01, 0.98, 0.98)))
    spots = np.array([chart.at((lat, lng)) for lat, lng in points.tolist()]).reshape(-1, 2)
    groups: list[list[NDArray[np.float64]]] = []
    for spot in spots:
        near = (group for group in groups if np.hypot(*(spot - group[0])) < 24)  # points
        if group := next(near, None):
            group.append(spot)
        else:
            groups.append([spot])
    for group in groups:
        spot, count = group[0], len(group)
        size = 13 + 5 * float(np.log10(count))
        drawing.add_dot(chart, spot, size, PIN_COLOUR, mew=0.6, alpha=0.9, clip_on=True)
        drawing.write(chart, f"{count}", spot, "white", fontsize=6.5, weight="bold", zorder=9)
    return figure
