"""Draw predictions, or cells, on a map: which of the packages to take, and loading it."""

import dataclasses
import os
from collections import Counter
from functools import partial
from html import escape
from importlib import import_module
from importlib.util import find_spec
from itertools import chain
from typing import Any, Literal

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from geonb.distances import Place, bounds, check_points, haversine
from geonb.earth.cells import Cells
from geonb.earth.outlines import polygons
from geonb.errors import MapError, MissingDependencyError, needing
from geonb.maps import drawing
from geonb.maps.pins import CLUSTER_KM
from geonb.model import Model
from geonb.predictions import Predictions
from geonb.shown.pictures import Picture, styled

Provider = Literal["auto", "google", "gmaps", "leaflet", "static"]
PROVIDERS = ("google", "gmaps", "leaflet", "static")
"""Google through geonb's own widget or the blog's package; OpenStreetMap; a picture."""
VARIABLE = "GEONB_MAP"
"""The environment variable that says what ``auto`` takes."""
DIGITS = 5
"""Of a degree, about a metre."""
_LINE = {"color": "#2e5f8a", "weight": 1, "fill": False}


def show_map(  # noqa: PLR0913 - each of them is a choice of its own
    predictions: Predictions,
    truth: Place | None = None,
    provider: Provider = "auto",
    *,
    photo: bool | None = None,
    region: object = None,
    api_key: str | None = None,
    map_id: str | None = None,
) -> Any:
    """Draw predictions on a map: pins by rank, and the true place if it is known.

    The photo stands beside the map, so a notebook that you save holds it: small and without its
    EXIF. ``photo=False`` leaves it out. A photo from a picker or an upload is left out unless you
    say ``photo=True``.

    ``truth`` replaces the truth that the predictions carry. ``region`` is what `geonb_lab.region`
    gives: the line below the map then says it. ``auto`` takes the provider that the
    variable GEONB_MAP names; otherwise Google's map if there is a key (GOOGLE_MAPS_API_KEY or
    ``api_key``), otherwise Leaflet's, otherwise a picture. The line below the map says which.
    ``map_id`` is Google's name for a map style. Raises `MapError`, `PlaceError`,
    `MissingDependencyError`.
    """
    if truth is not None:
        lat, lng = check_points(truth).tolist()
        predictions = dataclasses.replace(predictions, given_truth=(lat, lng))
    chosen, why = choose(provider, api_key)
    why = why if region is None else f"{region}. {why}"
    options = {"google": {"api_key": api_key, "map_id": map_id}, "gmaps": {"api_key": api_key}}
    draw = provider_module(chosen).draw
    photo = not predictions.photo.uploaded if photo is None else photo
    return draw(predictions, why, photo=photo, **options.get(chosen, {}))


def provider_module(provider: str) -> Any:
    """Import a provider's module. Raises `MissingDependencyError`."""
    try:
        return import_module(f"geonb.maps.{provider}")
    except ImportError as error:
        extra = "gmaps" if provider == "gmaps" else "maps"
        raise MissingDependencyError(f"the {provider} map", str(error.name), extra) from error


def _has(*packages: str) -> bool:
    return all(map(find_spec, packages))


def choose(provider: str, api_key: str | None = None) -> tuple[str, str]:
    """The provider, and the reason in words. Raises `MapError` for an unknown name."""
    asked = provider
    if provider == "auto":
        asked = os.environ.get(VARIABLE) or "auto"
    if asked not in {"auto", *PROVIDERS}:
        where = f"{VARIABLE}={asked}" if provider == "auto" else repr(provider)
        raise MapError(f"no map provider {where}; choose auto, {', '.join(PROVIDERS)}")
    if asked != "auto":
        return asked, f"Map: {asked}{f', as {VARIABLE} says' if provider == 'auto' else ''}."
    if (api_key or os.environ.get("GOOGLE_MAPS_API_KEY")) and _has("anywidget"):
        return "google", f"Map: google, because there is an API key; {VARIABLE} chooses another."
    if _has("ipyleaflet", "anywidget"):
        why = f"which needs no key; {VARIABLE} chooses another."
        return "leaflet", f"Map: leaflet (OpenStreetMap), {why}"
    return "static", 'Map: a picture; for live maps: pip install "geonb[maps]"'


def repair_gmaps() -> None:
    """Make gmaps 0.9.0, the blog's map package, run on Python 3.10 and newer.

    It looks for ``collections.Iterable``, which moved to ``collections.abc``. Raises
    `MissingDependencyError`.
    """
    import collections.abc

    with needing("the blog's map", "gmaps", "gmaps"):
        import gmaps.options
    gmaps.options.collections = collections.abc


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
    world.add(leaflet.shapes([("MultiPolygon", shape, _LINE, "")]))
    return leaflet.boxed(world, picture, points=[], lines=[text], alt=picture.alt)


def choose_for_cells(provider: str) -> str:
    """Leaflet or a picture, the two that can draw cells; ``auto`` takes the nearest to its choice.

    Raises `MapError`.
    """
    if provider in {"google", "gmaps"}:
        raise MapError(f"cells are not drawn by {provider}; choose auto, leaflet or static")
    chosen, _ = choose(provider)
    possible = chosen not in {"google", "gmaps"}
    return chosen if possible else "leaflet" if _has("ipyleaflet", "anywidget") else "static"


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
