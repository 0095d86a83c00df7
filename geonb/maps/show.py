"""Draw on a map: predictions, a model's cells, its belief in each of them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from geonb.distances import check_points
from geonb.earth.cells import Belief
from geonb.earth.places import nearest_town
from geonb.errors import printable
from geonb.maps import beliefs
from geonb.maps.providers import Provider, choose, choose_for_cells, provider_module
from geonb.photos.photo import PhotoSource, open_photo
from geonb.regions import promised
from geonb.shown.sheets import percent

if TYPE_CHECKING:
    from geonb.distances import Place
    from geonb.model import Model
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


def show_cells(model: Model, provider: Provider = "auto") -> Any:
    """Outline the model's cells on Leaflet's map, or on a picture (``static``)."""
    counts = beliefs.by_country(model.cells)
    text = f"The {len(model.cells):,} cells of {model.name}, by country: {counts}."
    return beliefs.draw_cells(model.cells, text, choose_for_cells(provider))


def show_heatmap(model: Model, photo: PhotoSource, provider: Provider = "auto") -> Any:
    """Show where the model looks for a photo: all of its belief, not five points.

    Points are cells, sized by their probability; the map starts at those that hold 90% of it.
    Two areas are the smallest that hold 50% and 90%; a dashed line is around the region that the
    model promises, if it does (`Predictions.region`). On Leaflet's map, point at one to read its
    town and its probability.
    """
    photo = open_photo(photo)
    probabilities = model.probabilities(photo)[0].astype(float)
    best = model.cells.place(int(probabilities.argmax()))
    text = (
        f"Where {model.name} looks for {printable(photo.name)}: first at {nearest_town(best)}, "
        f"with {percent(float(probabilities.max()))}."
    )
    note = f" {model.note}." if model.note else ""
    region = promised(Belief(model.cells, probabilities, model.folder))
    belief = beliefs.Belief(model.cells, probabilities, text + note, region)
    return beliefs.draw_belief(belief, choose_for_cells(provider))
