"""Locate photos in a worker process, which keeps its model: for Ray, Dask, Spark and pools."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from geonb.model import Model, load_model
from geonb.photos.photo import Photo
from geonb_lab.many.results import name_of, predict_many
from geonb_lab.many.tables import row


@lru_cache(maxsize=1)
def _model(name: str, **options: Any) -> Model:
    """The model of this process: loaded once, and again if other options are asked for."""
    return load_model(name, **options)


def locate_rows(
    paths: Sequence[str],
    contents: Iterable[bytes] | None = None,
    *,
    model: str,
    top: int = 5,
    **options: Any,
) -> list[dict[str, Any]]:
    """Locate photos; one row per photo with the columns of ``geonb locate --out``, in order.

    ``contents`` are the files' bytes, if they were read already. ``options`` are those of
    `load_model`. A photo that fails has its ``error``. Let workers import this function: a copy
    that is defined in a notebook would load the model at every call.
    """
    loaded = _model(model, **options)
    photos: Sequence[Any] = paths
    if contents is not None:
        photos = [
            Photo(name_of(path), bytes(data)) for path, data in zip(paths, contents, strict=True)
        ]
    results = predict_many(loaded, photos, top, progress=False)
    return [row(result, loaded.name, top) for result in results]
