"""Files that are derived from a checkpoint: made once, kept in the cache, checked at each start."""

from __future__ import annotations

import shutil
import tempfile
import uuid
import warnings
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import filelock

from geonb.files import cache_folder, file_digest

if TYPE_CHECKING:
    from collections.abc import Callable

_MANIFEST = "sizes"
"""Lists the folder's files: name, size in bytes, MD5."""


@dataclass(frozen=True)
class Derived:
    """A folder of derived files; a temporary one is removed when the record is let go."""

    folder: Path


def derive(name: str, make: Callable[[Path], None]) -> Derived:
    """Give the folder ``name`` of the cache, where need be made anew by ``make(folder)``.

    It appears whole or not at all; a folder whose files were cut off or changed is made anew.
    Of several processes one makes it. Where the cache cannot be written, a temporary folder
    takes its place, with a warning. Raises `OSError` where that cannot be written either.
    """
    folder = cache_folder() / "onnx" / name
    if _complete(folder):
        return Derived(folder)
    try:
        locks = cache_folder() / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        folder.parent.mkdir(exist_ok=True)
        probe = folder.with_name(f".part-{uuid.uuid4().hex}")
        probe.mkdir()
    except OSError as error:
        return _in_a_temporary_folder(folder, make, error)
    try:
        with filelock.FileLock(locks / name):
            if not _complete(folder):
                _make(probe, make)
                shutil.rmtree(folder, ignore_errors=True)
                probe.rename(folder)
    finally:
        shutil.rmtree(probe, ignore_errors=True)
    return Derived(folder)


def discard(derived: Derived) -> None:
    """Remove a folder that turned out to be broken."""
    shutil.rmtree(derived.folder, ignore_errors=True)


def _in_a_temporary_folder(folder: Path, make: Callable[[Path], None], error: OSError) -> Derived:
    warnings.warn(
        f"the cache cannot be written ({folder.parent}: {error.strerror}), so the model is "
        "converted at every start; name a folder that can be written in GEONB_CACHE",
        stacklevel=2,
    )
    derived = Derived(Path(tempfile.mkdtemp(prefix="geonb-")))
    weakref.finalize(derived, shutil.rmtree, derived.folder, ignore_errors=True)
    _make(derived.folder, make)
    return derived


def _make(folder: Path, make: Callable[[Path], None]) -> None:
    make(folder)
    lines = [f"{f.name} {f.stat().st_size} {file_digest(f)}\n" for f in sorted(folder.iterdir())]
    (folder / _MANIFEST).write_text("".join(lines))


def _complete(folder: Path) -> bool:
    """Whether the folder holds what was written into it."""
    try:
        rows = [line.split() for line in (folder / _MANIFEST).read_text().splitlines()]
        return bool(rows) and all(
            (folder / name).stat().st_size == int(size) and file_digest(folder / name) == digest
            for name, size, digest in rows
        )
    except (OSError, ValueError):
        return False
