"""Files that are whole or absent, the cache folder, and digests that are worked out once."""

from __future__ import annotations

import contextlib
import hashlib
import os
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside ``path``, moved onto it when the block ends without an error.

    The temporary file keeps the ending of ``path``, and is removed when the block fails.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".part-{uuid.uuid4().hex}{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


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
            if len(known := note.read_text()) == 32:
                return known
        digest = hashlib.file_digest(file, _md5).hexdigest()
    with contextlib.suppress(OSError), replacing(note) as temporary:  # the cache may be read-only
        temporary.write_text(digest)
    return digest


def _md5() -> hashlib._Hash:
    return hashlib.md5(usedforsecurity=False)
