"""Batches of photos: moved about to learn from, padded to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geonb.errors import TrainingError
from geonb.preprocessing import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from geonb_training.squares import Squares

SHIFT = 6
"""Training pictures move by up to this many pixels. They aren't mirrored: the side of the road
that traffic keeps to is a clue."""


@dataclass(frozen=True, eq=False)
class Photos:
    """Photos and their places.

    Attributes:
        squares: The centre square of each, opened when it is asked for.
        places: (N, 2), degrees.
    """

    squares: Squares
    places: NDArray[np.float64]


def lesson(
    squares: Squares, chosen: NDArray[np.intp], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.intp], int]:
    """Give one training batch of ``chosen`` photos, (n,) numbers, as the network takes it.

    Returns the batch, (n, 3, 224, 224), the number of the photo behind each picture, (n,), and
    how many photos are gone since they were listed: others of the batch fill their places.
    Raises `TrainingError` if all are gone.
    """
    pixels, there = squares.read(chosen)
    if not len(there):
        raise TrainingError(
            f"none of the {len(chosen)} photos of a batch can be opened, such as "
            f"{squares.photos[int(chosen[0])]}; are they still there?"
        )
    filled = np.resize(np.arange(len(there)), len(chosen))
    moved = jitter(pixels[filled], rng)
    return normalise(moved / np.float32(255)), there[filled], len(chosen) - len(there)


def jitter(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Move each picture by its own few pixels; edges are repeated: (N, H, W, 3) to the same."""
    side = pixels.shape[1]
    padded = np.pad(pixels, ((0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT), (0, 0)), mode="edge")
    corners = rng.integers(0, 2 * SHIFT + 1, (len(pixels), 2)).tolist()
    return np.stack(
        [p[y : y + side, x : x + side] for p, (y, x) in zip(padded, corners, strict=True)]
    )


def batches(squares: Squares, size: int) -> Iterator[tuple[NDArray[np.float32], NDArray[np.intp]]]:
    """Give all photos in batches of exactly ``size``, (size, 3, 224, 224).

    Beside each batch are the numbers of its photos, (n,); what follows them is padding.
    """
    for first in range(0, len(squares), size):
        pixels, there = squares.read(np.arange(first, min(first + size, len(squares))))
        padded = np.pad(pixels, ((0, size - len(there)), (0, 0), (0, 0), (0, 0)))
        yield normalise(padded / np.float32(255)), there
