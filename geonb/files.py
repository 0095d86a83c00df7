"""Files: written whole or not at all, and the cache of what was fetched and derived."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import tempfile
import uuid
import warnings
import weakref
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from geonb import __version__
from geonb.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PART = ".part-"
_MANIFEST = "sizes"
"""Lists a derived folder's files: name, size in bytes, MD5."""
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
"""What the system says of a disk with no room, and of a broken one."""


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside ``path``, moved onto it when the block ends without an error.

    The temporary file keeps the ending of ``path``, and is removed when the block fails.
    Raises `OutputError` if the file cannot be written.
    """
    path = Path(path)
    temporary = path.with_name(f"{_PART}{uuid.uuid4().hex}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        if error.errno in _FULL or error.filename in map(str, (temporary, *path.parents)):
            raise OutputError(
                f"{path}: cannot write it ({error.strerror}); choose another place, or make room"
            ) from error
        raise
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def expanded(path: str | os.PathLike[str]) -> Path:
    """The path with a leading ``~`` as the home folder; a file that is called so is taken first."""
    path = Path(path)
    with contextlib.suppress(OSError, ValueError, RuntimeError):  # no home; a name no file can have
        if not path.exists():
            return path.expanduser()
    return path


def cache_folder() -> Path:
    """Where fetched and derived files are kept: ``GEONB_CACHE``, or the platform's cache."""
    if folder := os.environ.get("GEONB_CACHE"):
        return expanded(folder)
    import platformdirs

    return Path(platformdirs.user_cache_dir("geonb", appauthor=False))


def file_digest(path: Path) -> str:
    """MD5 of a file's content, remembered for as long as its inode, size and time stay the same.

    Against accidents, not against attackers. Raises `OSError`.
    """
    with path.open("rb") as file:
        state = os.fstat(file.fileno())
        name = f"{state.st_dev:x}-{state.st_ino:x}-{state.st_size:x}-{state.st_mtime_ns:x}"
        note = cache_folder() / "digests" / name
        with contextlib.suppress(OSError):
            if len(known := note.read_text(encoding="utf-8")) == 32:
                return known
        digest = hashlib.file_digest(file, _md5).hexdigest()
    with contextlib.suppress(OSError), replacing(note) as temporary:  # the cache may be read-only
        temporary.write_text(digest, encoding="utf-8")
    return digest


def _md5() -> hashlib._Hash:
    return hashlib.md5(usedforsecurity=False)


@dataclass(frozen=True)
class Derived:
    """A folder of derived files; a temporary one is removed when nothing refers to it any more."""

    folder: Path


def derived_folder() -> Path:
    """Where derived files are kept."""
    return cache_folder() / "onnx"


def derive(name: str, make: Callable[[Path], None], maker: str = "") -> Derived:
    """Return the derived folder ``name``; if it isn't in the cache, ``make(folder)`` fills it.

    The name in the cache ends with the release of geonb, and with that of ``maker`` if other
    software shapes the files too. When a folder is made, those of other releases are removed,
    and what interrupted processes left. A folder appears whole or not at all; one whose files
    were cut off or changed is made anew. If the cache can't be written, a temporary folder takes
    its place, with a warning. Raises `OSError` if that can't be written either.
    """
    release = f"{__version__}-{maker}" if maker else __version__
    folder = derived_folder() / f"{name}-{release}"
    if _complete(folder):
        return Derived(folder)
    part = folder.with_name(f"{_PART}{uuid.uuid4().hex}")
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(deriving())
            part.mkdir()
        except OSError as error:
            return _in_a_temporary_folder(folder, make, error)
        stack.callback(shutil.rmtree, part, ignore_errors=True)
        if not _complete(folder):  # another process may have made it meanwhile
            for other in folder.parent.iterdir():
                if other != part and _is_left_over(other.name, maker):
                    shutil.rmtree(other, ignore_errors=True)
            _make(part, make)
            shutil.rmtree(folder, ignore_errors=True)
            part.rename(folder)
    return Derived(folder)


def deriving() -> contextlib.AbstractContextManager[object]:
    """One process at a time derives, so an unfinished folder that it finds is nobody's."""
    import filelock

    derived_folder().mkdir(parents=True, exist_ok=True)
    return filelock.FileLock(derived_folder().with_name(".onnx.lock"))


def _is_left_over(name: str, maker: str) -> bool:
    """Whether a derived folder was never finished, or is of another release."""
    _, found, other_maker = name.rpartition(f"-{__version__}")
    return not found or (maker != "" and other_maker not in {"", f"-{maker}"})


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
    (folder / _MANIFEST).write_text("".join(lines), encoding="utf-8")


def _complete(folder: Path) -> bool:
    """Whether the folder holds what was written into it."""
    try:
        rows = [
            line.split() for line in (folder / _MANIFEST).read_text(encoding="utf-8").splitlines()
        ]
        return bool(rows) and all(
            (folder / name).stat().st_size == int(size) and file_digest(folder / name) == digest
            for name, size, digest in rows
        )
    except (OSError, ValueError):
        return False
