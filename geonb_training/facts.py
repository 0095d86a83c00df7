"""How good a freshly trained model is, on photographers that it never saw."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.distances import distance
from geonb_training.batches import Photos, batches
from geonb_training.network import MINI, import_mxnet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geonb.earth.cells import Cells
    from geonb_training import Settings
    from geonb_training.squares import Squares

THRESHOLDS_KM = (1, 25, 200, 750, 2500)
"""Distances of the blog's tables: street, city, region, country, continent."""


def guesses(module: Any, pixels: NDArray[np.uint8] | Squares, cells: Cells) -> NDArray[np.float64]:
    """Place of the likeliest cell for each picture: (N, 224, 224, 3) to (N, 2) degrees."""
    mx = import_mxnet()
    best = []
    for data, count in batches(pixels, module.data_shapes[0].shape[0]):
        module.forward(mx.io.DataBatch([mx.nd.array(data)]), is_train=False)
        best.append(module.get_outputs()[0].asnumpy()[:count].argmax(axis=1))
    return cells.places[np.concatenate(best)]


def constant_guess(
    train_places: NDArray[np.float64], cells: Cells, threshold_km: float
) -> NDArray[np.float64]:
    """Place of the cell that most training photos lie within the threshold of, (2,) degrees.

    It is what the best guesser says who never looks at the photo.
    """
    near = [np.sum(distance(place, train_places) <= threshold_km) for place in cells.places]
    return cells.places[int(np.argmax(near))]


def describe(
    answers: NDArray[np.float64],
    test: Photos,
    train_places: NDArray[np.float64],
    cells: Cells,
    settings: Settings,
) -> dict[str, Any]:
    """Accuracy on photographers that training never saw, beside the best constant guess."""
    km = distance(answers, test.places)
    rows = []
    for threshold in THRESHOLDS_KM:
        constant = distance(constant_guess(train_places, cells, threshold), test.places)
        model, blind = float(np.mean(km <= threshold)), float(np.mean(constant <= threshold))
        rows.append({"km": threshold, "model": round(model, 4), "constant_guess": round(blind, 4)})
    return {
        "data": "synthetic street scenes drawn by geonb_training.scenes",
        "split": "by photographer",
        "classes": len(cells),
        "n": len(km),
        "accuracy": rows,
        "settings": asdict(settings),
        "network": {key: list(value) for key, value in MINI.items()},
    }
