"""What `evaluate` takes, as arrays: predictions and true places, with NaN where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.distances import Place, check_points
from geonb.errors import EvaluationError, PlaceError
from geonb.predictions import Predictions

if TYPE_CHECKING:
    from numpy.typing import NDArray


def read_guesses(predictions: Any) -> NDArray[np.float64]:
    """Places (N, k, 2) with NaN where there is none, from all that `evaluate` takes."""
    predictions = _listed(predictions)
    if _are_predictions(predictions):
        most = max((len(p) for p in predictions if p is not None), default=1)
        guesses = np.full((len(predictions), most, 2), np.nan)
        for row, p in zip(guesses, predictions, strict=True):
            if p is not None:
                row[: len(p)] = p.places
        return guesses
    places = _places(predictions, "predictions")
    if places.ndim not in {2, 3} or not places.size:
        raise EvaluationError(
            f"predictions of shape {places.shape}; expected (N, 2) or (N, k, 2) with photos in it"
        )
    return places if places.ndim == 3 else places[:, None]


def _listed(predictions: Any) -> Any:
    """One photo's predictions as those of a list of one."""
    return [predictions] if isinstance(predictions, Predictions) else predictions


def _are_predictions(predictions: Any) -> bool:
    is_list = isinstance(predictions, (list, tuple)) and len(predictions) > 0
    return is_list and all(p is None or isinstance(p, Predictions) for p in predictions)


def own_truth(predictions: Any) -> list[Place | None]:
    """What the predictions know of their photos' places."""
    predictions = _listed(predictions)
    if not _are_predictions(predictions):
        raise EvaluationError("predictions given as places need truth=, (N, 2) degrees")
    return [None if p is None else p.truth for p in predictions]


def read_truth(truth: Any) -> NDArray[np.float64]:
    """True places (N, 2) with NaN where there is none. Raises `EvaluationError`, `PlaceError`."""
    return _places(truth, "truth")


def _places(values: Any, what: str) -> NDArray[np.float64]:
    """Degrees (..., 2), where NaN in both coordinates, or None, means that there is no place."""
    if isinstance(values, (list, tuple)):
        values = [(np.nan, np.nan) if value is None else value for value in values]
    try:
        places = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise EvaluationError(f"{what}: expected (latitude, longitude) in degrees") from error
    if places.shape[-1:] != (2,):
        raise EvaluationError(f"{what}: expected (latitude, longitude), got shape {places.shape}")
    none = np.isnan(places).all(axis=-1)
    try:
        check_points(places[~none] if none.any() else places)
    except PlaceError as error:
        raise PlaceError(f"{what}: {error}") from error
    return places
