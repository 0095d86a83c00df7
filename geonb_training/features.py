"""Features: what a network's last layer reads, worked out once for each photo's content."""

from __future__ import annotations

import contextlib
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.errors import ModelError, PhotoError
from geonb.files import (
    DERIVED,
    cache_folder,
    file_digest,
    is_private,
    make_cache_folder,
    mark_folder,
)
from geonb.model import BATCH
from geonb.network.derived import derived_name
from geonb.network.head import write_features_onnx
from geonb.network.sessions import open_session
from geonb.photos.photo import open_photo
from geonb.preprocessing import preprocess
from geonb.writing import replacing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geonb.model import Model
    from geonb.network.checkpoint import CheckpointFiles

_THREADS = 4


@dataclass(frozen=True, eq=False)
class Features:
    """What a network says of M of N photos.

    Attributes:
        numbers: The photos that could be opened, (M,); of those with the same content, the first.
        values: What its last layer reads, (M, width).
        answers: Its own first guess, (M, 2) degrees.
        broken: How many photos could not be opened.
        copies: How many photos have the content of an earlier one.
    """

    numbers: NDArray[np.intp]
    values: NDArray[np.float32]
    answers: NDArray[np.float64]
    broken: int
    copies: int


def read_features(model: Model, files: CheckpointFiles, photos: Sequence[str]) -> Features:
    """Ask the network about photos, paths or addresses, with a progress bar.

    What it says of a file is kept in the cache, so that the next time takes a moment. Raises
    `ModelError`.
    """
    from tqdm.auto import tqdm

    name = derived_name(files.owner, f"{files.digest()}-features")
    folder = cache_folder() / DERIVED / name
    with contextlib.suppress(OSError):  # the cache may be read-only
        make_cache_folder(DERIVED)
        mark_folder(folder, files.owner)
    with ThreadPoolExecutor(_THREADS) as pool:
        digests = list(pool.map(_digest, photos))
    first: dict[str, int] = {}
    numbers = [i for i, d in enumerate(digests) if d and first.setdefault(d, i) == i]
    known = {i: _read(folder / f"{digests[i]}.npy") for i in numbers}
    unknown = [i for i in numbers if known[i] is None]
    if unknown:
        with tqdm(total=len(unknown), desc=model.name, unit="photo") as progress:
            network = _Network(model, files)
            for start in range(0, len(unknown), BATCH):
                some = unknown[start : start + BATCH]
                for i, row in network.look([photos[i] for i in some], some):
                    known[i] = row
                    if "://" not in photos[i]:
                        _write(folder / f"{digests[i]}.npy", row)
                progress.update(len(some))
    rows = [(i, found) for i in numbers if (found := known[i]) is not None]
    copies = sum(bool(digest) for digest in digests) - len(numbers)
    if not rows:
        raise PhotoError(f"none of the {len(photos)} photos can be opened; are they still there?")
    table = np.stack([row for _, row in rows])
    return Features(
        np.array([i for i, _ in rows]),
        table[:, 2:].astype(np.float32),
        table[:, :2],
        len(photos) - copies - len(rows),
        copies,
    )


class _Network:
    """A model's network, which also tells what its last layer reads."""

    def __init__(self, model: Model, files: CheckpointFiles) -> None:
        self._model = model
        with tempfile.TemporaryDirectory(prefix="geonb-") as folder:
            self._output = write_features_onnx(files, Path(folder))
            path = Path(folder) / "model.onnx"
            self._session = open_session(path, optimised=False, prepack=True)

    def look(self, photos: list[str], numbers: list[int]) -> list[tuple[int, NDArray[np.float64]]]:
        """The numbers of the photos that could be opened, with a guess and features of each."""
        with ThreadPoolExecutor(_THREADS) as pool:
            squares = list(pool.map(self._prepare, photos))
        opened = [i for i, square in zip(numbers, squares, strict=True) if square is not None]
        if not opened:
            return []
        batch = np.concatenate([square for square in squares if square is not None])
        output = self._session.get_outputs()[0].name
        probabilities, values = self._session.run([output, self._output], {"data": batch})
        if not (np.isfinite(values).all() and np.isfinite(probabilities).all()):
            raise ModelError(f"{self._model.name} answers with NaN; its parameters are broken")
        answers = self._model.cells.places[probabilities.argmax(axis=1)]
        table = np.concatenate([answers, values.reshape(len(opened), -1)], axis=1, dtype=np.float64)
        return list(zip(opened, table, strict=True))

    def _prepare(self, photo: str) -> Any:
        try:
            return preprocess(open_photo(photo), recipe=self._model.recipe)
        except PhotoError:
            return None


def _digest(photo: str) -> str:
    """A digest of a file's content, or of an address; empty if the file can't be read."""
    if "://" in photo:
        return photo
    try:
        return file_digest(Path(photo))
    except (OSError, ValueError):
        return ""


def _read(path: Path) -> NDArray[np.float64] | None:
    """What is kept of a photo, unless others may have written it."""
    try:
        if not is_private(path):
            return None
        row = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return row if row.ndim == 1 and row.dtype == np.float64 and np.isfinite(row).all() else None


def _write(path: Path, row: NDArray[np.float64]) -> None:
    with contextlib.suppress(OSError), replacing(path) as temporary:  # the cache may be full
        np.save(temporary, row)
