"""Known models on this machine: your own files, or verified ones in the cache, and clearing it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from geonb.errors import FetchError
from geonb.files import (
    DERIVED,
    TEST_PHOTOS,
    cache_folder,
    clear_derived,
    expanded,
    file_digest,
    is_private,
    remove_marked,
)
from geonb.weights.registry import REGISTRY, known

if TYPE_CHECKING:
    from pathlib import Path

    from geonb.weights.registry import Weights, WeightsFile


def installed(weights: Weights) -> Path | None:
    """The checkpoint's path of a known model; None if it isn't on this machine."""
    if weights.shipped:
        return weights.shipped
    if own := own_files(weights):
        return own
    files = cached_files(weights)
    return files[-1] if files else None


def require(weights: Weights) -> Path:
    """The checkpoint's path of a known model; nothing is fetched.

    Raises `FetchError` if the model isn't on this machine, or was cut off or changed since it
    was fetched.
    """
    if path := installed(weights):
        return path
    folder = cache_folder() / weights.name
    there = [file for form in weights.forms for file in form if (folder / file.name).is_file()]
    changed = [file.name for file in there if not is_verified(folder / file.name, file)]
    state = f"{changed[0]} there was cut off or changed" if changed else "its files are not there"
    raise FetchError(
        f"{weights.name} is not in the cache ({folder}: {state}); fetch it with: "
        f"{command(weights)}; or name a folder of your own in {variable(weights)}"
    )


def whereabouts(weights: Weights) -> str:
    """Where a known model is, in a few words; empty if it isn't on this machine."""
    if weights.shipped:
        return "comes with geonb"
    if own := own_files(weights):
        return f"your own files, named in {variable(weights)}: {own}"
    return "in the cache" if cached_files(weights) else ""


def own_files(weights: Weights) -> Path | None:
    """Your own folder or checkpoint prefix, as a variable such as GEONB_LOCATIONNET names it."""
    own = os.environ.get(variable(weights))
    return expanded(own) if own else None


def variable(weights: Weights) -> str:
    """The environment variable that names files of your own for a known model."""
    return f"GEONB_{weights.name.upper()}"


def command(weights: Weights) -> str:
    """What fetches a known model, typed into a terminal."""
    return f"geonb fetch {weights.name}{' --precision int8' if weights.quantised else ''}"


def cached_files(weights: Weights) -> tuple[Path, ...]:
    """The files of a whole, verified model in the cache, the largest last; empty without one."""
    folder = cache_folder() / weights.name
    for form in weights.forms:
        if all(is_verified(folder / file.name, file) for file in form):
            return tuple(folder / file.name for file in form)
    return ()


def is_verified(path: Path, file: WeightsFile) -> bool:
    """Whether ``path`` has the MD5 that was published, or noted when it was verified.

    A note counts only if nobody else can have written it.
    """
    try:
        if file.md5:
            return file_digest(path) == file.md5
        note = _note(path)
        return is_private(note) and file_digest(path) == note.read_text(encoding="utf-8").strip()
    except OSError:
        return False


def note_verified(part: Path, path: Path) -> None:
    """Note the digest of ``part``, which was verified and is about to become ``path``."""
    _note(path).write_text(file_digest(part), encoding="utf-8")


def _note(path: Path) -> Path:
    return path.with_name(f"{path.name}.md5")


def cache_size() -> int:
    """Bytes of all models, conversions, features and test photos in the cache."""
    folders = [cache_folder() / name for name in (DERIVED, TEST_PHOTOS, *REGISTRY)]
    paths = [path for folder in folders for path in folder.rglob("*") if not path.is_dir()]
    return sum(path.lstat().st_size for path in paths)


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
