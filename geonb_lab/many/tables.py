"""The table of many photos: its rows, and the formats that it is written in."""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from geonb.errors import needing, printable
from geonb.model import Model, load_model
from geonb.photos.photo import Photo
from geonb.writing import replacing
from geonb_lab.many.results import Result, name_of, predict_many
from geonb_lab.tabular import check_ending, write_csv

_CHUNK = 10_000  # rows of a Parquet row group


def row(result: Result, model: str, top: int) -> dict[str, Any]:
    """One row of the table; docs/many-photos.md describes the columns."""
    found = result.predictions
    values: dict[str, Any] = {"photo": result.photo}
    for rank in range(1, top + 1):
        one = found[rank - 1] if found and rank <= len(found) else None
        values |= {
            f"probability_{rank}": one and one.probability,
            f"lat_{rank}": one and one.place[0],
            f"lng_{rank}": one and one.place[1],
            f"token_{rank}": one and one.token,
            f"town_{rank}": one and one.town.full_name,
        }
    answer = found and found.answer
    truth = found and found.photo.sure_place
    km = found.distances if found and truth else None
    return values | {
        "sure": answer and answer.sure,
        "radius_km": answer and answer.half_km,
        "exif_lat": truth and truth[0],
        "exif_lng": truth and truth[1],
        "distance_km": km[0] if km else None,
        "model": model,
        "error": printable(str(result.error)) if result.error else None,
    }


def check_row(values: Any, columns: Collection[str]) -> None:
    """Raise `ValueError` if what a journal holds is no row of the table's ``columns``."""
    if not isinstance(values, dict) or values.keys() != set(columns) or values["photo"] is None:
        raise ValueError("rows with other columns than the table")
    for name, value in values.items():
        kind = (int, float) if _kind(name) is float else _kind(name)
        if not isinstance(value, kind) and value is not None:
            raise ValueError(f"{name} is no value of its column")


def _kind(name: str) -> type:
    if name.endswith("_km") or name.startswith(("probability_", "lat_", "lng_", "exif_")):
        return float
    return bool if name == "sure" else str


@lru_cache(maxsize=1)
def _model(name: str, **options: Any) -> Model:
    """The model of this process: loaded once, and again if other options are asked for."""
    return load_model(name, **options)


def locate_rows(
    paths: Sequence[str],
    contents: Iterable[bytes] | None = None,
    *,
    model: str,
    top: int = 5,
    **options: Any,
) -> list[dict[str, Any]]:
    """Locate photos in a worker process, which keeps its model: for Ray, Dask, Spark and pools.

    It gives one row per photo with the columns of ``geonb locate --out``, in order.
    ``contents`` are the files' bytes, if they were read already. ``options`` are those of
    `load_model`. A photo that fails has its ``error``. Let workers import this function: a copy
    that is defined in a notebook would load the model at every call.
    """
    loaded = _model(model, **options)
    photos: Sequence[Any] = paths
    if contents is not None:
        photos = [
            Photo(name_of(path), bytes(data)) for path, data in zip(paths, contents, strict=True)
        ]
    results = predict_many(loaded, photos, top, progress=False)
    return [row(result, loaded.name, top) for result in results]


def check_kind(target: Path) -> None:
    """Raise `EvaluationError` if results can't be written to ``target``, before any work."""
    if check_ending(target, _WRITERS) == ".parquet":
        _pyarrow()


def write_table(rows: Iterator[dict[str, Any]], target: Path) -> None:
    """Write rows to a file of such a kind, whole or not at all. Raises `OutputError`."""
    with replacing(target) as temporary:
        _WRITERS[target.suffix.lower()](rows, temporary)


def _write_csv(rows: Iterator[dict[str, Any]], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        write_csv(rows, file)


def _write_geojson(rows: Iterator[dict[str, Any]], path: Path) -> None:
    """One feature per photo at its best place, none of it for a photo that failed (RFC 7946)."""
    with path.open("w", encoding="utf-8") as file:
        file.write('{"type": "FeatureCollection", "features": [')
        for number, values in enumerate(rows):
            place = [values["lng_1"], values["lat_1"]]
            point = None if None in place else {"type": "Point", "coordinates": place}
            feature = {"type": "Feature", "geometry": point, "properties": values}
            file.write(("," if number else "") + "\n" + json.dumps(feature))
        file.write("\n]}\n")


def _write_parquet(rows: Iterator[dict[str, Any]], path: Path) -> None:
    pyarrow = _pyarrow()
    first = arrow_table(list(islice(rows, _CHUNK)))
    with pyarrow.parquet.ParquetWriter(path, first.schema) as writer:
        writer.write_table(first)
        while chunk := list(islice(rows, _CHUNK)):
            writer.write_table(arrow_table(chunk))


def arrow_table(rows: list[dict[str, Any]]) -> Any:
    """Rows as a `pyarrow.Table`, whose types don't depend on what happens to be missing."""
    pyarrow = _pyarrow()
    types = {bool: pyarrow.bool_(), float: pyarrow.float64(), str: pyarrow.string()}
    schema = pyarrow.schema([(name, types[_kind(name)]) for name in (rows[0] if rows else ())])
    return pyarrow.Table.from_pylist(rows, schema)


def _pyarrow() -> Any:
    with needing("a Parquet file", "pyarrow", "parquet"):
        import pyarrow as pa
        import pyarrow.parquet
    return pa


_WRITERS = {".parquet": _write_parquet, ".csv": _write_csv, ".geojson": _write_geojson}
