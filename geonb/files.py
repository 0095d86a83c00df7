"""Files that are read, and the cache of what was fetched and derived."""

import atexit
import contextlib
import errno
import hashlib
import os
import shutil
import struct
import tempfile
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

from geonb.errors import GeonbError

DATA = Path(__file__).parent / "data"
"""What comes with geonb: models, towns, coasts, photos, pages and scripts."""
BROKEN = (
    OSError,
    EOFError,
    ValueError,  # text that isn't UTF-8, JSON, numbers
    LookupError,  # a field that is missing
    OverflowError,
    RecursionError,  # JSON in JSON in JSON
    MemoryError,
    struct.error,
    zlib.error,
)
"""What readers of text, JSON, tables and bytes raise on a file that isn't what was expected.

`TypeError`, `AttributeError` and their like aren't among them: they would hide our own mistakes.
A reader checks the types of what it finds, or names in `expecting` what its library raises.
"""


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
    """The path with a leading ``~`` as the home folder; a file of that very name goes first."""
    path = Path(path)
    with contextlib.suppress(OSError, ValueError, RuntimeError):  # no home; a name no file can have
        if not path.exists():
            return path.expanduser()
    return path


def regular(path: Path) -> Path:
    """The path, unless it leads to a pipe or a device, which may never end. Raises `OSError`."""
    plain = path.is_file() or path.is_dir()
    # What the kernel tells looks like files, and /proc/kmsg never ends.
    if path.exists() and not (plain and Path("/proc") not in path.resolve().parents):
        raise OSError(errno.EINVAL, "a pipe or a device, not a file", str(path))
    return path


DERIVED, TEST_PHOTOS = "derived", "im2gps"
"""Folders of the cache: what was derived, in a folder for each model; IM2GPS's photos."""


def cache_folder() -> Path:
    """Where fetched and derived files are kept: ``GEONB_CACHE``, or the platform's cache.

    It is a temporary folder if you have no home, as in some containers. Raises `GeonbError` if
    GEONB_CACHE names the home of nobody.
    """
    if named := os.environ.get("GEONB_CACHE"):
        folder = expanded(named)
        if named.startswith("~") and not (folder.is_absolute() or folder.exists()):
            raise GeonbError(
                f"GEONB_CACHE is {named}, but {folder.parts[0]} is nobody's home; name a folder"
            )
        return folder
    import platformdirs

    with contextlib.suppress(RuntimeError):  # so say some of its releases that there is no home
        folder = Path(platformdirs.user_cache_dir("geonb", appauthor=False))
        if folder.is_absolute():
            return folder
    return temporary_cache("you have no home folder here")


@cache
def temporary_cache(why: str) -> Path:
    """A cache for this process alone, for the reason ``why``, which a warning tells."""
    folder, process = Path(tempfile.mkdtemp(prefix="geonb-cache-")), os.getpid()

    def remove() -> None:
        if os.getpid() == process:  # and not in a forked child
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    warnings.warn(
        f"{why}, so what geonb fetches and converts lies in {folder} and goes when this process "
        "ends; name a folder that stays, and can be written, in GEONB_CACHE",
        stacklevel=3,
    )
    return folder


def make_cache_folder(name: str) -> Path:
    """Make a folder of the cache, and the cache itself, for you alone. Raises `OSError`."""
    folder = cache_folder() / name
    for path in (folder.parent, folder):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


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
    """MD5 of a file's content, remembered for as long as nothing has written to the file.

    Its inode, size and times tell; that of its last change, which no program can set, tells a
    file that was unpacked with the time of the one before. The digest is worked out each time if
    others may write to the file. Raises `OSError`.
    """
    with regular(path).open("rb") as file:
        state = os.fstat(file.fileno())
        facts = (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)
        name = "-".join(f"{fact:x}" for fact in facts)
        note = cache_folder() / "digests" / name
        with contextlib.suppress(OSError):
            known = note.read_text(encoding="utf-8")
            if len(known) == 32 and is_private(note) and is_private(path):
                return known
        digest = hashlib.file_digest(file, partial(hashlib.md5, usedforsecurity=False)).hexdigest()
    with contextlib.suppress(OSError):  # the cache may be read-only
        make_cache_folder(note.parent.name)
        note.unlink(missing_ok=True)  # one that isn't believed
        with note.open("x", encoding="utf-8") as new:
            new.write(digest)
    return digest
