"""Photos that open, each content once: a copy of a training photo in the test would flatter."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from geonb.errors import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geonb_lab.evaluation.photo_sets import PhotoSet


def originals(photos: PhotoSet, digests: Sequence[str]) -> tuple[PhotoSet, NDArray[np.intp]]:
    """Leave out photos that don't open and copies of earlier ones, and count them.

    ``digests`` are of the N photos' contents, "" for one that doesn't open. Gives the others, and
    their numbers, (M,). Raises `EvaluationError` if there are none.
    """
    opened = np.array(digests) != ""
    first: dict[str, int] = {}
    new = np.array([first.setdefault(digest, i) == i for i, digest in enumerate(digests)])
    numbers = np.flatnonzero(opened & new)
    if not len(numbers):
        raise EvaluationError(f"{photos.name}: none of its photos can be opened")
    counted = {
        "cannot be opened": int((~opened).sum()),
        "are copies of another": int((opened & ~new).sum()),
    }
    left_out = {reason: count for reason, count in counted.items() if count}
    kept = replace(
        photos,
        photos=tuple(photos.photos[i] for i in numbers),
        truth=photos.truth[numbers],
        photographers=tuple(photos.photographers[i] for i in numbers),
        skipped={**photos.skipped, **left_out},
    )
    return kept, numbers
