"""The two test sets of the blog: IM2GPS, and MediaEval Placing 2016."""

import bz2
import io
import lzma
import os
import zipfile
import zlib
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

from geonb.errors import EvaluationError, PhotoError
from geonb.files import TEST_PHOTOS, cache_folder, expanded, make_cache_folder, regular
from geonb.photos.urls import fetch
from geonb.writing import claim_folder, filling_cache, replacing
from geonb_lab.evaluation.photo_sets import PhotoSet, from_folder, make_set
from geonb_lab.evaluation.photo_tables import Entry
from geonb_lab.evaluation.scores import IM2GPS, PLACING_2016
from geonb_lab.many.finding import ENDINGS, OTHER_FILES

IM2GPS_URL = "http://graphics.cs.cmu.edu/projects/im2gps/gps_query_imgs.zip"
"""39 MB, from the authors' page (Hays and Efros, CVPR 2008)."""
_MAX_UNPACKED = 200_000_000
"""Bytes; the photos of IM2GPS take 39 MB."""
_BROKEN_ARCHIVE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError)
"""What zipfile raises; RuntimeError also for a password, and for unknown compression."""
_LONGEST = 100_000
"""Characters of a line of the truth file, at most."""
MULTIMEDIA_COMMONS = "https://multimedia-commons.s3-us-west-2.amazonaws.com/data/images"
"""The photos of Placing 2016, by the hash of each."""


def im2gps(
    folder: str | os.PathLike[str] | None = None,
    table: str | os.PathLike[str] | None = None,
) -> PhotoSet:
    """The 237 photos of IM2GPS, from a local ``folder``, or fetched once from their authors.

    Places come from EXIF, or from a ``table`` with the columns ``IMG_ID``, ``LAT``, ``LON``.
    Raises `EvaluationError` if the photos aren't there and can't be fetched.
    """
    path = expanded(folder) if folder else _fetch_im2gps()
    if not path.is_dir():
        raise EvaluationError(f"{path}: no such folder; expected the photos of IM2GPS")
    photos = from_folder(path, IM2GPS, table)
    there = {why: n for why, n in photos.skipped.items() if why != OTHER_FILES}
    lost = 237 - len(photos) - sum(there.values())
    skipped = dict(photos.skipped) | ({"are missing from the 237": lost} if lost > 0 else {})
    return replace(photos, skipped=skipped)


def _fetch_im2gps() -> Path:
    """Unpack the authors' archive into the cache, once."""
    folder = cache_folder() / TEST_PHOTOS
    if (folder / ".complete").is_file():
        return folder
    try:
        photos = _unpacked(fetch(IM2GPS_URL))
    except (PhotoError, *_BROKEN_ARCHIVE) as error:
        raise EvaluationError(
            f"cannot fetch IM2GPS ({error}); download {IM2GPS_URL} yourself and give its folder"
        ) from error
    task, size = f"{folder}: cannot write IM2GPS there", sum(map(len, photos.values()))
    with filling_cache(task, size, EvaluationError):
        make_cache_folder(TEST_PHOTOS)
        claim_folder(folder)
        for name, data in photos.items():
            with replacing(folder / name) as temporary:
                temporary.write_bytes(data)
        (folder / ".complete").touch()
    return folder


def _unpacked(data: bytes) -> dict[str, bytes]:
    """The photos of an archive by their names, without folders."""
    archive = zipfile.ZipFile(io.BytesIO(data))
    members = [m for m in archive.infolist() if Path(m.filename).suffix.lower() in ENDINGS]
    if not members:
        raise zipfile.BadZipFile("the archive holds no photos")
    if sum(member.file_size for member in members) > _MAX_UNPACKED:
        raise zipfile.BadZipFile(f"the archive holds more than {_MAX_UNPACKED // 10**6} MB")
    return {Path(member.filename).name: archive.read(member) for member in members}


def placing2016(
    truth: str | os.PathLike[str], photos: str | os.PathLike[str] | None = None
) -> PhotoSet:
    """The photos of the Placing Task 2016 by its ``truth`` file, tab-separated, or its .bz2.

    Column 2 is the longitude, column 3 the latitude, the last one the photo's hash. ``photos``
    is a folder with local copies (``abc/def/abcdef….jpg``, or without the folders); without it
    each photo is its address at Multimedia Commons. Raises `EvaluationError`, `PlaceError`.
    """
    path = expanded(truth)
    folder = expanded(photos) if photos else None
    entries, number = [], 0
    try:
        opened = bz2.open if path.suffix == ".bz2" else open
        with opened(regular(path), "rt", encoding="utf-8") as lines:
            bounded = iter(partial(lines.readline, _LONGEST), "")  # a line may unpack to gigabytes
            for number, line in enumerate(bounded, start=1):
                columns = line.rstrip("\n").split("\t")
                place = (float(columns[2]), float(columns[1]))
                entries.append(Entry(_placing_photo(columns[-1], folder), place, ""))
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or error
        raise EvaluationError(f"{path}: cannot read the truth file ({reason})") from error
    except (ValueError, IndexError) as error:
        raise EvaluationError(
            f"{path}, line {number or 1}: expected tab-separated columns, longitude in the second, "
            "latitude in the third, the photo's hash in the last"
        ) from error
    return make_set(PLACING_2016, entries, Counter())


def _placing_photo(code: str, folder: Path | None) -> str:
    if len(code) < 7 or not code.isalnum():
        raise ValueError(code)
    inside = f"{code[:3]}/{code[3:6]}/{code}.jpg"
    if folder is None:
        return f"{MULTIMEDIA_COMMONS}/{inside}"
    flat = folder / f"{code}.jpg"
    return str(flat if flat.is_file() else folder / inside)
