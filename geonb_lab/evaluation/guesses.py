"""Guesses for many photos: a model's, those that callers have as arrays, and the constant one."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geonb.distances import Place, as_degrees, check_points
from geonb.earth import s2
from geonb.earth.cells import Cells
from geonb.errors import EvaluationError, GeonbError, PlaceError
from geonb.model import Model
from geonb.photos.photo import Photo, open_photo
from geonb.predictions import Predictions, rank
from geonb.preprocessing import preprocess
from geonb_lab.evaluation.photo_sets import PhotoSet
from geonb_lab.evaluation.promises import Coverage, coverage_from, share_before
from geonb_lab.many.results import Result, predict_many
from geonb_lab.regions import hold, true_classes

BEST_OF = 5
"""Guesses for each photo that count."""


@dataclass(frozen=True, eq=False)
class Guesses:
    """What a model, by its name, says about N photos."""

    model: str
    places: NDArray[np.float64]  # best first, (N, k, 2); NaN for a photo that can't be opened
    failures: tuple[str, ...]  # why not, one line each
    before: NDArray[np.float64]  # probability that ranks before the truth, (N,); see `share_before`
    coverage: Coverage | None  # of what the model promises, if it does


def guess(model: Model, photos: PhotoSet, crops: int = 1) -> Guesses:
    """Ask the model about every photo of a set, with a progress bar.

    ``crops`` is 1, or 10 as in `predict_ten_crops`. A photo that can't be opened has no guess.
    Raises `ModelError`, and `EvaluationError` for other numbers of crops.
    """
    if crops not in {1, 10}:
        raise EvaluationError(f"crops is 1, the middle alone, or 10 as in papers, not {crops}")
    ask = predict_many if crops == 1 else predict_ten_crops
    count, true = len(photos), true_classes(model.cells, photos.truth)
    places = np.full((count, min(BEST_OF, len(model.cells)), 2), np.nan)
    before, areas = np.full(count, np.inf), np.full(count, np.nan)
    failures = []
    for i, result in enumerate(ask(model, photos.photos, BEST_OF)):
        if result.predictions is None:
            failures.append(str(result.error))
            continue
        places[i] = result.predictions.places
        belief = result.predictions.belief
        assert belief
        before[i] = share_before(belief.probabilities, true[i])
        if model.promise:
            areas[i] = hold(belief, model.promise.share).area_km2
    coverage = coverage_from(model.promise, before, areas) if model.promise else None
    return Guesses(model.name, places, tuple(failures), before, coverage)


def predict_ten_crops(model: Model, photos: Iterable[str], top: int = 5) -> Iterator[Result]:
    """Predict each photo from four corners, the middle, and their mirror images.

    The ten answers' probabilities are averaged. Raises `ModelError` if the network is broken.
    """
    from tqdm.auto import tqdm

    for source in tqdm(photos, f"{model.name}, ten crops", unit="photo"):
        try:
            photo = open_photo(source)
            prepared = ten_crops(model, photo)
        except GeonbError as error:
            yield Result(source, None, error)
        else:
            probabilities = model.run(prepared).mean(axis=0)
            yield Result(source, rank(model, photo, probabilities, top))


def ten_crops(model: Model, photo: Photo) -> NDArray[np.float32]:
    """A photo's crops as the model's recipe prepares them, (10, 3, side, side).

    They are as large as in papers, which shrink the short side to 256 and cut squares of 224.
    """
    image = photo.image()
    width, height = image.size
    side = max(1, round(224 / 256 * min(width, height)))
    right, below = width - side, height - side
    corners = [(0, 0), (right, 0), (0, below), (right, below), (right // 2, below // 2)]
    crops = [image.crop((x, y, x + side, y + side)) for x, y in corners]
    prepared = preprocess(crops, recipe=model.recipe)  # (5, 3, side, side)
    return np.concatenate([prepared, prepared[..., ::-1]])


def most_frequent(places: ArrayLike, cells: Cells | None = None) -> Place:
    """Give the constant guess: the place of the cell that holds most of the ``places``, (N, 2).

    Without ``cells``, S2 cells of level 10 (about 9 km) are used, and the centre of their photos.
    Raises `EvaluationError` if no place lies in a cell.
    """
    points = check_points(places).reshape(-1, 2)
    if cells is None:
        classes: NDArray[Any] = s2.parents(s2.leaf_ids(points), 10)
    else:
        classes = cells.index(points)
        classes = classes[classes >= 0]
    if not len(classes):
        raise EvaluationError("none of the places lies in a cell, so there is no most frequent one")
    names, counts = np.unique(classes, return_counts=True)
    fullest = names[np.argmax(counts)]
    if cells is not None:
        return one_place(cells.places[fullest])
    return one_place(s2.to_degrees(s2.unit_vectors(points[classes == fullest]).sum(axis=0)))


def one_place(values: ArrayLike) -> Place:
    """Two numbers as a place. Raises `PlaceError`."""
    lat, lng = check_points(values).tolist()
    return lat, lng


def read_guesses(predictions: Any, truth: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Guesses (N, k, 2) and true places (N, 2), NaN for none, from all that `evaluate` takes.

    At most `BEST_OF` guesses of each photo count.
    """
    if isinstance(predictions, Predictions):
        predictions = [predictions]
    listed = predictions if isinstance(predictions, (list, tuple)) else []
    if listed and all(p is None or isinstance(p, Predictions) for p in listed):
        if truth is None:
            truth = [None if p is None else p.truth for p in listed]
        most = max((len(p) for p in listed if p), default=1)
        predictions = np.full((len(listed), most, 2), np.nan)
        for row, p in zip(predictions, listed, strict=True):
            if p:
                row[: len(p)] = p.places
    if truth is None:
        raise EvaluationError("predictions given as places need truth=, (N, 2) degrees")
    guesses = _read_places(predictions, "predictions")
    if guesses.ndim not in {2, 3} or not guesses.size:
        wanted = "expected (N, 2) or (N, k, 2) with photos in it"
        raise EvaluationError(f"predictions of shape {guesses.shape}; {wanted}")
    places = _read_places(truth, "truth")
    if places.shape != (len(guesses), 2):
        raise EvaluationError(
            f"{len(guesses):,} predictions and a truth of shape {places.shape}; "
            f"expected ({len(guesses)}, 2), a place a photo in the same order"
        )
    return guesses.reshape(len(guesses), -1, 2)[:, :BEST_OF], places


def _read_places(values: Any, what: str) -> NDArray[np.float64]:
    """Degrees (..., 2); NaN in both coordinates, or None, means that there is no place.

    Raises `EvaluationError`, `PlaceError`, which call the values ``what``.
    """
    if isinstance(values, (list, tuple)):
        values = [(np.nan, np.nan) if value is None else value for value in values]
    try:
        places = as_degrees(values)
    except (TypeError, ValueError, OverflowError) as error:
        raise EvaluationError(f"{what}: expected (latitude, longitude) in degrees") from error
    if places.shape[-1:] != (2,):
        raise EvaluationError(f"{what}: expected (latitude, longitude), got shape {places.shape}")
    none = np.isnan(places).all(axis=-1)
    try:
        check_points(places[~none] if none.any() else places)
    except PlaceError as error:
        raise PlaceError(f"{what}: {error}") from error
    return places
