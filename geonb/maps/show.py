"""Choose a map's provider, and draw: predictions, cells, the belief in each of them."""

from __future__ import annotations

import dataclasses
import os
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal

from geonb.distances import check_points
from geonb.errors import MapError, MissingDependencyError, printable

if TYPE_CHECKING:
    from geonb.distances import Place
    from geonb.model import Model
    from geonb.photos.photo import PhotoSource
    from geonb.predictions import Predictions

Provider = Literal["auto", "google", "gmaps", "leaflet", "static"]
PROVIDERS = ("google", "gmaps", "leaflet", "static")
"""Google by geonb's own widget, by the blog's package; OpenStreetMap; a picture."""
_PACKAGES = {
    "google": ("anywidget",),
    "gmaps": ("gmaps", "anywidget"),
    "leaflet": ("ipyleaflet", "anywidget"),
}
"""What one installs for a provider; the other packages that it imports come with these."""
VARIABLE = "GEONB_MAP"
"""The environment variable that says what ``auto`` takes."""


def show_map(
    predictions: Predictions,
    truth: Place | None = None,
    provider: Provider = "auto",
    *,
    api_key: str | None = None,
    map_id: str | None = None,
) -> Any:
    """Draw predictions on a map: pins by rank, and the true place where it is known.

    ``truth`` goes before the truth that the predictions carry. ``auto`` takes what the variable
    GEONB_MAP names; else Google's map where GOOGLE_MAPS_API_KEY (or ``api_key``) gives a key,
    else Leaflet's, else a picture; the choice is said below the map. ``map_id`` is Google's name
    for a map style. Raises `MapError`, `PlaceError`, `MissingDependencyError`.
    """
    if truth is not None:
        lat, lng = check_points(truth).tolist()
        predictions = dataclasses.replace(predictions, truth=(lat, lng))
    chosen, why = choose(provider, api_key)
    options = {"google": {"api_key": api_key, "map_id": map_id}, "gmaps": {"api_key": api_key}}
    return provider_module(chosen).draw(predictions, why, **options.get(chosen, {}))


def provider_module(provider: str) -> Any:
    """A provider's room, whose packages are loaded with it."""
    try:
        return import_module(f"geonb.maps.{provider}")
    except ImportError as error:
        package = next(iter(_missing(provider)), str(error.name))
        extra = "gmaps" if provider == "gmaps" else "maps"
        raise MissingDependencyError(f"the {provider} map", package, extra) from error


def _missing(provider: str) -> list[str]:
    return [package for package in _PACKAGES[provider] if find_spec(package) is None]


def show_cells(model: Model, provider: Provider = "auto") -> Any:
    """Outline the model's cells on Leaflet's map, or on a picture (``static``)."""
    from geonb.maps import beliefs

    counts = beliefs.by_country(model.cells)
    text = f"The {len(model.cells):,} cells of {model.name}, by country: {counts}."
    return beliefs.draw(model.cells, text, _of_cells(provider))


def show_heatmap(model: Model, photo: PhotoSource, provider: Provider = "auto") -> Any:
    """Shade every cell by the model's probability for the photo: its belief, not five points."""
    from geonb.earth.places import nearest_town
    from geonb.maps import beliefs
    from geonb.photos.photo import open_photo

    photo = open_photo(photo)
    belief = model.probabilities(photo)[0].astype(float)
    top = int(belief.argmax())
    town = nearest_town(model.cells.places[top])
    text = (
        f"Where {model.name} believes that {printable(photo.name)} was taken: {len(belief):,} "
        f"cells; the most probable, with {belief[top]:.2%}, is {model.cells.tokens[top]}: {town}."
    )
    note = f" {model.note}." if model.note else ""
    return beliefs.draw(model.cells, text + note, _of_cells(provider), belief)


def choose(provider: str, api_key: str | None = None) -> tuple[str, str]:
    """The provider, and the reason in words. Raises `MapError` for a name that is none."""
    asked = provider
    if provider == "auto":
        asked = os.environ.get(VARIABLE) or "auto"
    if asked not in {"auto", *PROVIDERS}:
        where = f"{VARIABLE}={asked}" if provider == "auto" else repr(provider)
        raise MapError(f"no map provider {where}; choose auto, {', '.join(PROVIDERS)}")
    if asked != "auto":
        return (
            asked,
            f"Map: {asked}, as {VARIABLE} says." if provider == "auto" else f"Map: {asked}.",
        )
    if (api_key or os.environ.get("GOOGLE_MAPS_API_KEY")) and not _missing("google"):
        return "google", f"Map: google, because there is an API key; {VARIABLE} chooses another."
    if not _missing("leaflet"):
        return (
            "leaflet",
            "Map: leaflet (OpenStreetMap), which needs no key; GEONB_MAP chooses another.",
        )
    return "static", 'Map: a picture; for live maps: pip install "geonb[maps]"'


def _of_cells(provider: str) -> str:
    """Cells are drawn by Leaflet or as a picture; ``auto`` takes the nearest to its choice."""
    if provider in {"google", "gmaps"}:
        raise MapError(f"cells are not drawn by {provider}; choose auto, leaflet or static")
    chosen, _ = choose(provider)
    if chosen in {"google", "gmaps"}:
        return "static" if _missing("leaflet") else "leaflet"
    return chosen
