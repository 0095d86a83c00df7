"""Locate photos on a cluster with Ray Data, and write each of them to Parquet exactly once.

Plain tasks are used, not actors: when a node is lost, its tasks run again elsewhere, while pools
of actors hang (seen with Ray 2.60 in three of four tries).
"""

import hashlib
import uuid
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geonb.errors import EvaluationError, needing
from geonb_lab.many.finding import ENDINGS, list_photos
from geonb_lab.many.results import name_of
from geonb_lab.many.tables import arrow_table, locate_rows


def locate(
    photos: Any,
    model: str = "locationnet",
    *,
    out: str,
    top: int = 5,
    batch: int = 64,
    **options: Any,
) -> Any:
    """Locate ``photos`` on the cluster that Ray is connected to; gives a `ray.data.Dataset`.

    ``photos`` is a folder, file or list of them, which every node can read (``s3://`` and the
    like too); a Parquet file or folder with a column ``path``, and perhaps ``bytes``; or a
    dataset with these columns. Photos keep their EXIF; one that fails has its ``error``.

    ``out`` is a folder for Parquet files, which every node can write. Each ``batch`` of photos
    gets a file of its own, named by what is in it, which appears whole: a task that runs twice
    leaves one. If you run it again, it locates the photos that aren't there yet.
    ``options`` are those of `load_model`.

    Raises `EvaluationError` if there are no photos, or they have no column ``path``, and
    `MissingDependencyError` without Ray.
    """
    with needing("locating on a cluster", "ray", "ray"):
        import ray
    dataset = _read(ray, photos, batch)
    if "path" not in dataset.columns():
        raise EvaluationError(
            f"the photos have the columns {dataset.columns()}; expected path, and perhaps bytes"
        )
    if done := _done(out):
        dataset = dataset.map_batches(partial(_leave_out, ray.put(done)), batch_size=batch)
    work = partial(_locate_and_write, model=model, out=out, top=top, options=options)
    dataset.map_batches(work, batch_size=batch).materialize()
    return ray.data.read_parquet(out)


def _read(ray: Any, photos: Any, batch: int) -> Any:
    if isinstance(photos, ray.data.Dataset):
        return photos
    paths = [photos] if isinstance(photos, str) else list(map(str, photos))
    if all(path.rstrip("/").endswith(".parquet") for path in paths):
        return ray.data.read_parquet(paths)
    if any("://" in path for path in paths):
        endings = [ending.removeprefix(".") for ending in ENDINGS]
        return ray.data.read_binary_files(paths, include_paths=True, file_extensions=endings)
    # Each task opens its own photos: tasks that read for others would take their processors.
    found = [p if "://" in p else str(Path(p).absolute()) for p in list_photos(paths)[0]]
    if not found:
        raise EvaluationError(f"{', '.join(paths)}: no photos there")
    blocks = max(1, min(len(found) // batch, 10_000))  # Ray keeps track of each: more are slower
    return ray.data.from_items([{"path": path} for path in found], override_num_blocks=blocks)


def _done(out: str) -> set[str]:
    """Names of the photos that earlier runs have written."""
    from pyarrow import dataset

    where, folder = _place(out)
    where.create_dir(folder, recursive=True)
    table = dataset.dataset(folder, filesystem=where, format="parquet")
    return set(table.to_table(["photo"]).column("photo").to_pylist()) if table.files else set()


def _place(out: str) -> tuple[Any, str]:
    """The file system of a folder or address, and the path in it."""
    from pyarrow import fs

    return fs.FileSystem.from_uri(out) if "://" in out else (fs.LocalFileSystem(), out)


def _leave_out(done: Any, batch: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    import ray

    known = ray.get(done)
    rest = np.array([name_of(str(path)) not in known for path in batch["path"]], bool)
    return {name: column[rest] for name, column in batch.items()}


def _locate_and_write(
    batch: Mapping[str, NDArray[Any]], *, model: str, out: str, top: int, options: dict[str, Any]
) -> dict[str, NDArray[Any]]:
    """Locate a batch into a file, which is the same file if the task runs again."""
    from pyarrow import parquet

    paths = [str(path) for path in batch["path"]]
    if paths:
        where, folder = _place(out)
        name = hashlib.sha256("\n".join(paths).encode("utf-8", "surrogateescape")).hexdigest()
        rows = locate_rows(paths, batch.get("bytes"), model=model, top=top, **options)
        # Dots keep an unfinished file from being read as a part of the table.
        unfinished = f"{folder}/.{name}.{uuid.uuid4().hex}"
        parquet.write_table(arrow_table(rows), unfinished, filesystem=where)
        where.move(unfinished, f"{folder}/{name[:32]}.parquet")
    return {"photos": np.array([len(paths)])}
