"""Draw predictions on a map: which of the packages that draw maps to take, and loading it."""

import dataclasses
import os
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal

from geonb.distances import Place, check_points
from geonb.errors import MapError, MissingDependencyError, needing
from geonb.predictions import Predictions

Provider = Literal["auto", "google", "gmaps", "leaflet", "static"]
PROVIDERS = ("google", "gmaps", "leaflet", "static")
"""Google through geonb's own widget or the blog's package; OpenStreetMap; a picture."""
VARIABLE = "GEONB_MAP"
"""The environment variable that says what ``auto`` takes."""


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


def choose_for_cells(provider: str) -> str:
    """Leaflet or a picture, the two that can draw cells; ``auto`` takes the nearest to its choice.

    Raises `MapError`.
    """
    if provider in {"google", "gmaps"}:
        raise MapError(f"cells are not drawn by {provider}; choose auto, leaflet or static")
    chosen, _ = choose(provider)
    possible = chosen not in {"google", "gmaps"}
    return chosen if possible else "leaflet" if _has("ipyleaflet", "anywidget") else "static"


def repair_gmaps() -> None:
    """Make gmaps 0.9.0, the blog's map package, run on Python 3.10 and newer.

    It looks for ``collections.Iterable``, which moved to ``collections.abc``. Raises
    `MissingDependencyError`.
    """
    import collections.abc

    with needing("the blog's map", "gmaps", "gmaps"):
        import gmaps.options
    gmaps.options.collections = collections.abc
