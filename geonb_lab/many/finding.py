"""Find photos in folders and lists."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from geonb.errors import PhotoError
from geonb.files import expanded, expecting, regular

if TYPE_CHECKING:
    from collections.abc import Iterable


ENDINGS = {
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp", ".gif", ".tif", ".tiff"),
    *(".bmp", ".heic", ".heif", ".hif", ".avif"),
}
"""The files of a folder that are photos: what `open_photo` opens."""
OTHER_FILES = "are other files"
"""Why the rest of a folder is left out."""


def find_photos(sources: Iterable[str]) -> tuple[list[str], Counter[str]]:
    """The photos that ``sources`` name, and what was left out: the reason, how often.

    A source is a photo's path or address, a folder (searched with its subfolders), a list (a
    ``.txt`` file with one path or address per line), or ``-`` for such a list on standard input.
    Raises `PhotoError` for a list that can't be read.
    """
    found: list[str] = []
    skipped: Counter[str] = Counter()
    for source in sources:
        path = expanded(source)
        if source == "-":
            names = _lines(sys.stdin.read())
        elif "://" in source:
            names = [source]
        elif path.is_dir():
            names = in_folder(path, skipped)
        elif path.suffix.lower() in {".txt", ".lst"}:
            names = _listed(path)
        else:
            names = [str(path)]
        found += names
    return found, skipped


def in_folder(folder: Path, skipped: Counter[str]) -> list[str]:
    """Paths of a folder's photos, its subfolders' too, sorted; ``skipped`` counts what isn't one.

    Hidden files are left out silently. Links to folders are not followed: they may form a loop.
    """
    photos = []

    def unreadable(_: OSError) -> None:
        skipped["are in folders that can't be read"] += 1

    for parent, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = os.path.join(parent, name)  # noqa: PTH118 - twice as fast, for long folders
            if name.startswith("."):
                continue
            if os.path.splitext(name)[1].lower() not in ENDINGS:  # noqa: PTH122
                skipped[OTHER_FILES] += 1
            # One that vanished is the photo's own failure, told later.
            elif not os.path.isfile(path) and os.path.exists(path):  # noqa: PTH110, PTH113
                skipped["are no regular files"] += 1
            else:
                photos.append(path)
    return sorted(photos, key=lambda path: Path(path).parts)


def _listed(path: Path) -> list[str]:
    """The photos of a list; relative paths start at the list's folder."""
    with expecting(path, "a list of photos", PhotoError):
        names = _lines(regular(path).read_text(encoding="utf-8", errors="surrogateescape"))
    return [name if "://" in name else str(path.parent / name) for name in names]


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]
