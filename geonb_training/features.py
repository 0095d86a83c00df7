"""Features: what a network's last layer reads, worked out once for each photo's content."""

import contextlib
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geonb.errors import ModelError, PhotoError
from geonb.files import DERIVED, file_digest, is_private, make_cache_folder
from geonb.model import BATCH, Model
from geonb.network.checkpoint import CheckpointFiles
from geonb.network.derived import derived_folder
from geonb.network.sessions import open_session, run
from geonb.photos.photo import open_photo
from geonb.preprocessing import Recipe, preprocess
from geonb.writing import claim_folder, replacing
from geonb_lab.evaluation.photo_sets import PhotoSet
from geonb_training.splits import originals

_THREADS = 4


@dataclass(frozen=True, eq=False)
class Features:
    """What a network says of photos.

    Attributes:
        photos: The M of them that could be opened, each content once.
        values: What its last layer reads, (M, width).
        answers: Its own first guess, (M, 2) degrees.
    """

    photos: PhotoSet
    values: NDArray[np.float32]
    answers: NDArray[np.float64]


def read_features(model: Model, files: CheckpointFiles, photos: PhotoSet) -> Features:
    """Ask the network about photos, with a progress bar; see `originals` for what is left out.

    What it says of a file is kept in the cache, so that the next time takes a moment. Raises
    `ModelError`, and `EvaluationError` if no photo opens.
    """
    from tqdm.auto import tqdm

    folder = derived_folder(files.owner, f"{files.digest()}-features")
    with ThreadPoolExecutor(_THREADS) as pool:
        digests = list(pool.map(_digest, photos.photos))
    photo_of = dict(zip(reversed(digests), reversed(photos.photos), strict=True))  # the first copy
    rows = {d: _read(folder / f"{d}.npy") for d in dict.fromkeys(digests) if d}
    unknown = [digest for digest, row in rows.items() if row is None]
    if unknown:
        with tqdm(total=len(unknown), desc=model.name, unit="photo") as progress:
            session = open_network(files)
            for start in range(0, len(unknown), BATCH):
                some = unknown[start : start + BATCH]
                new = _look(model, files, session, {d: photo_of[d] for d in some})
                rows |= new
                _write(folder, new)
                progress.update(len(some))
    opened = [digest if rows.get(digest) is not None else "" for digest in digests]
    kept, numbers = originals(photos, opened)
    table = np.stack([found for i in numbers if (found := rows[digests[i]]) is not None])
    return Features(kept, table[:, 2:].astype(np.float32), table[:, :2])


def open_network(files: CheckpointFiles) -> Any:
    """A session that gives what the last layer reads, and the probabilities."""
    with tempfile.TemporaryDirectory(prefix="geonb-") as folder:
        files.write_onnx(Path(folder), ("features", "probabilities"))
        return open_session(Path(folder) / "model.onnx", prepack=True)


def _look(
    model: Model, files: CheckpointFiles, session: Any, photos: dict[str, str]
) -> dict[str, NDArray[np.float64]]:
    """A guess and features, (2 + width,), of each photo that opens, by its digest."""
    with ThreadPoolExecutor(_THREADS) as pool:
        squares = list(pool.map(partial(_prepare, model.recipe), photos.values()))
    opened = [(d, square) for d, square in zip(photos, squares, strict=True) if square is not None]
    if not opened:
        return {}
    values, *rest = run(session, np.concatenate([square for _, square in opened]))
    last = files.last
    probabilities = last.probabilities(values) if last else rest[0]
    values = last.features(values) if last else values
    if not (np.isfinite(values).all() and np.isfinite(probabilities).all()):
        raise ModelError(f"{model.name} answers with NaN; fetch it again, or train another")
    answers = model.cells.places[probabilities.argmax(axis=1)]
    table = np.concatenate([answers, values.reshape(len(opened), -1)], axis=1, dtype=np.float64)
    return {digest: row for (digest, _), row in zip(opened, table, strict=True)}


def _prepare(recipe: Recipe, photo: str) -> NDArray[np.float32] | None:
    try:
        return preprocess(open_photo(photo), recipe=recipe)
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


def _write(folder: Path, rows: dict[str, NDArray[np.float64]]) -> None:
    """Keep what the network says of files; what is behind an address may change."""
    with contextlib.suppress(OSError):  # the cache may be read-only, or full
        make_cache_folder(DERIVED)
        claim_folder(folder.parent)  # anew each time, as it may be cleared meanwhile
        folder.mkdir(mode=0o700, exist_ok=True)
        for digest, row in rows.items():
            if "://" not in digest:
                with replacing(folder / f"{digest}.npy") as temporary:
                    np.save(temporary, row)
