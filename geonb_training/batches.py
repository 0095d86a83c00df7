"""What a network is trained on: prepared pictures with their places, moved about and batched."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click
import numpy as np

from geonb.photos.photo import open_photo
from geonb.preprocessing import RECIPE, fast_square, normalise
from geonb_training.scenes import draw

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from geonb_training.scenes import Shot
    from geonb_training.squares import Squares

SHIFT = 6
"""Training pictures are moved by up to this many pixels. They are not mirrored: the side that
traffic keeps to is a clue."""


@dataclass(frozen=True, eq=False)
class Photos:
    """Prepared photos and their places."""

    pixels: NDArray[np.uint8] | Squares
    """(N, 224, 224, 3), before the mean is subtracted: a quarter of the memory."""
    places: NDArray[np.float64]
    """(N, 2), degrees."""


def paint(shots: Sequence[Shot]) -> Photos:
    """Draw and prepare scenes, once, with a line of progress."""
    pixels = np.empty((len(shots), RECIPE.side, RECIPE.side, 3), np.uint8)
    start = time.monotonic()
    for i, shot in enumerate(shots):
        square = fast_square(open_photo(draw(shot).image), RECIPE.side)  # 0 to 1
        pixels[i] = np.rint(square * 255)
    rate = len(shots) / (time.monotonic() - start)
    click.echo(f"drew {len(shots)} scenes of {shots[0].photographer.role}, {rate:.0f} a second")
    return Photos(pixels, np.array([shot.place for shot in shots]))


def jitter(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Move each picture by its own few pixels; edges are repeated: (N, H, W, 3) to the same."""
    side = pixels.shape[1]
    padded = np.pad(pixels, ((0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT), (0, 0)), mode="edge")
    corners = rng.integers(0, 2 * SHIFT + 1, (len(pixels), 2)).tolist()
    return np.stack(
        [p[y : y + side, x : x + side] for p, (y, x) in zip(padded, corners, strict=True)]
    )


def batches(
    pixels: NDArray[np.uint8] | Squares, size: int
) -> Iterator[tuple[NDArray[np.float32], int]]:
    """Give batches of exactly ``size`` pictures, and how many of each are not padding."""
    for first in range(0, len(pixels), size):
        some = pixels[first : first + size]
        short = size - len(some)
        padded = np.pad(some, ((0, short), (0, 0), (0, 0), (0, 0)))
        yield normalise(padded / np.float32(255)), len(some)
