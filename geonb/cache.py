"""The cache folder, and digests of files in it that are worked out once, not at every start."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from geonb.files import replacing


def cache_folder() -> Path:
    """Where fetched and derived files are kept: ``GEONB_CACHE``, or the platform's cache."""
    if folder := os.environ.get("GEONB_CACHE"):
        return Path(folder).expanduser()
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
