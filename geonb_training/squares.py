"""Photos as a network is trained on them: opened and cut when they are asked for."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.errors import EvaluationError, PhotoError
from geonb.photos.photo import open_photo
from geonb.preprocessing import RECIPE, fast_square

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geonb.evaluation.photo_sets import PhotoSet

_KEPT = 10_000  # squares that are kept in memory, 150 kB each; others are opened anew each epoch
_THREADS = 4


class Squares:
    """The centre squares of photos, which reads as an array (N, 224, 224, 3) of uint8."""

    def __init__(self, photos: Sequence[str], kept: dict[str, NDArray[np.uint8]]) -> None:
        self._photos, self._kept = photos, kept

    @classmethod
    def open(cls, photos: PhotoSet) -> tuple[Squares, PhotoSet]:
        """Open every photo once, with a progress bar.

        Those that cannot be read, and those whose pixels another one has, are left out and
        counted: a copy of a training photo in the test would flatter the network.
        """
        from tqdm import tqdm

        squares = cls(photos.photos, {})
        with ThreadPoolExecutor(_THREADS) as pool:
            opened = pool.map(squares._digest, photos.photos)
            digests = list(tqdm(opened, "opening photos", len(photos), unit="photo"))
        first: dict[bytes, int] = {}
        good = np.array([first.setdefault(d, i) == i for i, d in enumerate(digests)])
        broken = np.array([not digest for digest in digests])
        reasons = {
            "cannot be opened": int(broken.sum()),
            "are copies of another": int((~good & ~broken).sum()),
        }
        good &= ~broken
        if not good.any():
            raise EvaluationError(f"{photos.name}: none of its photos can be opened")
        kept = tuple(photo for photo, fine in zip(photos.photos, good, strict=True) if fine)
        people = tuple(p for p, fine in zip(photos.photographers, good, strict=True) if fine)
        left_out = {reason: count for reason, count in reasons.items() if count}
        squares._photos = kept
        return squares, replace(
            photos, photos=kept, truth=photos.truth[good], photographers=people,
            skipped=dict(photos.skipped) | left_out,
        )  # fmt: skip

    def some(self, numbers: NDArray[np.intp]) -> Any:
        """A part of them, by number."""
        return Squares([self._photos[i] for i in numbers.tolist()], self._kept)

    def __len__(self) -> int:
        return len(self._photos)

    def __getitem__(self, chosen: slice | NDArray[np.intp]) -> NDArray[np.uint8]:
        with ThreadPoolExecutor(_THREADS) as pool:
            photos = [self._photos[i] for i in np.arange(len(self))[chosen].tolist()]
            return np.stack(list(pool.map(self._square, photos)))

    def _digest(self, photo: str) -> bytes:
        """A mark of the pixels; nothing where the photo cannot be opened."""
        try:
            return hashlib.sha256(self._square(photo).tobytes()).digest()
        except PhotoError:
            return b""

    def _square(self, photo: str) -> NDArray[np.uint8]:
        if photo in self._kept:
            return self._kept[photo]
        square = np.rint(fast_square(open_photo(photo), RECIPE.side) * 255).astype(np.uint8)
        if len(self._kept) < _KEPT:
            self._kept[photo] = square
        return square
