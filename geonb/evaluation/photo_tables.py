"""Tables of photos: a CSV with a path, a latitude, a longitude, and perhaps a photographer."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

from geonb.distances import check_points
from geonb.earth.places import LATITUDES, LONGITUDES
from geonb.errors import EvaluationError, PlaceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from geonb.distances import Place

# What the columns are called: geonb's own name first, then those of the test sets' tables.
_NAMES = {
    "photo": ("path", "photo", "file", "filename", "image", "img_id", "id"),
    "lat": LATITUDES,
    "lng": LONGITUDES,
    "photographer": ("photographer", "user", "author", "owner"),
}
_ORDER = ("photo", "lat", "lng", "photographer")


@dataclass(frozen=True)
class Entry:
    """One photo of a table.

    Attributes:
        photo: Its path or address, as the table has it.
        place: Where it was taken, in degrees; None if the table has no place.
        photographer: Who took it; empty if the table doesn't say.
    """

    photo: str
    place: Place | None
    photographer: str


def read_table(path: Path) -> list[Entry]:
    """Read a CSV; without a header the columns are path, lat, lng, photographer.

    A row without a latitude and longitude is a photo without a place. Raises `EvaluationError`
    or `PlaceError` with the line number of a wrong row.
    """
    try:
        if path.exists() and not path.is_file():  # a pipe may never end
            raise EvaluationError(f"{path}: not a file, expected a CSV")
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, strict=True)
            return list(_entries(path, rows))
    except OSError as error:
        raise EvaluationError(f"{path}: cannot read the table ({error.strerror})") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise EvaluationError(f"{path}: not a CSV in UTF-8 ({error})") from error


def _entries(path: Path, rows: Iterator[list[str]]) -> Iterator[Entry]:
    columns: dict[str, int] | None = None
    for number, row in enumerate(rows, start=1):
        if columns is None:
            columns, is_header = _columns(path, row)
            if is_header:
                continue
        if any(cell.strip() for cell in row):
            yield _entry(f"{path}, line {number}", row, columns)


def _columns(path: Path, first: list[str]) -> tuple[dict[str, int], bool]:
    """Which column is what, and whether the first row was a header that says so."""
    names = [name.strip().lower() for name in first]
    found = {
        column: next(names.index(name) for name in known if name in names)
        for column, known in _NAMES.items()
        if not set(known).isdisjoint(names)
    }
    if {"photo", "lat", "lng"} <= found.keys():
        return found, True
    if found or not 3 <= len(first) <= 4:
        raise EvaluationError(
            f"{path}: expected the columns path, lat, lng and perhaps photographer, "
            f"got {', '.join(names)[:80]!r}"
        )
    return dict(zip(_ORDER, range(len(first)), strict=False)), False


def _entry(where: str, row: list[str], columns: dict[str, int]) -> Entry:
    def cell(column: str) -> str:
        index = columns.get(column, len(row))
        return row[index].strip() if index < len(row) else ""

    lat, lng = cell("lat"), cell("lng")
    if not cell("photo"):
        raise EvaluationError(f"{where}: no path of a photo; expected path, lat, lng")
    if not lat and not lng:
        return Entry(cell("photo"), None, cell("photographer"))
    try:
        place = (float(lat), float(lng))
        if not (abs(place[0]) <= 90 and abs(place[1]) <= 180):
            check_points(place)  # says what is wrong with it
    except PlaceError as error:
        raise PlaceError(f"{where}: {error}") from error
    except ValueError as error:
        raise EvaluationError(
            f"{where}: latitude {lat!r} and longitude {lng!r} are not decimal degrees"
        ) from error
    return Entry(cell("photo"), place, cell("photographer"))
