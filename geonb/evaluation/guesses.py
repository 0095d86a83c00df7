"""A model's guesses for a whole set of photos, in batches, with a progress bar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.errors import PhotoError
from geonb.evaluation.accuracy import Evaluation, evaluate
from geonb.model import BATCH
from geonb.photos.photo import open_photo
from geonb.preprocessing import preprocess

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geonb.distances import Place
    from geonb.evaluation.photo_sets import PhotoSet
    from geonb.model import Model


@dataclass(frozen=True, eq=False)
class Guesses:
    """What a model said of N photos."""

    places: NDArray[np.float64]
    """Its guesses, best first, (N, k, 2) degrees; NaN where the photo could not be opened."""
    confidence: NDArray[np.float64]
    """Probability of the first guess, (N,); NaN likewise."""
    classes: NDArray[np.intp]
    """Cell of the first guess, (N,); -1 likewise."""
    failures: tuple[str, ...]
    """Why photos could not be opened, a line each."""


def guess(model: Model, photos: Sequence[str], top: int = 5, batch: int = BATCH) -> Guesses:
    """Ask the model about every photo, a path or address each; progress goes to stderr.

    A photo that cannot be opened has no guess. Raises `ModelError`.
    """
    from tqdm import tqdm

    top = min(top, len(model.cells))
    places = np.full((len(photos), top, 2), np.nan)
    confidence, classes = np.full(len(photos), np.nan), np.full(len(photos), -1, np.intp)
    failures: list[str] = []
    with tqdm(total=len(photos), desc=f"{model.name}", unit="photo") as progress:
        for first in range(0, len(photos), batch):
            some = photos[first : first + batch]
            opened, squares = _prepare(some, model, failures)
            if opened:
                table = model.run(np.concatenate(squares))  # (n, cells)
                best = np.argsort(-table, axis=1, kind="stable")[:, :top]
                rows = first + np.array(opened)
                places[rows] = model.cells.places[best]
                classes[rows] = best[:, 0]
                confidence[rows] = table.max(axis=1)
            progress.update(len(some))
    return Guesses(places, confidence, classes, tuple(failures))


def _prepare(some: Sequence[str], model: Model, failures: list[str]) -> tuple[list[int], list[Any]]:
    """Which of these photos can be opened, and what the network is to see of each."""
    opened, squares = [], []
    for i, source in enumerate(some):
        try:
            squares.append(preprocess(open_photo(source), recipe=model.recipe))
            opened.append(i)
        except PhotoError as error:
            failures.append(str(error))
    return opened, squares


def evaluate_model(
    model: Model, photos: PhotoSet, top: int = 5, *, constant: Place | None = None
) -> Evaluation:
    """Ask the model about a set of photos, and measure its answers. Raises `ModelError`."""
    guesses = guess(model, photos.photos, top)
    return evaluate(
        guesses.places, photos.truth, name=model.name, test_set=photos.name, constant=constant
    )
