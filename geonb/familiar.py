"""Whether a photo is like those that a model was trained on, told from its whole answer."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geonb.errors import ModelError
from geonb.files import expecting

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SEEN_FILE = "seen.npz"
"""What a model's answers to the photos of its training have in common, beside its other files."""
_TINY = 1e-30  # a smaller probability counts as this one


@dataclass(frozen=True, eq=False)
class Seen:
    """The plane near which the answers to a training's photos lie: logarithms, less their mean.

    Attributes:
        middle: A point of it, (places,).
        axes: The directions in which answers differ most, (places, k).
        limit: How far off the plane an answer is at most, unless the photo is of another kind.
    """

    middle: NDArray[np.float64]
    axes: NDArray[np.float64]
    limit: float

    def distance(self, probabilities: NDArray[np.float32]) -> NDArray[np.float64]:
        """How far off the plane answers are, (N, places) to (N,)."""
        logs = np.log(np.maximum(probabilities.astype(np.float64), _TINY))
        off = logs - logs.mean(axis=1, keepdims=True) - self.middle
        return np.linalg.norm(off - off @ self.axes @ self.axes.T, axis=1)


def read_seen(folder: Path, places: int) -> Seen | None:
    """What is stored with a model of so many places; None if nothing. Raises `ModelError`."""
    path = folder / SEEN_FILE
    with expecting(path, "what a model has seen", ModelError, zipfile.BadZipFile):
        if not path.is_file():
            return None
        with np.load(path, allow_pickle=False) as stored:
            middle, axes, limit = (stored[name] for name in ("middle", "axes", "limit"))
        if middle.shape == (places,) and axes.shape[:-1] == (places,):
            return Seen(middle.astype(np.float64), axes.astype(np.float64), float(limit))
    return None
