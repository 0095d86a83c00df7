"""Derive files once, such as a network's ONNX form, and keep them in the cache."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import uuid
import warnings
import weakref
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from geonb import __version__
from geonb.errors import ModelError
from geonb.files import (
    DERIVED,
    MARK,
    cache_folder,
    derived_folders,
    deriving,
    file_digest,
    filling_cache,
    is_private,
    make_cache_folder,
    mark_folder,
    remove_marked,
)
from geonb.writing import PART

if TYPE_CHECKING:
    from collections.abc import Callable

MANIFEST = "sizes"
"""Lists a derived folder's files: name, size in bytes, MD5."""


@dataclass(frozen=True)
class Derived:
    """A folder of derived files; a temporary one is removed when nothing refers to it any more."""

    folder: Path


def derived_name(owner: str, content: str, maker: str = "") -> str:
    """What a folder is called that is derived for the model ``owner`` from some ``content``.

    It ends with the release of geonb, and with that of ``maker`` if other software shapes the
    files too.
    """
    return f"{owner}-{content}-{_release(maker)}"


def find_derived(name: str) -> Derived | None:
    """The derived folder ``name`` if it is in the cache, whole and unchanged; see `derive`."""
    folder = cache_folder() / DERIVED / name
    try:
        lines = (folder / MANIFEST).read_text(encoding="utf-8").splitlines()
        rows = [(folder / file, size, digest) for file, size, digest in map(str.split, lines)]
        whole = bool(rows) and all(
            file.stat().st_size == int(size) and file_digest(file) == digest
            for file, size, digest in rows
        )
        private = all(map(is_private, (folder, *folder.iterdir())))
    except (OSError, ValueError):
        return None
    return Derived(folder) if whole and private else None


def derive(
    owner: str,
    content: str,
    make: Callable[[Path], None],
    maker: str = "",
    needed: int = 0,
) -> Derived:
    """Derive a folder (see `derived_name`) unless it is there: ``make(folder)`` fills it.

    When a folder is made, those of other releases are removed, and what interrupted processes
    left. A folder appears whole or not at all. It is made anew if its files were cut off or
    changed, or if others may write to them. If the cache can't be written, a temporary folder
    takes its place, with a warning. Raises `ModelError`, which names the ``owner``, if that can't
    be written either, or has fewer than ``needed`` bytes free.
    """
    name = derived_name(owner, content, maker)
    if found := find_derived(name):
        return found
    folder = cache_folder() / DERIVED / name
    part = folder.with_name(f"{PART}{uuid.uuid4().hex}")

    def make_in(folder: Path) -> None:
        if shutil.disk_usage(folder).free < needed:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
        make(folder)
        files = sorted(file for file in folder.iterdir() if file.name != MARK)
        lines = [f"{f.name} {f.stat().st_size} {file_digest(f)}\n" for f in files]
        (folder / MANIFEST).write_text("".join(lines), encoding="utf-8")

    task = f"{owner}: cannot write the converted model"
    with filling_cache(task, needed, ModelError), ExitStack() as stack:
        try:
            make_cache_folder(DERIVED)
            stack.enter_context(deriving())
            mark_folder(part, owner)
        except OSError as error:
            return _in_a_temporary_folder(folder, make_in, error)
        stack.callback(shutil.rmtree, part, ignore_errors=True)
        if found := find_derived(name):  # another process has made it meanwhile
            return found
        if folder.exists() and not is_private(folder):
            _warn(f"others may write to {folder}, so the model is converted anew")
        for other in derived_folders():
            if other not in {part, folder} and _is_left_over(other.name, maker):
                remove_marked(other)
        make_in(part)
        try:
            remove_marked(folder)
            part.rename(folder)
        except OSError as error:  # another user's folder is in the way
            return _in_a_temporary_folder(folder, make_in, error)
    return Derived(folder)


def _release(maker: str) -> str:
    return f"{__version__}-{maker}" if maker else __version__


def _is_left_over(name: str, maker: str) -> bool:
    """Whether a derived folder was never finished, or is of another release."""
    _, found, other_maker = name.rpartition(f"-{__version__}")
    return not found or (maker != "" and other_maker not in {"", f"-{maker}"})


def _in_a_temporary_folder(folder: Path, make: Callable[[Path], None], error: OSError) -> Derived:
    _warn(
        f"the cache cannot be written ({folder.parent}: {error.strerror}), so the model is "
        "converted at every start; name a folder that can be written in GEONB_CACHE"
    )
    derived = Derived(Path(tempfile.mkdtemp(prefix="geonb-")))
    weakref.finalize(derived, _remove, derived.folder, os.getpid())
    make(derived.folder)
    return derived


def _remove(folder: Path, process: int) -> None:
    """Remove a temporary folder, but not when a forked child of the ``process`` ends."""
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)


def _warn(text: str) -> None:
    warnings.warn(text, stacklevel=4)
