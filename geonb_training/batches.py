"""Batches of photos: moved about to learn from, padded to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geonb.preprocessing import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from geonb_training.squares import Squares

SHIFT = 6
"""Training pictures move by up to this many pixels. They aren't mirrored: the side of the road
that traffic keeps to is a clue."""

Batch = tuple["NDArray[np.float32]", "NDArray[np.intp]", int]
"""Photos (n, 3, 224, 224), their labels (n,), and how many of them stand in for vanished ones."""


@dataclass(frozen=True, eq=False)
class Photos:
    """Photos and their places.

    Attributes:
        squares: The centre square of each, opened when it is asked for.
        places: (N, 2), degrees.
    """

    squares: Squares
    places: NDArray[np.float64]


class Lessons:
    """The batches of one epoch, opened when they are asked for: every photo once, in an order.

    Order and movement follow from ``seed`` and ``epoch`` alone, so that it makes no difference
    who opens which batch. Of ``workers`` that train together, each takes its own part of every
    batch of ``size``; ``rank`` says which. Photos that don't fill a last batch wait for another
    epoch.
    """

    def __init__(  # noqa: PLR0913
        self,
        squares: Squares,
        labels: NDArray[np.intp],
        size: int,
        *,
        seed: int,
        epoch: int,
        rank: int = 0,
        workers: int = 1,
    ) -> None:
        rng = np.random.default_rng((seed, epoch))
        count = len(labels)
        steps = count // size
        order = rng.permutation(count)[: steps * size]
        self._chosen = order.reshape(steps, workers, -1)[:, rank]  # (steps, size / workers)
        self._moves = rng.integers(0, 2 * SHIFT + 1, (count, 2), np.int8)
        self._squares, self._labels = squares, labels

    def __len__(self) -> int:
        return len(self._chosen)

    def __getitem__(self, step: int) -> Batch:
        """One batch. Where a photo has vanished, another of the batch fills its place.

        If all have vanished, it is empty: (0, 3, 224, 224).
        """
        chosen = self._chosen[step]
        pixels, there = self._squares.read(chosen)
        if not len(there):
            return np.empty((0, 3, *pixels.shape[1:3]), np.float32), there, len(chosen)
        filled = np.resize(np.arange(len(there)), len(chosen))
        numbers = there[filled]
        moved = move(pixels[filled], self._moves[numbers])
        batch = normalise(moved / np.float32(255))
        return batch, self._labels[numbers], len(chosen) - len(there)

    def first_of(self, step: int) -> str:
        """The name of the first photo of a batch."""
        return self._squares.photos[int(self._chosen[step][0])]


def move(pixels: NDArray[np.uint8], corners: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Move each picture by its own few pixels, (N, 2) from 0 to twice `SHIFT`.

    Edges are repeated: (N, H, W, 3) to the same.
    """
    side = pixels.shape[1]
    padded = np.pad(pixels, ((0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT), (0, 0)), mode="edge")
    return np.stack(
        [p[y : y + side, x : x + side] for p, (y, x) in zip(padded, corners.tolist(), strict=True)]
    )


def batches(squares: Squares, size: int) -> Iterator[tuple[NDArray[np.float32], NDArray[np.intp]]]:
    """Give all photos in batches of exactly ``size``, (size, 3, 224, 224).

    Beside each batch are the numbers of its photos, (n,); what follows them is padding.
    """
    for first in range(0, len(squares), size):
        pixels, there = squares.read(np.arange(first, min(first + size, len(squares))))
        padded = np.pad(pixels, ((0, size - len(there)), (0, 0), (0, 0), (0, 0)))
        yield normalise(padded / np.float32(255)), there
