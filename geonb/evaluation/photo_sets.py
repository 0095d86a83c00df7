"""Photos with their true places: from a folder, or a CSV.

What has no place is counted and left out. What has a place but cannot be opened stays in: it
counts as wrong, because a test set that loses its hard photos gets easier.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from geonb.distances import check_points
from geonb.errors import EvaluationError, PhotoError, PlaceError
from geonb.evaluation.photo_tables import Entry, read_table
from geonb.photos.photo import open_photo

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

PICTURE_ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".avif", ".gif", ".bmp"}
"""What is taken for a photo in a folder."""


@dataclass(frozen=True, eq=False)
class PhotoSet:
    """Photos with their true places."""

    name: str
    """What tables call the set."""
    photos: tuple[str, ...]
    """Paths or addresses."""
    truth: NDArray[np.float64]
    """Where each was taken, (N, 2) degrees."""
    photographers: tuple[str, ...]
    """Who took each; empty where nobody says."""
    skipped: Mapping[str, int]
    """What was left out, and how often: the reason and the count."""

    def __len__(self) -> int:
        return len(self.photos)

    def __repr__(self) -> str:
        text = f"<PhotoSet {self.name!r}: {len(self):,} photos with places"
        if missing := self.missing:
            text += f", of which {missing:,} are not on the disk"
        return f"{text}{''.join(f'; {n:,} {why}' for why, n in self.skipped.items())}>"

    @property
    def missing(self) -> int:
        """Photos that are named by a path where there is no file."""
        return sum("://" not in photo and not Path(photo).is_file() for photo in self.photos)


def make_set(name: str, entries: Iterable[Entry], skipped: Counter[str]) -> PhotoSet:
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
        raise EvaluationError(
            f"{name}: no photo with a place ({dict(skipped) or 'none at all'}); "
            "tell the places in a CSV of path, lat, lng"
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

    A folder's photos tell their place in EXIF, unless ``truth``, such a CSV, has it; their
    photographer is EXIF's artist, or else the name of the folder that they lie in, inside that
    one. Paths in a CSV start at the CSV's folder. Raises `EvaluationError`, `PlaceError`.
    """
    path = Path(source).expanduser()
    if path.is_dir():
        return from_folder(path, path.name, by_name(truth))
    if not path.is_file():
        raise EvaluationError(f"{path}: no such folder or CSV of photos; check the path")
    if truth is not None:
        raise EvaluationError(f"{path}: a CSV tells the places itself; truth= goes with a folder")
    return make_set(path.name, _absolute(read_table(path), path.parent), Counter())


def _absolute(entries: Iterable[Entry], folder: Path) -> Iterable[Entry]:
    for entry in entries:
        here = entry.photo if "://" in entry.photo else str(folder / entry.photo)
        yield Entry(here, entry.place, entry.photographer)


def by_name(truth: str | os.PathLike[str] | None) -> dict[str, Entry] | None:
    """A table's entries by file name, without the folders before it."""
    if truth is None:
        return None
    return {Path(entry.photo).name: entry for entry in read_table(Path(truth).expanduser())}


def from_folder(folder: Path, name: str, table: dict[str, Entry] | None) -> PhotoSet:
    """A folder's photos, with places from a table by file name, or else from EXIF."""
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in PICTURE_ENDINGS)
    skipped: Counter[str] = Counter()
    entries = [_entry(file, folder, table, skipped) for file in files]
    if table is not None:  # what the table promises, and the folder has not
        there = {file.name for file in files}
        lost = [entry for file, entry in table.items() if file not in there]
        entries += _absolute(lost, folder)
    return make_set(name, [entry for entry in entries if entry], skipped)


def _entry(
    file: Path, folder: Path, table: dict[str, Entry] | None, skipped: Counter[str]
) -> Entry | None:
    parent = "" if file.parent == folder else file.parent.name
    if table is not None and file.name in table:
        listed = table[file.name]
        return Entry(str(file), listed.place, listed.photographer or parent)
    try:
        photo = open_photo(file)
        return Entry(str(file), photo.place, photo.artist or parent)
    except PhotoError:
        skipped["cannot be read"] += 1
        return None
