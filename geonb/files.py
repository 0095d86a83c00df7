"""Files that are read, and the cache of what was fetched and derived."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import struct
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from geonb import __version__
from geonb.errors import GeonbError

if TYPE_CHECKING:
    from collections.abc import Iterator

BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    EOFError,
    MemoryError,
    RuntimeError,
    struct.error,
    zlib.error,
)
"""What readers and decoders raise on broken files."""


@contextmanager
def expecting(
    path: Path, what: str, kind: type[GeonbError], *broken: type[Exception], advice: str = ""
) -> Iterator[None]:
    """Read ``path`` in this block; raises ``kind`` if it can't be read, or isn't ``what``.

    ``broken`` is what the reader raises besides `BROKEN` on a file that isn't.
    """
    raised: tuple[type[Exception], ...] = (*BROKEN, *broken)
    try:
        yield
    except GeonbError:
        raise
    except OSError as error:
        reason = error.strerror or error
        raise kind(f"{path}: cannot read it, expected {what} ({reason}){advice}") from error
    except raised as error:
        raise kind(f"{path}: not {what}, or cut off ({error!r:.200}){advice}") from error


def expanded(path: str | os.PathLike[str]) -> Path:
    """The path with a leading ``~`` as the home folder; a file that is called so is taken first."""
    path = Path(path)
    with contextlib.suppress(OSError, ValueError, RuntimeError):  # no home; a name no file can have
        if not path.exists():
            return path.expanduser()
    return path


def regular(path: Path) -> Path:
    """The path, unless it leads to a pipe or a device, which may never end. Raises `OSError`."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise OSError(errno.EINVAL, "a pipe or a device, not a file", str(path))
    return path


def cache_folder() -> Path:
    """Where fetched and derived files are kept: ``GEONB_CACHE``, or the platform's cache."""
    if folder := os.environ.get("GEONB_CACHE"):
        return expanded(folder)
    import platformdirs

    return Path(platformdirs.user_cache_dir("geonb", appauthor=False))


def make_cache_folder(name: str) -> Path:
    """Make a folder of the cache, and the cache itself, for you alone. Raises `OSError`."""
    folder = cache_folder() / name
    for path in (folder.parent, folder):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextmanager
def filling_cache(task: str, size: int, kind: type[GeonbError]) -> Iterator[None]:
    """Write ``size`` bytes into the cache in this block; raises ``kind`` if the ``task`` fails."""
    try:
        yield
    except OSError as error:
        raise kind(
            f"{task} ({error.strerror or error}); it needs {size / 1e6:.0f} MB; "
            "free some space, or name another folder in GEONB_CACHE"
        ) from error


def is_private(path: Path) -> bool:
    """Whether nobody but you and root can have written a file or folder. Raises `OSError`."""
    if not hasattr(os, "geteuid"):
        return True  # Windows keeps the caches of its users apart
    state = path.stat()
    closed = not state.st_mode & 0o022 or not path.parent.stat().st_mode & 0o011
    return closed and state.st_uid in {0, os.geteuid()}


def md5(data: bytes) -> str:
    """MD5 of ``data``, in hexadecimal: it tells contents apart, and keeps no secret."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def file_digest(path: Path) -> str:
    """MD5 of a file's content, remembered for as long as its inode, size and time stay the same.

    It is worked out each time if others may write to the file. Raises `OSError`.
    """
    with regular(path).open("rb") as file:
        state = os.fstat(file.fileno())
        name = f"{state.st_dev:x}-{state.st_ino:x}-{state.st_size:x}-{state.st_mtime_ns:x}"
        note = cache_folder() / "digests" / name
        with contextlib.suppress(OSError):
            known = note.read_text(encoding="utf-8")
            if len(known) == 32 and is_private(note) and is_private(path):
                return known
        kind = partial(hashlib.md5, usedforsecurity=False)
        digest = hashlib.file_digest(file, kind).hexdigest()
    from geonb.writing import replacing

    with contextlib.suppress(OSError):  # the cache may be read-only
        make_cache_folder(note.parent.name)
        with replacing(note) as temporary:
            temporary.write_text(digest, encoding="utf-8")
    return digest


@dataclass(frozen=True)
class Derived:
    """A folder of derived files; a temporary one is removed when nothing refers to it any more."""

    folder: Path


DERIVED = "onnx"
"""The folder of the cache with all derived ones."""
FEATURES = "features"
"""The folder of the cache with what networks said of photos that a head was fitted on."""
TEST_PHOTOS = "im2gps"
"""The folder of the cache with the photos of IM2GPS."""
MANIFEST = "sizes"
"""Lists a derived folder's files: name, size in bytes, MD5."""


def find_derived(name: str, maker: str = "") -> Derived | None:
    """The derived folder ``name`` if it is in the cache, whole and unchanged; see `derive`."""
    release = f"{__version__}-{maker}" if maker else __version__
    folder = cache_folder() / DERIVED / f"{name}-{release}"
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
