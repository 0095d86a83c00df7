"""Photos as a network learns from them: opened and cut when asked for, moved about, in batches."""

import hashlib
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Self

import numpy as np
from numpy.typing import NDArray

from geonb.errors import PhotoError
from geonb.photos.photo import open_photo
from geonb.photos.squares import fast_square
from geonb.preprocessing import RECIPE, normalise
from geonb_lab.evaluation.photo_sets import PhotoSet
from geonb_training.shards import source
from geonb_training.splits import originals, some_of

SHIFT = 6
"""Training pictures move by up to this many pixels. They aren't mirrored: the side of the road
that traffic keeps to is a clue."""

MOST_KEPT = 10_000  # squares kept in memory, 150 kB each; others are opened again each epoch
_THREADS = 4

Batch = tuple[NDArray[np.float32], NDArray[np.intp], int]
"""Photos (n, 3, 224, 224), their labels (n,), and how many of them stand in for vanished ones."""


class Squares:
    """The centre squares of N photos, by number; those in ``kept`` are in memory already."""

    def __init__(self, photos: PhotoSet, kept: dict[str, NDArray[np.uint8]]) -> None:
        self.photos, self._kept = photos, kept

    @classmethod
    def open(cls, photos: PhotoSet) -> Self:
        """Open every photo once, with a progress bar; see `originals` for what is left out."""
        from tqdm import tqdm

        squares = cls(photos, {})
        with ThreadPoolExecutor(_THREADS) as pool:
            opened = pool.map(squares._digest, photos.photos)
            # On stdout, as the epochs' lines are, and gone when they begin.
            out = sys.stdout
            bar = tqdm(opened, "opening photos", len(photos), leave=False, file=out, unit="photo")
            digests = list(bar)
        return squares.of(originals(photos, digests)[0])

    def of(self, photos: PhotoSet) -> Self:
        """The squares of other photos."""
        return type(self)(photos, self._kept)

    def some(self, numbers: NDArray[np.intp]) -> Self:
        """The squares with these numbers."""
        return self.of(some_of(self.photos, numbers))

    def read(self, numbers: NDArray[np.intp]) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
        """Open photos by number: (n, 224, 224, 3), and the numbers of those that opened, (n,)."""
        photos = [self.photos.photos[i] for i in numbers.tolist()]
        with ThreadPoolExecutor(_THREADS) as pool:
            squares = list(pool.map(self._square, photos))
        there = np.array([square is not None for square in squares], bool)
        pixels = [square for square in squares if square is not None]
        empty = np.empty((0, RECIPE.side, RECIPE.side, 3), np.uint8)
        return np.stack(pixels) if pixels else empty, numbers[there]

    def _digest(self, photo: str) -> str:
        """A digest of the pixels; empty if the photo cannot be opened."""
        square = self._square(photo)
        return "" if square is None else hashlib.sha256(square.tobytes()).hexdigest()

    def _square(self, photo: str) -> NDArray[np.uint8] | None:
        """The square of a photo; None if it cannot be opened."""
        if photo in self._kept:
            return self._kept[photo]
        try:
            levels = fast_square(open_photo(source(photo)), RECIPE.side) * 255
        except PhotoError:
            return None
        square = np.rint(levels).astype(np.uint8)
        if len(self._kept) < MOST_KEPT:
            self._kept[photo] = square
        return square


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
        self.chosen = order.reshape(steps, workers, -1)[:, rank]  # (steps, size / workers)
        self._moves = rng.integers(0, 2 * SHIFT + 1, (count, 2), np.int8)
        self._squares, self._labels = squares, labels

    def __len__(self) -> int:
        return len(self.chosen)

    def __getitem__(self, step: int) -> Batch:
        """One batch. Where a photo has vanished, another of the batch fills its place.

        If all have vanished, it is empty: (0, 3, 224, 224).
        """
        chosen = self.chosen[step]
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
        return self._squares.photos.photos[int(self.chosen[step][0])]


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
    count = len(squares.photos)
    for first in range(0, count, size):
        pixels, there = squares.read(np.arange(first, min(first + size, count)))
        padded = np.pad(pixels, ((0, size - len(there)), (0, 0), (0, 0), (0, 0)))
        yield normalise(padded / np.float32(255)), there
