"""geonb tells where a photo was taken.

The public names, loaded when they are first used; importing geonb imports nothing else.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from geonb.distances import bounds, distance
    from geonb.earth.cells import Cells, read_cells
    from geonb.earth.partitions import partition
    from geonb.errors import GeonbError
    from geonb.evaluation.accuracy import Evaluation, evaluate
    from geonb.evaluation.comparisons import Comparison, compare
    from geonb.evaluation.occlusion import Occlusion, occlude, occlude_boxes
    from geonb.evaluation.photo_sets import PhotoSet, read_photos
    from geonb.evaluation.published import check_published
    from geonb.evaluation.reliability import reliability
    from geonb.evaluation.temperature import calibrate
    from geonb.maps.cleaning import clean_notebook
    from geonb.maps.repair import repair_gmaps
    from geonb.maps.show import show_cells, show_heatmap, show_map
    from geonb.model import Model, load_model
    from geonb.photos.photo import Photo, example_photo, open_photo
    from geonb.photos.showing import show_photo
    from geonb.picker.widget import FileUpload, PhotoPicker
    from geonb.predictions import Prediction, Predictions, predict
    from geonb.preprocessing import preprocess
    from geonb.shown.pictures import show_figure
    from geonb.weights.fetching import fetch

__version__ = "0.1.0"

# Rooms are nouns where their function is a verb (predictions.predict): a room and a name of the
# same spelling would hide each other.
_HOMES = {
    "Cells": "earth.cells",
    "Comparison": "evaluation.comparisons",
    "Evaluation": "evaluation.accuracy",
    "FileUpload": "picker.widget",
    "GeonbError": "errors",
    "Model": "model",
    "Occlusion": "evaluation.occlusion",
    "Photo": "photos.photo",
    "PhotoPicker": "picker.widget",
    "PhotoSet": "evaluation.photo_sets",
    "Prediction": "predictions",
    "Predictions": "predictions",
    "bounds": "distances",
    "calibrate": "evaluation.temperature",
    "check_published": "evaluation.published",
    "clean_notebook": "maps.cleaning",
    "compare": "evaluation.comparisons",
    "distance": "distances",
    "evaluate": "evaluation.accuracy",
    "example_photo": "photos.photo",
    "fetch": "weights.fetching",
    "load_model": "model",
    "occlude": "evaluation.occlusion",
    "occlude_boxes": "evaluation.occlusion",
    "open_photo": "photos.photo",
    "partition": "earth.partitions",
    "predict": "predictions",
    "preprocess": "preprocessing",
    "read_cells": "earth.cells",
    "read_photos": "evaluation.photo_sets",
    "reliability": "evaluation.reliability",
    "repair_gmaps": "maps.repair",
    "show_cells": "maps.show",
    "show_figure": "shown.pictures",
    "show_heatmap": "maps.show",
    "show_map": "maps.show",
    "show_photo": "photos.showing",
}

__all__ = [
    "Cells",
    "Comparison",
    "Evaluation",
    "FileUpload",
    "GeonbError",
    "Model",
    "Occlusion",
    "Photo",
    "PhotoPicker",
    "PhotoSet",
    "Prediction",
    "Predictions",
    "bounds",
    "calibrate",
    "check_published",
    "clean_notebook",
    "compare",
    "distance",
    "evaluate",
    "example_photo",
    "fetch",
    "load_model",
    "occlude",
    "occlude_boxes",
    "open_photo",
    "partition",
    "predict",
    "preprocess",
    "read_cells",
    "read_photos",
    "reliability",
    "repair_gmaps",
    "show_cells",
    "show_figure",
    "show_heatmap",
    "show_map",
    "show_photo",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'geonb' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"geonb.{_HOMES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
