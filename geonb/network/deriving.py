"""Derive files, and put them into the cache: whole or not at all."""

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

from geonb.errors import ModelError
from geonb.files import DERIVED, file_digest, is_private, make_cache_folder
from geonb.network import sessions
from geonb.network.derived import MANIFEST, Derived
from geonb.writing import (
    MARK,
    PART,
    derived_folders,
    deriving,
    filling_cache,
    mark_folder,
    remove_marked,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from geonb.network.checkpoint import CheckpointFiles
    from geonb.network.derived import Wanted
    from geonb.network.quantisation import Calibration


def derive_network(
    wanted: Wanted, files: CheckpointFiles, calibration: Calibration | None = None, *, plain: bool
) -> Derived:
    """Derive a network as ONNX; then in int8, with a ``calibration``; then fit for this processor.

    ``plain`` leaves the last step out, for other processors. Raises `ModelError`.
    """

    def make(folder: Path) -> None:
        if plain:
            files.write_onnx(folder)
            return
        source, target = folder / "plain" / "model.onnx", folder / "model.onnx"
        source.parent.mkdir()
        files.write_onnx(source.parent)
        if calibration:
            from geonb.network.quantisation import quantise

            quantise(source, target, files, calibration)
        else:
            sessions.optimise(source, target, name=files.paths[0])
        shutil.rmtree(source.parent)

    return derive(wanted, make, 3 * sum(path.stat().st_size for path in files.paths))


def derive(wanted: Wanted, make: Callable[[Path], None], needed: int = 0) -> Derived:
    """Derive a folder that `Wanted.find` does not find: ``make(folder)`` fills it.

    Then those of other releases are removed, and what interrupted processes left. It replaces one
    that was cut off or changed, or that others may write to. If the cache can't be written, a
    temporary folder takes its place, with a warning. Raises `ModelError` if that can't be written
    either, or has fewer than ``needed`` bytes free.
    """
    task = f"{wanted.owner}: cannot write the converted model"
    with filling_cache(task, needed, ModelError), ExitStack() as stack:
        try:
            folder = make_cache_folder(DERIVED) / wanted.name
            part = folder.with_name(f"{PART}{uuid.uuid4().hex}")
            stack.enter_context(deriving())
            mark_folder(part, wanted.owner)
        except OSError as error:
            return _in_a_temporary_folder(make, needed, error)
        stack.callback(shutil.rmtree, part, ignore_errors=True)
        if found := wanted.find():  # another process has made it meanwhile
            return found
        if folder.exists() and not is_private(folder):
            _warn(f"others may write to {folder}, so the model is converted anew")
        for other in derived_folders():
            if other not in {part, folder} and wanted.is_superseded(other.name):
                remove_marked(other)
        _fill(part, make, needed)
        try:
            remove_marked(folder)
            part.rename(folder)
        except OSError as error:  # another user's folder is in the way
            return _in_a_temporary_folder(make, needed, error)
    return Derived(folder)


def _fill(folder: Path, make: Callable[[Path], None], needed: int) -> None:
    if shutil.disk_usage(folder).free < needed:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
    make(folder)
    files = sorted(file for file in folder.iterdir() if file.name != MARK)
    lines = [f"{f.name} {f.stat().st_size} {file_digest(f)}\n" for f in files]
    (folder / MANIFEST).write_text("".join(lines), encoding="utf-8")


def _in_a_temporary_folder(make: Callable[[Path], None], needed: int, error: OSError) -> Derived:
    _warn(
        f"the cache cannot be written ({error.filename}: {error.strerror}), so the model is "
        "converted at every start; name a folder that can be written in GEONB_CACHE"
    )
    derived = Derived(Path(tempfile.mkdtemp(prefix="geonb-")))
    weakref.finalize(derived, _remove, derived.folder, os.getpid())
    _fill(derived.folder, make, needed)
    return derived


def _remove(folder: Path, process: int) -> None:
    """Remove a temporary folder, but not when a forked child of the ``process`` ends."""
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)


def _warn(text: str) -> None:
    warnings.warn(text, stacklevel=4)
