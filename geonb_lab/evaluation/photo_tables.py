"""Tables of photos: CSVs of paths, places and perhaps photographers; those of papers' test sets."""

import csv
import io
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from geonb.distances import LATITUDES, LONGITUDES, Place, check_points
from geonb.errors import EvaluationError, PlaceError
from geonb.files import expecting, regular
from geonb.photos import metadata
from geonb.shown.pictures import asset
from geonb_lab.many.finding import text_of

# What the columns are called: geonb's own name first, then exiftool's and those of test sets.
_NAMES = {
    "photo": ("path", "sourcefile", "photo", "file", "filename", "image", "img_id", "id"),
    "lat": (*LATITUDES, "composite:gpslatitude", "gpslatitude"),
    "lng": (*LONGITUDES, "composite:gpslongitude", "gpslongitude"),
    "photographer": ("photographer", "user", "author", "owner", "artist", "creator"),
    "lat_side": ("gpslatituderef",),
    "lng_side": ("gpslongituderef",),
}
_COORDINATE = re.compile(
    r"[NSEW]? *[-+]?(?:\d++(?:\.\d++)?[ ,:;°º'\"\u2019\u201d\u2032\u2033]*+){1,3}[NSEW]?"
)
_TEST_SETS = {
    row["in_names"]: row["test_set"]
    for row in csv.DictReader(asset("test_sets.csv", "geonb_lab").splitlines())
}
"""What a file's or a folder's name holds, and what published rows call that set."""


@dataclass(frozen=True)
class Entry:
    """One photo of a table: None or empty is what the table doesn't say."""

    photo: str
    place: Place | None
    photographer: str


def read_table(path: Path) -> list[Entry]:
    """Read a CSV with a header: path, lat, lng and perhaps photographer.

    Its columns may be parted by commas, semicolons or tabs; ``exiftool -csv`` writes such tables.
    A row without a latitude and longitude is a photo without a place. Raises `EvaluationError`
    or `PlaceError` with the line number of a wrong row.
    """
    with expecting(path, "a CSV in UTF-8 or UTF-16", EvaluationError, csv.Error):
        text = text_of(regular(path).read_bytes())
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
        columns: dict[str, int] = {}
        entries = []
        for number, row in enumerate(rows, start=1):
            if not any(cell.strip() for cell in row) or row[0].lower().startswith("sep="):
                continue
            where = f"{path}, line {number}"
            if columns:
                entries.append(_entry(where, row, columns))
            else:
                columns = _header(where, row)
    return entries


def _delimiter(text: str) -> str:
    """What parts the columns: what makes at least three of the first line that holds any."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    if first.lower().startswith("sep="):  # Excel's own line
        return first[4:5] or ","
    return next((mark for mark in "\t;" if first.count(mark) >= 2), ",")


def _header(where: str, first: list[str]) -> dict[str, int]:
    """Which column is what. Raises `EvaluationError` without a photo and its place."""
    names = [name.strip().lower() for name in first]
    names += [name.rpartition(":")[2] for name in names]  # without exiftool's groups
    found = {
        column: names.index(name) % len(first)
        for column, known in _NAMES.items()
        for name in [name for name in known if name in names][:1]
    }
    if not {"photo", "lat", "lng"} <= found.keys():
        raise EvaluationError(
            f"{where}: the header is {', '.join(first)[:80]!r}; expected the columns path, lat, "
            "lng and perhaps photographer"
        )
    return found


def _entry(where: str, row: list[str], columns: dict[str, int]) -> Entry:
    def cell(column: str) -> str:
        index = columns.get(column, len(row))
        text = row[index].strip() if index < len(row) else ""
        return "" if text == "-" else text  # exiftool's word for nothing

    lat, lng = cell("lat"), cell("lng")
    if not cell("photo"):
        raise EvaluationError(f"{where}: no path of a photo; expected path, lat, lng")
    if not lat and not lng:
        return Entry(cell("photo"), None, cell("photographer"))
    try:
        place = degrees(lat, "NS", cell("lat_side")), degrees(lng, "EW", cell("lng_side"))
        if not (abs(place[0]) <= 90 and abs(place[1]) <= 180):
            check_points(place)  # says what is wrong with it
    except PlaceError as error:
        raise PlaceError(f"{where}: {error}") from error
    except ValueError as error:
        raise EvaluationError(
            f"{where}: latitude {lat!r} and longitude {lng!r} are not degrees"
        ) from error
    return Entry(cell("photo"), place, cell("photographer"))


def degrees(text: str, letters: str, side: str = "") -> float:
    """Decimal degrees of a coordinate as tables write it: 35,66, 35 deg 39' 30.96" N, 35,39.516N.

    ``letters`` are those of its two sides, NS or EW. A number without a letter is on its ``side``,
    if that stands elsewhere, or keeps its sign. Raises `ValueError` for what is no coordinate.
    """
    plain = text.upper().replace("DEG", " ").replace("\N{MINUS SIGN}", "-").strip()
    if plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    if not side:
        with suppress(ValueError):
            return float(plain)
    if not _COORDINATE.fullmatch(plain) or ("-" in plain and letters[0] in plain):
        raise ValueError(f"not a coordinate: {text:.40}")
    return metadata.degrees(plain, side[:1], letters)[0]


def known_set(path: Path) -> str:
    """Which test set a file or folder belongs to, by its name or its folders'; empty if none."""
    for part in path.parts[:-5:-1]:
        plain = part.lower().replace("-", "").replace("_", "")
        if found := next((name for key, name in _TEST_SETS.items() if key in plain), ""):
            return found
    return ""


def table_of(folder: Path) -> Path | None:
    """The CSV of the test set whose photos a folder holds: in it, beside it, or further up.

    Raises `EvaluationError` if there are several, none of which is called ``test``.
    """
    name = known_set(folder)
    for place in (folder, *folder.parents[:3]) if name else ():
        tables = [path for path in sorted(place.glob("*.csv")) if known_set(path) == name]
        tables = [path for path in tables if path.stem == "test"] or tables
        if len(tables) > 1:
            names = ", ".join(table.name for table in tables[:3])
            raise EvaluationError(
                f"{place}: {len(tables)} tables of {name} ({names}); name one, not the folder"
            )
        if tables:
            return tables[0]
    return None


def photo_folders(table: Path) -> list[Path]:
    """Where the photos of a table may lie, apart from where it says: in a folder of its name.

    Those of a known test set lie in a folder that is called after the set, or anywhere below.
    """
    name = known_set(table.resolve())
    beside = sorted(path for path in table.parent.iterdir() if path.is_dir())
    named = [path for path in beside if path.name == table.stem]
    of_set = [path for path in beside if name and known_set(Path(path.name)) == name]
    return named or of_set or ([table.parent] if name else [])
