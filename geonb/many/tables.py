"""Results on disk: a journal that survives a kill, and the table that is made from it.

The journal lies beside the table, one JSON object per line: first what the run was begun with,
then one row per photo, written as soon as the photo is done. A run that was killed reads it and
goes on with the photos that aren't in it.
"""

from __future__ import annotations

import csv
import errno
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import filelock

from geonb.errors import EvaluationError, OutputError, needing, printable
from geonb.files import expecting, regular
from geonb.shown.sheets import harmless
from geonb.writing import replacing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from geonb.many.results import Result

KINDS = (".parquet", ".csv", ".geojson")
"""The formats that results are written in."""
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
            f"town_{rank}": one and one.town.label,
        }
    answer = found and found.answer
    truth = found and found.photo.place
    km = found.distances if found else None
    return values | {
        "sure": answer and answer.sure,
        "radius_km": answer and answer.half_km,
        "exif_lat": truth and truth[0],
        "exif_lng": truth and truth[1],
        "distance_km": km[0] if km else None,
        "model": model,
        "error": printable(str(result.error)) if result.error else None,
    }


@dataclass
class Journal:
    """The rows of a run that is under way.

    Attributes:
        path: The journal's file.
        done: Names of the photos that have a row.
    """

    path: Path
    file: BinaryIO
    done: set[str] = field(default_factory=set)

    def add(self, values: dict[str, Any]) -> None:
        """Write a row; after this, no kill of the process loses it."""
        self.write_line(values)
        self.done.add(values["photo"])

    def write_line(self, values: dict[str, Any]) -> None:
        """Write one line, at once. Raises `EvaluationError` if the disk is full."""
        line = json.dumps(values).encode() + b"\n"
        size = os.fstat(self.file.fileno()).st_size
        try:
            written = self.file.write(line)
        except OSError as error:
            raise self._full(self.path, error) from error
        if written < len(line):  # the disk took a part of it
            self.file.truncate(size)
            raise self._full(self.path, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))

    def _full(self, path: Path, error: OSError) -> EvaluationError:
        return EvaluationError(
            f"{path}: cannot write ({error.strerror}); the {len(self.done):,} photos that are "
            "done are kept: free some space, and run the same command again"
        )

    def rows(self) -> Iterator[dict[str, Any]]:
        """All rows, from the file."""
        with self.path.open(encoding="utf-8") as lines:
            next(lines)
            yield from map(json.loads, lines)

    def write(self, target: Path) -> None:
        """Write the table, whole or not at all. Raises `EvaluationError`."""
        try:
            with replacing(target) as temporary:
                _WRITERS[target.suffix.lower()](self.rows(), temporary)
        except OSError as error:
            cause = error.__cause__ if isinstance(error, OutputError) else error
            raise self._full(target, cast("OSError", cause)) from error


def check_kind(target: Path) -> None:
    """Raise `EvaluationError` if results can't be written to ``target``, before any work."""
    kind = target.suffix.lower()
    if kind not in KINDS:
        raise EvaluationError(
            f"{target}: results are saved as {', '.join(KINDS)}, not {kind or 'without an ending'}"
        )
    if kind == ".parquet":
        _pyarrow()


@contextmanager
def journal(target: Path, begun_with: dict[str, Any], *, again: bool = False) -> Iterator[Journal]:
    """Open the journal of the table ``target``; ``begun_with`` has to be what it was begun with.

    It is removed when the block ends without an exception: the table is whole then. ``again``
    begins anew, over a finished table too. Raises `EvaluationError` if another run holds it, or
    it belongs to another run, or the table is there already.
    """
    path = target.with_name(f".{target.name}.journal")
    lock = filelock.FileLock(target.with_name(f".{target.name}.lock"))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        regular(path)
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        raise EvaluationError(
            f"{target}: another run is writing it; wait for that one, or name another file"
        ) from error
    except OSError as error:
        raise EvaluationError(f"{target}: cannot write there ({error.strerror})") from error
    try:
        if again:
            path.unlink(missing_ok=True)
        elif target.exists() and not path.exists():
            raise EvaluationError(f"{target}: is there already; name another file, or --overwrite")
        _repair(path)
        with path.open("ab", buffering=0) as file:
            yield _begin(Journal(path, cast("BinaryIO", file)), begun_with)
        path.unlink()
    finally:
        # First the file: whoever opened it before finds it locked, whoever comes later makes anew.
        Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()


def _repair(path: Path) -> None:
    """Cut off the line that a kill left half-written."""
    if not path.exists():
        return
    with path.open("rb+") as file:
        data = file.read()
        file.truncate(data.rfind(b"\n") + 1)


def _begin(journal: Journal, begun_with: dict[str, Any]) -> Journal:
    """Read what is done; a new journal gets its first line."""
    advice = "; begin anew with --overwrite"
    what = "the journal of a run"
    with expecting(journal.path, what, EvaluationError, TypeError, advice=advice):
        with journal.path.open(encoding="utf-8") as lines:
            first = lines.readline()
        same = not first or json.loads(first) == begun_with
        for values in journal.rows() if first else ():
            journal.done.add(values["photo"])
    if not first:
        journal.write_line(begun_with)
    if not same:
        raise EvaluationError(
            f"{journal.path}: the run was begun with {first.strip()}, not "
            f"{json.dumps(begun_with)}; go on with the same options, name another file, or "
            "--overwrite"
        )
    return journal


def _write_csv(rows: Iterator[dict[str, Any]], path: Path) -> None:
    with path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        writer = None
        for values in rows:
            if writer is None:
                writer = csv.DictWriter(file, list(values), lineterminator="\n")
                writer.writeheader()
            writer.writerow({key: harmless(value) for key, value in values.items()})


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
    kinds = {"sure": pyarrow.bool_()}
    for name in rows[0] if rows else ():
        number = name.endswith("_km") or name.startswith(("probability_", "lat_", "lng_", "exif_"))
        kinds.setdefault(name, pyarrow.float64() if number else pyarrow.string())
    schema = pyarrow.schema([(name, kinds[name]) for name in rows[0]] if rows else [])
    return pyarrow.Table.from_pylist(rows, schema)


def _pyarrow() -> Any:
    with needing("a Parquet file", "pyarrow", "parquet"):
        import pyarrow as pa
        import pyarrow.parquet
    return pa


_WRITERS = {".parquet": _write_parquet, ".csv": _write_csv, ".geojson": _write_geojson}
