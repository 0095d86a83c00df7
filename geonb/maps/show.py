"""Draw predictions on a map, by the provider that is asked for or here."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from geonb.distances import check_points
from geonb.maps.providers import Provider, choose, provider_module

if TYPE_CHECKING:
    from geonb.distances import Place
    from geonb.predictions import Predictions


def show_map(
    predictions: Predictions,
    truth: Place | None = None,
    provider: Provider = "auto",
    *,
    photo: bool = True,
    api_key: str | None = None,
    map_id: str | None = None,
) -> Any:
    """Draw predictions on a map: pins by rank, and the true place if it is known.

    The photo stands beside the map, so a notebook that you save holds it: small and without its
    EXIF. ``photo=False`` leaves it out.

    ``truth`` replaces the truth that the predictions carry. ``auto`` takes the provider that the
    variable GEONB_MAP names; otherwise Google's map if there is a key (GOOGLE_MAPS_API_KEY or
    ``api_key``), otherwise Leaflet's, otherwise a picture. The line below the map says which.
    ``map_id`` is Google's name for a map style. Raises `MapError`, `PlaceError`,
    `MissingDependencyError`.
    """
    if truth is not None:
        lat, lng = check_points(truth).tolist()
        predictions = dataclasses.replace(predictions, truth=(lat, lng))
    chosen, why = choose(provider, api_key)
    options = {"google": {"api_key": api_key, "map_id": map_id}, "gmaps": {"api_key": api_key}}
    draw = provider_module(chosen).draw
    return draw(predictions, why, photo=photo, **options.get(chosen, {}))
