"""Ten views of each photo, whose answers are averaged: as papers measure, and `predict` doesn't."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geonb.errors import GeonbError
from geonb.many.results import Result
from geonb.photos.photo import open_photo
from geonb.predictions import rank
from geonb.preprocessing import preprocess

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from geonb.model import Model
    from geonb.photos.photo import Photo

SHARE = 224 / 256
"""Of the short side, that a crop sees: papers shrink it to 256 pixels and cut squares of 224."""


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
    """A photo's crops as the model's recipe prepares them, (10, 3, side, side)."""
    image = photo.image()
    width, height = image.size
    side = max(1, round(SHARE * min(width, height)))
    right, below = width - side, height - side
    corners = [(0, 0), (right, 0), (0, below), (right, below), (right // 2, below // 2)]
    crops = [image.crop((x, y, x + side, y + side)) for x, y in corners]
    prepared = preprocess(crops, recipe=model.recipe)  # (5, 3, side, side)
    return np.concatenate([prepared, prepared[..., ::-1]])
