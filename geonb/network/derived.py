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
from pathlib import Path
from typing import TYPE_CHECKING

from geonb import __version__
from geonb.errors import ModelError
from geonb.files import (
    DERIVED,
    MANIFEST,
    Derived,
    cache_folder,
    file_digest,
    filling_cache,
    find_derived,
    is_private,
    make_cache_folder,
)
from geonb.writing import PART

if TYPE_CHECKING:
    from collections.abc import Callable

    from filelock import BaseFileLock


def derive(
    name: str, make: Callable[[Path], None], task: str, maker: str = "", needed: int = 0
) -> Derived:
    """Derive the folder ``name``, which `find_derived` does not find: ``make(folder)`` fills it.

    The name in the cache ends with the release of geonb, and with that of ``maker`` if other
    software shapes the files too. When a folder is made, those of other releases are removed,
    and what interrupted processes left. A folder appears whole or not at all. It is made anew
    if its files were cut off or changed, or if others may write to them. If the cache can't be
    written, a temporary folder takes its place, with a warning. Raises `ModelError`, which names
    the ``task``, if that can't be written either, or has fewer than ``needed`` bytes free.
    """
    release = f"{__version__}-{maker}" if maker else __version__
    folder = cache_folder() / DERIVED / f"{name}-{release}"
    part = folder.with_name(f"{PART}{uuid.uuid4().hex}")

    def make_in(folder: Path) -> None:
        if shutil.disk_usage(folder).free < needed:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
        make(folder)
        files = sorted(folder.iterdir())
        lines = [f"{f.name} {f.stat().st_size} {file_digest(f)}\n" for f in files]
        (folder / MANIFEST).write_text("".join(lines), encoding="utf-8")

    with filling_cache(task, needed, ModelError), ExitStack() as stack:
        try:
            stack.enter_context(deriving())
            part.mkdir(mode=0o700)
        except OSError as error:
            return _in_a_temporary_folder(folder, make_in, error)
        stack.callback(shutil.rmtree, part, ignore_errors=True)
        if found := find_derived(name, maker):  # another process has made it meanwhile
            return found
        if folder.exists() and not is_private(folder):
            _warn(f"others may write to {folder}, so the model is converted anew")
        for other in folder.parent.iterdir():
            if other != part and _is_left_over(other.name, maker):
                shutil.rmtree(other, ignore_errors=True)
        make_in(part)
        shutil.rmtree(folder, ignore_errors=True)
        try:
            part.rename(folder)
        except OSError as error:  # another user's folder is in the way
            return _in_a_temporary_folder(folder, make_in, error)
    return Derived(folder)


def deriving() -> BaseFileLock:
    """One process at a time derives, so an unfinished folder that it finds is nobody's."""
    import filelock

    return filelock.FileLock(make_cache_folder(DERIVED).with_name(".onnx.lock"))


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
    weakref.finalize(derived, shutil.rmtree, derived.folder, ignore_errors=True)
    make(derived.folder)
    return derived


def _warn(text: str) -> None:
    warnings.warn(text, stacklevel=4)
