"""How large the cache is, and how it is cleared: only what geonb made is removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geonb.errors import FetchError
from geonb.files import DERIVED, TEST_PHOTOS, cache_folder, clear_derived, remove_marked
from geonb.weights.registry import REGISTRY, known

if TYPE_CHECKING:
    from pathlib import Path


def cache_size() -> int:
    """Bytes of all models, conversions, features and test photos in the cache."""
    folders = (cache_folder() / name for name in (DERIVED, TEST_PHOTOS, *REGISTRY))
    return sum(map(_size, folders))


def clear(name: str) -> None:
    """Remove a known model and what was derived from it from the cache; ``all`` empties it.

    Your own files stay, and so does what comes with geonb. Raises `ModelError`, `FetchError`.
    """
    names = [*REGISTRY, TEST_PHOTOS] if name == "all" else [known(name).name]
    try:
        clear_derived(None if name == "all" else name)  # all: those of your own models too
        for folder in names:
            remove_marked(cache_folder() / folder)
    except OSError as error:
        raise FetchError(f"{error.filename}: cannot remove it ({error.strerror})") from error


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
