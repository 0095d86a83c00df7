"""Files that are derived once, such as a network's ONNX form, and found in the cache after that."""

import errno
import os
import shutil
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import mkdtemp

from geonb import __version__
from geonb.errors import ModelError
from geonb.files import DERIVED, cache_folder, file_digest, is_private, temporary_cache

_MANIFEST = "digests"
"""Lists the other files of a derived folder: name, MD5."""


def derived_folder(owner: str, content: str, maker: str = "") -> Path:
    """Where the cache has what is derived from the model ``owner``; see `derive`."""
    return cache_folder() / DERIVED / owner / f"{content}-{__version__}{maker and f'-{maker}'}"


def derive(
    owner: str, content: str, make: Callable[[Path], None], *, needed: int = 0, maker: str = ""
) -> Path:
    """A folder among those of its model, which ``make(folder)`` fills once: whole or not at all.

    ``content`` is digests of what it is made of, and its kind; ``maker`` the release of other
    software that shapes the files. A folder that was cut off or changed, or that others may write
    to, is made anew; then those of other releases go, and what interrupted processes left. If the
    cache can't be written, a temporary one takes its place, with a warning. Raises `ModelError`
    if that can't be written either, or has fewer than ``needed`` bytes free.
    """
    folder = derived_folder(owner, content, maker)
    if _is_whole(folder):
        return folder
    from geonb import writing  # only now: what is there already needs none of it

    task = f"{owner}: cannot write the converted model"
    with writing.filling_cache(task, needed, ModelError), ExitStack() as stack:
        try:
            stack.enter_context(writing.deriving())
            if _is_whole(folder):  # another process has made it meanwhile
                return folder
            writing.claim_folder(folder.parent)
            if folder.exists():
                if not is_private(folder):
                    text = f"others may write to {folder}, so the model is converted anew"
                    warnings.warn(text, stacklevel=2)
                shutil.rmtree(folder)
            for old in folder.parents[1].glob("*/*/"):
                if _is_superseded(old, maker) and writing.is_marked(old.parent):
                    shutil.rmtree(old)
            part = Path(mkdtemp(prefix=writing.PART, dir=folder.parent))
        except OSError as error:
            cache = temporary_cache(f"the cache cannot be written ({error.strerror})")
            folder = cache / f"{owner}-{folder.name}"
            if _is_whole(folder):
                return folder
            part = Path(mkdtemp(prefix=writing.PART, dir=cache))
        stack.callback(shutil.rmtree, part, ignore_errors=True)
        if shutil.disk_usage(part).free < needed:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(part))
        make(part)
        lines = [f"{file.name} {file_digest(file)}\n" for file in part.iterdir()]
        (part / _MANIFEST).write_text("".join(lines), encoding="utf-8")
        part.rename(folder)
    return folder


def _is_superseded(folder: Path, maker: str) -> bool:
    """Whether a folder of the cache was never finished, or is of another release; no link is."""
    _, ours, other = folder.name.rpartition(f"-{__version__}")
    current = ours and (not maker or other in {"", f"-{maker}"})
    return not (current or folder.is_symlink())


def _is_whole(folder: Path) -> bool:
    """Whether a folder is there, unchanged, and nobody else's work."""
    try:
        lines = (folder / _MANIFEST).read_text(encoding="utf-8").splitlines()
        rows = [line.split() for line in lines]
        whole = bool(rows) and all(file_digest(folder / name) == md5 for name, md5 in rows)
        return whole and all(map(is_private, (folder, *folder.iterdir())))
    except (OSError, ValueError):
        return False
