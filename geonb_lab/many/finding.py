"""Find photos in folders and lists."""

import codecs
import os
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from geonb.errors import PhotoError
from geonb.files import expanded, expecting, regular
from geonb.web.addresses import is_address

_RAW = {".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".orf", ".rw2", ".pef", ".srw"}
ENDINGS = {
    *_RAW,
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp", ".gif", ".tif", ".tiff"),
    *(".bmp", ".heic", ".heif", ".hif", ".avif"),
}
"""The files of a folder that are photos: what `open_photo` opens."""
OTHER_FILES = "aren't photos"
"""Why the rest of a folder is left out."""
_ASIDE = {
    *("@eadir", ".@__thumb", ".thumbnails", ".thumb", "ipod photo cache", "__macosx"),
    *("#recycle", "@recycle", "$recycle.bin", ".trash", ".trashes", ".dtrash"),
}
"""Folders of previews and of deleted photos: Synology's, QNAP's and those of desktops."""
_ASIDE_ENDINGS = (".lrdata", ".photoslibrary/resources", ".aplibrary/previews")
"""The same inside catalogues: Lightroom's, Apple's Photos and Aperture."""


def list_photos(sources: Iterable[str]) -> tuple[list[str], Counter[str]]:
    """The photos that ``sources`` name, and how often what was left out for which reason.

    A source is a photo's path or address, a folder (searched with its subfolders), a list (a
    ``.txt`` file with one path or address per line), or ``-`` for such a list on standard input.
    Raises `PhotoError` for a list that can't be read.
    """
    photos: list[str] = []
    skipped: Counter[str] = Counter()
    for source in sources:
        path = expanded(source)
        if source == "-":
            with expecting(Path("standard input"), "a list of photos", PhotoError):
                photos += _lines(sys.stdin.buffer.read())
        elif is_address(source):
            photos.append(source)
        elif path.is_dir():
            photos += in_folder(path, skipped)
        elif path.suffix.lower() in {".txt", ".lst"}:
            with expecting(path, "a list of photos", PhotoError):
                names = _lines(regular(path).read_bytes())
            # Relative paths start at the list's folder.
            photos += [name if is_address(name) else str(path.parent / name) for name in names]
        else:
            photos.append(str(path))
    return photos, skipped


def in_folder(folder: Path, skipped: Counter[str]) -> list[str]:
    """Paths of a folder's photos, its subfolders' too, sorted; ``skipped`` counts what isn't one.

    Hidden files are left out silently. Links to folders are not followed: they may form a loop.
    """
    photos = []
    rest = [(str(folder), False)]
    while rest:  # not one function inside the other: folders may be nested a thousand deep
        parent, aside = rest.pop()
        try:
            with os.scandir(parent) as entries:
                listed = list(entries)
        except OSError:
            skipped["are in folders that can't be read"] += 1
            continue
        parts = [os.path.splitext(entry.name.lower()) for entry in listed]  # noqa: PTH122 - faster
        pictures = {stem for stem, ending in parts if ending in ENDINGS - _RAW}
        for entry, (stem, ending) in zip(listed, parts, strict=True):
            if entry.is_dir(follow_symlinks=False):
                hidden = aside or _is_aside(entry.path)
                if hidden or not entry.name.startswith("."):
                    rest.append((entry.path, hidden))
            elif not entry.name.startswith("."):
                reason = "are previews or deleted photos" if aside else _reason(entry, ending)
                if ending in _RAW and stem in pictures:
                    reason = reason or "are raw photos beside their pictures"
                if reason:
                    skipped[reason] += 1
                else:
                    photos.append(entry.path)
    return sorted(photos, key=lambda path: Path(path).parts)


def _is_aside(path: str) -> bool:
    plain = path.replace(os.sep, "/").lower()
    return plain.rpartition("/")[2] in _ASIDE or plain.endswith(_ASIDE_ENDINGS)


def _reason(entry: os.DirEntry[str], ending: str) -> str:
    """Why a file of a folder is no photo; empty if it is one, or vanished, which is told later."""
    if entry.is_symlink() and os.path.isdir(entry.path):  # noqa: PTH112 - twice as fast
        return "are linked folders"
    if ending not in ENDINGS:
        return OTHER_FILES
    strange = not os.path.isfile(entry.path) and os.path.exists(entry.path)  # noqa: PTH110, PTH113
    return "are no regular files" if strange else ""


def _lines(data: bytes) -> list[str]:
    # Only these end a line: a name may hold what `splitlines` takes for an end.
    lines = text_of(data, "surrogateescape").replace("\r\n", "\n").split("\n")
    return [line for line in lines if line.strip()]


def text_of(data: bytes, errors: str = "strict") -> str:
    """Text as other programs write it: in UTF-8, or in UTF-16 with its mark, as PowerShell does.

    ``errors`` says what becomes of bytes that are no UTF-8. Raises `ValueError`.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16")
    return data.removeprefix(codecs.BOM_UTF8).decode("utf-8", errors)
