"""Maps of predictions: one provider a file, all with the answer as text beside them."""

from __future__ import annotations

import dataclasses
import importlib
from typing import TYPE_CHECKING, Any, Literal

from geonb.distances import check_points
from geonb.errors import MapError

if TYPE_CHECKING:
    from geonb.distances import Place
    from geonb.predictions import Predictions

Provider = Literal["auto", "static"]
PROVIDERS = ("static",)
"""Modules of this package; each has ``draw(predictions)``."""


def show_map(
    predictions: Predictions, truth: Place | None = None, provider: Provider = "auto"
) -> Any:
    """Draw predictions on a map: pins by rank, and the true place where it is known.

    ``truth`` goes before the truth that the predictions carry. ``auto`` takes the best provider
    that is there. Raises `MapError`, `PlaceError`.
    """
    if truth is not None:
        lat, lng = check_points(truth).tolist()
        predictions = dataclasses.replace(predictions, truth=(lat, lng))
    chosen = PROVIDERS[0] if provider == "auto" else provider
    if chosen not in PROVIDERS:
        raise MapError(f"no map provider {provider!r}; choose auto, {', '.join(PROVIDERS)}")
    return importlib.import_module(f"geonb.maps.{chosen}").draw(predictions)
