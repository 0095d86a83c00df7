"""Photos with their true places: from a folder, or a CSV.

What has no place is counted and left out. What has a place but cannot be opened stays in: it
counts as wrong, because a test set that loses its hard photos gets easier.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geonb.distances import check_points
from geonb.errors import EvaluationError, PhotoError, PlaceError
from geonb.files import expanded
from geonb.photos.photo import open_photo
from geonb.web.addresses import is_address
from geonb_lab.evaluation.photo_tables import Entry, known_set, photo_folders, read_table, table_of
from geonb_lab.many.finding import in_folder
from geonb_lab.many.results import in_order


@dataclass(frozen=True, eq=False)
class PhotoSet:
    """Photos with their true places.

    Attributes:
        name: What tables call the set.
        photos: Paths or addresses, N.
        truth: Where each was taken, (N, 2) degrees.
        photographers: Who took each, N; empty if that isn't known.
        skipped: What was left out: each reason, and how often.
    """

    name: str
    photos: tuple[str, ...]
    truth: NDArray[np.float64]
    photographers: tuple[str, ...]
    skipped: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.photos)

    def __repr__(self) -> str:
        text = f"<PhotoSet {self.name!r}: {len(self):,} photos with places"
        if missing := self.missing:
            text += f", of which {missing:,} are not on the disk"
        return f"{text}{''.join(f'; {n:,} {why}' for why, n in self.skipped.items())}>"

    def first(self, count: int | None) -> PhotoSet:
        """The set with its first ``count`` photos only; all if None."""
        names = ("photos", "truth", "photographers")
        return replace(self, **{name: getattr(self, name)[:count] for name in names})

    @property
    def missing(self) -> int:
        """Photos that are named by a path where there is no file."""
        return sum(not is_address(photo) and not Path(photo).is_file() for photo in self.photos)


def make_set(
    name: str, entries: Iterable[Entry], skipped: Counter[str], failures: Sequence[str] = ()
) -> PhotoSet:
    """Keep each photo once, if its place is known; count the others."""
    kept: dict[str, Entry] = {}
    for entry in entries:
        if entry.place is None:
            skipped["have no place"] += 1
        elif entry.photo in kept:
            skipped["are listed twice"] += 1
        else:
            kept[entry.photo] = entry
    if not kept:
        reasons = ", ".join(f"{n:,} {why}" for why, n in skipped.items()) or "none at all"
        reasons += f"; the first: {failures[0]}" if failures else ""
        raise EvaluationError(
            f"{name}: no photo with a place ({reasons}); give the places in a CSV of path, lat, lng"
        )
    places = np.array([entry.place for entry in kept.values()])
    try:
        check_points(places)
    except PlaceError as error:
        raise PlaceError(f"{name}: {error}") from error
    people = tuple(entry.photographer for entry in kept.values())
    return PhotoSet(name, tuple(kept), places, people, dict(skipped))


def read_photos(
    source: str | os.PathLike[str], truth: str | os.PathLike[str] | None = None
) -> PhotoSet:
    """Read a folder of photos, or a CSV of ``path, lat, lng`` and perhaps ``photographer``.

    A folder's photos have their place in EXIF, or in ``truth``, such a CSV: a row belongs to the
    photo whose path in the folder is the row's, or else to the only one whose path ends with the
    row's, or the row's with it. The photographer is EXIF's artist, or else the name of the
    subfolder. Paths in a CSV without a folder start at the CSV's own folder.

    IM2GPS3k, YFCC4k, YFCC26k, GWS15k and OSV-5M's test set are known by the names of their files:
    give the CSV (``IMG_ID, LAT, LON`` or ``id, latitude, longitude``) or the folder beside it.
    They then have the name that published rows have.

    Raises `EvaluationError`, also if a row fits several photos, and `PlaceError`.
    """
    path = expanded(source)
    if path.is_dir():
        if truth is None and (table := table_of(path.resolve())):
            return _from_table(table, [path.resolve()])
        return from_folder(path, path.resolve().name or str(path), truth)
    if not path.is_file():
        raise EvaluationError(f"{path}: no such folder or CSV of photos; check the path")
    if truth is not None:
        raise EvaluationError(f"{path}: a CSV has the places itself; truth= goes with a folder")
    return _from_table(path, photo_folders(path))


def _from_table(path: Path, folders: Sequence[Path]) -> PhotoSet:
    """A table's photos: where it says, from its own folder on, or else in one of ``folders``."""
    name, table = known_set(path.resolve()) or path.name, read_table(path)
    if not any(is_address(row.photo) or (path.parent / row.photo).is_file() for row in table):
        files = [Path(file) for folder in folders for file in in_folder(folder, Counter())]
        rows = _match(table, path.parent, files)
        table = [replace(row, photo=str(file)) for file in rows for row in rows[file]]
    # What the folders have not stays in, and counts as wrong.
    return make_set(name, (_inside(row, path.parent) for row in table), Counter())


def _inside(entry: Entry, folder: Path) -> Entry:
    """The entry with its path from here; an address stays as it is."""
    return entry if is_address(entry.photo) else replace(entry, photo=str(folder / entry.photo))


def from_folder(folder: Path, name: str, truth: str | os.PathLike[str] | None) -> PhotoSet:
    """A folder's photos, with places from the table ``truth``, or else from EXIF."""
    from tqdm.auto import tqdm

    skipped: Counter[str] = Counter()
    files = list(map(Path, in_folder(folder, skipped)))
    failures: list[str] = []
    rows = _match(read_table(expanded(truth)), folder, files) if truth is not None else {}
    entries: list[Entry] = []
    bar = tqdm(files, "reading places", unit="photo", leave=False, delay=1)
    for file, listed in zip(bar, in_order(partial(_listed, rows), files), strict=True):
        rows.pop(file, None)
        parent = "" if file.parent == folder else file.parent.name
        if isinstance(listed, PhotoError):
            failures.append(str(listed))
            continue
        entries += [Entry(str(file), row.place, row.photographer or parent) for row in listed]
    if failures:
        skipped["cannot be read"] = len(failures)
    # What the table has and the folder has not stays in, and counts as wrong.
    entries += [_inside(row, folder) for listed in rows.values() for row in listed]
    return make_set(name, entries, skipped, failures)


def _listed(rows: Mapping[Path, list[Entry]], file: Path) -> list[Entry] | PhotoError:
    """The table's rows of a photo, or else what its EXIF says, or why it can't be read."""
    if listed := rows.get(file):
        return listed
    try:
        photo = open_photo(file)
        return [Entry(str(file), photo.sure_place, photo.artist)]
    except PhotoError as error:
        return error


def _match(table: Sequence[Entry], folder: Path, files: Sequence[Path]) -> dict[Path, list[Entry]]:
    """A table's rows by the photo that each belongs to, in the folder or absent from it."""
    there = set(files)
    named = there & {folder / row.photo for row in table}
    by_name: dict[str, list[Path]] = defaultdict(list)
    for file in files:
        if file not in named:
            by_name[file.name].append(file)
            by_name[file.stem].append(file)  # some tables leave out the ending
    rows: dict[Path, list[Entry]] = defaultdict(list)
    for row in table:
        path, listed = folder / row.photo, Path(row.photo).parts
        same_name = [] if path in there else by_name[path.name]
        fitting = [file for file in same_name if _same_end(file, folder, listed)]
        path = fitting[0] if fitting else path
        clash = ""
        if len(fitting) > 1:
            some = ", ".join(str(file.relative_to(folder)) for file in fitting[:2])
            clash = f"{row.photo!r} fits {len(fitting)} photos ({some}{', …' * (len(fitting) > 2)})"
        elif rows[path] and rows[path][0].photo != row.photo:
            clash = f"{rows[path][0].photo!r} and {row.photo!r} fit one photo, {path.name}"
        if clash:
            raise EvaluationError(f"table of places: {clash}; write paths relative to {folder}")
        rows[path].append(row)
    return rows


def _same_end(file: Path, folder: Path, listed: tuple[str, ...]) -> bool:
    """Whether a file's path in the folder ends with the listed one, or the listed one with it."""
    if listed[-1] == file.stem:
        file = file.with_suffix("")
    inside = file.relative_to(folder).parts
    shared = min(len(inside), len(listed))
    return inside[-shared:] == listed[-shared:]
