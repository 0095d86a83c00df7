"""Fetch a model's files: mirror by mirror, verified, then moved into the cache."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import filelock

from geonb.errors import FetchError, MissingDependencyError, ModelError
from geonb.files import file_digest
from geonb.network import coreml
from geonb.weights.downloading import ask, download, forget
from geonb.weights.registry import (
    MINI,
    REGISTRY,
    Weights,
    WeightsFile,
    cached_form,
    find_cached,
    folder_of,
    noted_digest,
    own_files,
    trusted,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

Form = tuple[WeightsFile, ...]


def fetch(model: str | Weights, source: str | os.PathLike[str] | None = None) -> Path:
    """Fetch a known model into the cache, where it is not there yet; the checkpoint's path.

    The mirrors are tried in order, with a progress bar; a broken download is resumed, also by a
    later call. ``source`` is a file, a folder or an address (of one file, or ending with ``/``)
    to take files from first; they are verified the same way. Nothing that was not verified gets
    its final name. Raises `FetchError` with the address and the answer of every missing file.
    """
    weights = _known(model)
    if weights.name == MINI.name or (own_files(weights) and source is None):
        return find_cached(weights)
    if source is None and (form := cached_form(weights)):
        return folder_of(weights) / form[-1].name
    forms = _from_source(weights, os.fspath(source)) if source is not None else weights.forms
    folder = folder_of(weights)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _lock(folder):
            return _first_form(weights, forms, folder, again=source is not None)
    except OSError as error:
        raise FetchError(
            f"{folder}: cannot write {weights.name} there ({error.strerror or error}); it needs "
            f"{weights.size / 1e6:.0f} MB; make room, or name another folder in GEONB_CACHE"
        ) from error


def _known(model: str | Weights) -> Weights:
    if isinstance(model, Weights):
        return model
    if model not in REGISTRY:
        raise ModelError(f"no model {model!r} to fetch; the known names are {', '.join(REGISTRY)}")
    return REGISTRY[model]


def _lock(folder: Path) -> filelock.BaseFileLock:
    """One process at a time fetches; the next finds the files there."""
    return filelock.FileLock(folder / ".lock")


def _first_form(weights: Weights, forms: Sequence[Form], folder: Path, *, again: bool) -> Path:
    if not again and (form := cached_form(weights)):
        return folder / form[-1].name
    failed: dict[str, str] = {}
    for form in forms:
        if all(_obtain(weights, file, folder, failed, again=again) for file in form):
            return folder / form[-1].name
    answers = _answers(forms, folder, failed)
    tried = "; ".join(f"{mirror}: {answer}" for mirror, answer in answers.items())
    variable = f"GEONB_{weights.name.upper()}"
    raise FetchError(
        f"{weights.name} cannot be fetched; tried {tried}. If you have the files, take "
        f"them with: geonb fetch {weights.name} --from FILE|FOLDER|URL, or name their folder in "
        f"{variable}"
    )


def _obtain(
    weights: Weights, file: WeightsFile, folder: Path, failed: dict[str, str], *, again: bool
) -> bool:
    """Bring one file into the cache; whether that worked. ``failed`` keeps each mirror's answer."""
    target = folder / file.name
    if trusted(target, file) and not (again and _is_local(file.mirrors[0])):
        return True
    for mirror in file.mirrors:
        if mirror in failed:  # another form needs the same file
            continue
        part = target.with_name(f".{file.name}.part")
        try:
            _bring(mirror, part)
            _verify(weights, file, part)
        except (FetchError, MissingDependencyError) as error:
            failed[mirror] = str(error)
            continue
        part.replace(target)
        forget(part)
        return True
    return False


def _answers(forms: Sequence[Form], folder: Path, failed: dict[str, str]) -> dict[str, str]:
    """Every mirror of what is missing, once, with its answer: those that failed first.

    A form of which one file cannot be had is given up before the next, larger file is begun. The
    mirrors of that one are only asked now, so that the reader knows what to look for elsewhere.
    """
    missing = [file for form in forms for file in form if not trusted(folder / file.name, file)]
    mirrors = [mirror for file in missing for mirror in file.mirrors]
    others = [mirror for mirror in dict.fromkeys(mirrors) if mirror not in failed]
    with ThreadPoolExecutor() as pool:  # at once, because a network that is shut says so late
        return failed | dict(zip(others, pool.map(_ask, others), strict=True))


def _ask(mirror: str) -> str:
    return "there, not fetched" if _is_local(mirror) else ask(mirror)


def _bring(mirror: str, part: Path) -> None:
    if not _is_local(mirror):
        download(mirror, part)
        return
    forget(part)
    try:
        shutil.copyfile(mirror, part)
    except OSError as error:
        if error.filename != mirror:
            raise
        raise FetchError(f"cannot read it ({error.strerror})") from error


def _is_local(mirror: str) -> bool:
    return "://" not in mirror


def _verify(weights: Weights, file: WeightsFile, part: Path) -> None:
    """Raise `FetchError` where ``part`` is not the file that the record promises, and remove it."""
    digest = file_digest(part)
    try:
        if file.md5:
            _compare(part, digest, file.md5)
        else:
            coreml.check(part, weights)
    except FetchError:
        forget(part)
        raise
    if not file.md5:
        noted_digest(part.with_name(file.name)).write_text(digest)


def _compare(part: Path, digest: str, expected: str) -> None:
    if digest != expected:
        size = part.stat().st_size
        raise FetchError(f"not the file: {size:,} bytes with MD5 {digest}, expected {expected}")


def _from_source(weights: Weights, source: str) -> list[Form]:
    """The forms with the files that ``source`` has put before the mirrors; those forms first."""
    found = {
        file.name: place
        for form in weights.forms
        for file in form
        if (place := _place(file, source))
    }
    if not found:
        names = ", ".join(dict.fromkeys(file.name for form in weights.forms for file in form))
        raise FetchError(f"{source}: none of the files of {weights.name} ({names}) is there")
    forms = [
        tuple(
            replace(file, mirrors=(found[file.name],)) if file.name in found else file
            for file in form
        )
        for form in weights.forms
    ]
    # The cells belong to every form, and so do not tell which one is meant.
    return sorted(forms, key=lambda form: form[-1].name not in found)


def _place(file: WeightsFile, source: str) -> str:
    """Where ``source`` has ``file``; empty where it has not."""
    if not _is_local(source):
        if source.endswith("/"):
            return source + file.name
        return source if Path(source.partition("?")[0]).suffix == file.form else ""
    path = Path(source).expanduser()
    if path.is_dir():
        return str(path / file.name) if (path / file.name).is_file() else ""
    return str(path) if path.is_file() and path.suffix == file.form else ""
