"""Files that are derived once, such as a network's ONNX form, and found in the cache after that."""

import errno
import os
import shutil
import uuid
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from geonb import __version__
from geonb.errors import ModelError
from geonb.files import DERIVED, cache_folder, file_digest, is_private, temporary_cache

_MANIFEST = "digests"
"""Lists the other files of a derived folder: name, MD5."""


def derived_name(owner: str, content: str, maker: str = "") -> str:
    """What the folder is called that is derived from the model ``owner``; see `derive`."""
    return f"{owner}-{content}-{__version__}{maker and f'-{maker}'}"


def derive(
    owner: str, content: str, make: Callable[[Path], None], *, needed: int = 0, maker: str = ""
) -> Path:
    """A folder of the cache that ``make(folder)`` fills once: whole or not at all.

    ``content`` is digests of what it is made of, and its kind; ``maker`` the release of other
    software that shapes the files. A folder that was cut off or changed, or that others may write
    to, is made anew; then those of other releases go, and what interrupted processes left. If the
    cache can't be written, a temporary one takes its place, with a warning. Raises `ModelError`
    if that can't be written either, or has fewer than ``needed`` bytes free.
    """
    name = derived_name(owner, content, maker)
    folder = cache_folder() / DERIVED / name
    if _is_whole(folder):
        return folder
    from geonb import writing  # only now: what is there already needs none of it

    task = f"{owner}: cannot write the converted model"
    with writing.filling_cache(task, needed, ModelError), ExitStack() as stack:
        part = folder.with_name(f"{writing.PART}{uuid.uuid4().hex}")
        try:
            stack.enter_context(writing.deriving())
            writing.mark_folder(part, owner)
            stack.callback(shutil.rmtree, part, ignore_errors=True)
            if _is_whole(folder):  # another process has made it meanwhile
                return folder
            if folder.exists() and not is_private(folder):
                text = f"others may write to {folder}, so the model is converted anew"
                warnings.warn(text, stacklevel=2)
            for other in writing.derived_folders():
                if other == folder or (other != part and _is_superseded(other.name, maker)):
                    writing.remove_marked(other)
        except OSError as error:
            folder = temporary_cache(f"the cache cannot be written ({error.strerror})") / name
            if _is_whole(folder):
                return folder
            part = folder.with_name(part.name)
            part.mkdir()
        if shutil.disk_usage(part).free < needed:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(part))
        make(part)
        files = [file for file in part.iterdir() if file.name != writing.MARK]
        lines = [f"{file.name} {file_digest(file)}\n" for file in files]
        (part / _MANIFEST).write_text("".join(lines), encoding="utf-8")
        part.rename(folder)
    return folder


def _is_superseded(name: str, maker: str) -> bool:
    """Whether the folder ``name`` was never finished, or is of another release."""
    _, found, other = name.rpartition(f"-{__version__}")
    return not found or (maker != "" and other not in {"", f"-{maker}"})


def _is_whole(folder: Path) -> bool:
    """Whether a folder is there, unchanged, and nobody else's work."""
    try:
        lines = (folder / _MANIFEST).read_text(encoding="utf-8").splitlines()
        rows = [line.split() for line in lines]
        whole = bool(rows) and all(file_digest(folder / name) == md5 for name, md5 in rows)
        return whole and all(map(is_private, (folder, *folder.iterdir())))
    except (OSError, ValueError):
        return False
