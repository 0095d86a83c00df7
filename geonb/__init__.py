"""geonb tells where a photo was taken.

The public names, loaded when they are first used; importing geonb imports nothing else.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from geonb.cells import Cells, read_cells
    from geonb.cleaning import clean_notebook
    from geonb.comparisons import compare
    from geonb.distances import bounds, distance
    from geonb.errors import GeonbError
    from geonb.evaluation import Evaluation, evaluate
    from geonb.fetching import fetch
    from geonb.maps import repair_gmaps, show_cells, show_heatmap, show_map
    from geonb.model import Model, load_model
    from geonb.partitions import partition
    from geonb.photo import Photo, example_photo, open_photo
    from geonb.picker import FileUpload, PhotoPicker
    from geonb.predictions import Prediction, Predictions, predict
    from geonb.preprocessing import preprocess
    from geonb.published import check_published

__version__ = "0.1.0"

# Rooms are nouns where their function is a verb (predictions.predict): a room and a name of the
# same spelling would hide each other.
_HOMES = {
    "Cells": "cells",
    "Evaluation": "evaluation",
    "FileUpload": "picker",
    "GeonbError": "errors",
    "Model": "model",
    "Photo": "photo",
    "PhotoPicker": "picker",
    "Prediction": "predictions",
    "Predictions": "predictions",
    "bounds": "distances",
    "check_published": "published",
    "clean_notebook": "cleaning",
    "compare": "comparisons",
    "distance": "distances",
    "evaluate": "evaluation",
    "example_photo": "photo",
    "fetch": "fetching",
    "load_model": "model",
    "open_photo": "photo",
    "partition": "partitions",
    "predict": "predictions",
    "preprocess": "preprocessing",
    "read_cells": "cells",
    "repair_gmaps": "maps",
    "show_cells": "maps",
    "show_heatmap": "maps",
    "show_map": "maps",
}

__all__ = [
    "Cells",
    "Evaluation",
    "FileUpload",
    "GeonbError",
    "Model",
    "Photo",
    "PhotoPicker",
    "Prediction",
    "Predictions",
    "bounds",
    "check_published",
    "clean_notebook",
    "compare",
    "distance",
    "evaluate",
    "example_photo",
    "fetch",
    "load_model",
    "open_photo",
    "partition",
    "predict",
    "preprocess",
    "read_cells",
    "repair_gmaps",
    "show_cells",
    "show_heatmap",
    "show_map",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'geonb' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"geonb.{_HOMES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
