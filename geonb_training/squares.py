"""Photos as a network is trained on them: opened and cut when they are asked for."""

from __future__ import annotations

import hashlib
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from geonb.errors import PhotoError
from geonb.photos.photo import open_photo
from geonb.photos.squares import fast_square
from geonb.preprocessing import RECIPE
from geonb_training.originals import originals
from geonb_training.shards import source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geonb_lab.evaluation.photo_sets import PhotoSet

_KEPT = 10_000  # squares kept in memory, 150 kB each; others are opened again each epoch
_THREADS = 4


class Squares:
    """The centre squares of N photos, by number."""

    def __init__(self, photos: Sequence[str], kept: dict[str, NDArray[np.uint8]]) -> None:
        self._photos, self._kept = photos, kept

    @classmethod
    def open(cls, photos: PhotoSet) -> tuple[Squares, PhotoSet]:
        """Open every photo once, with a progress bar; see `originals` for what is left out."""
        from tqdm import tqdm

        squares = cls(photos.photos, {})
        with ThreadPoolExecutor(_THREADS) as pool:
            opened = pool.map(squares._digest, photos.photos)
            # On stdout, as the epochs' lines are, and gone when they begin.
            out = sys.stdout
            bar = tqdm(opened, "opening photos", len(photos), leave=False, file=out, unit="photo")
            digests = list(bar)
        kept, _ = originals(photos, digests)
        return squares.of(kept.photos), kept

    def of(self, photos: Sequence[str]) -> Squares:
        """The squares of other photos; those that are in memory already are shared."""
        return Squares(photos, self._kept)

    @property
    def photos(self) -> Sequence[str]:
        """Their paths or addresses."""
        return self._photos

    def __len__(self) -> int:
        return len(self._photos)

    def read(self, numbers: NDArray[np.intp]) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
        """Open photos by number: (n, 224, 224, 3), and the numbers of those that opened, (n,)."""
        with ThreadPoolExecutor(_THREADS) as pool:
            squares = list(pool.map(self._square, [self._photos[i] for i in numbers.tolist()]))
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
        if len(self._kept) < _KEPT:
            self._kept[photo] = square
        return square
