"""Fetch a known model into the cache: mirror by mirror, verified, then kept."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from geonb.errors import CheckpointError, FetchError, GeonbError, MissingDependencyError
from geonb.files import (
    cache_folder,
    expanded,
    file_digest,
    filling_cache,
    locking,
    make_cache_folder,
    mark_folder,
    owner_of,
)
from geonb.web.addresses import redacted
from geonb.weights.downloading import ask, download, forget, is_local
from geonb.weights.installed import (
    cached_files,
    command,
    installed,
    is_verified,
    note_verified,
    variable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from geonb.weights.registry import Form, Weights, WeightsFile

    Check: TypeAlias = Callable[[Weights, str, Path], None]

Answers = dict[str, str]
"""What each mirror that failed has answered."""


def fetch(weights: Weights, source: str | os.PathLike[str] | None, check: Check) -> Path:
    """Fetch a known model unless it is on this machine; return its checkpoint's path.

    ``check(weights, name, path)`` raises `GeonbError` if the file isn't the one that ``name``
    promises; it looks at files for which no digest was published. See `geonb.fetch` for the rest.
    """
    here = installed(weights)
    if here and (weights.shipped or source is None):
        return here
    forms = weights.forms if source is None else _from_source(weights, os.fspath(source))
    folder = cache_folder() / weights.name
    with filling_cache(f"{folder}: cannot write {weights.name} there", weights.size, FetchError):
        make_cache_folder(folder.name)
        mark_folder(folder, weights.name)
        if owner_of(folder) != weights.name:
            raise FetchError(
                f"{folder}: geonb did not make this folder; move it away, or name it in "
                f"{variable(weights)}"
            )
        waiting = f"another process is fetching {weights.name}; waiting until it has ended"
        with locking(folder / ".lock", waiting):
            if source is None and (files := cached_files(weights)):
                return files[-1]  # another process has fetched them meanwhile
            return _fetch_first(weights, forms, check)


def _fetch_first(weights: Weights, forms: Sequence[Form], check: Check) -> Path:
    """Fetch the first form that can be had whole. Raises `FetchError`."""
    folder = cache_folder() / weights.name
    failed: Answers = {}
    for form in forms:
        if _fetch_form(weights, form, folder, failed, check):
            return folder / form[-1].name
    answers = failed | _ask_others(folder, forms, failed)
    tried = "; ".join(f"{redacted(mirror)}: {answer}" for mirror, answer in answers.items())
    raise FetchError(
        f"{weights.name} cannot be fetched; tried {tried}. If you have the files, take "
        f"them with: {command(weights)} --from FILE|FOLDER|URL, or name their folder in "
        f"{variable(weights)}"
    )


def _fetch_form(weights: Weights, form: Form, folder: Path, failed: Answers, check: Check) -> bool:
    """Fetch what is missing of a form, up to the first file that can't be had."""
    for file in form:
        named = bool(file.mirrors) and is_local(file.mirrors[0])  # by the user: it is taken again
        if not named and is_verified(folder / file.name, file):
            continue
        if not _fetch_file(weights, file, folder, failed, check):
            return False
    return True


def _fetch_file(
    weights: Weights, file: WeightsFile, folder: Path, failed: Answers, check: Check
) -> bool:
    """Fetch one file from the first mirror that has it; note in ``failed`` what others answer."""
    target, part = folder / file.name, folder / f".{file.name}.part"
    for mirror in file.mirrors:
        if mirror in failed:  # another form needs the same file
            continue
        try:
            download(mirror, part, file.size)
            _verify(weights, file, part, check)
        except (FetchError, MissingDependencyError) as error:
            failed[mirror] = str(error)  # what has come is kept
        except GeonbError as error:
            failed[mirror] = str(error)
            forget(part)
        else:
            if not file.md5:
                note_verified(part, target)
            part.replace(target)
            forget(part)
            return True
    return False


def _verify(weights: Weights, file: WeightsFile, part: Path, check: Check) -> None:
    """Raise `GeonbError`, but no `FetchError`, if ``part`` isn't the file of the record."""
    expected = file.sha256 or file.md5
    if not expected:
        check(weights, file.name, part)
        return
    kind, digest = "MD5", file_digest(part)
    if file.sha256:
        with part.open("rb") as content:
            kind, digest = "SHA-256", hashlib.file_digest(content, "sha256").hexdigest()
    if digest != expected:
        size = part.stat().st_size
        raise CheckpointError(
            f"not the file: {size:,} bytes with {kind} {digest}, expected {expected}"
        )


def _ask_others(folder: Path, forms: Sequence[Form], failed: Answers) -> Answers:
    """What the mirrors say of which nothing was fetched, so that readers know where to look."""
    from concurrent.futures import ThreadPoolExecutor

    missing = [file for form in forms for file in form if not is_verified(folder / file.name, file)]
    mirrors = dict.fromkeys(mirror for file in missing for mirror in file.mirrors)
    others = [mirror for mirror in mirrors if mirror not in failed]
    with ThreadPoolExecutor() as pool:  # at once, because a blocked network answers late
        return dict(zip(others, pool.map(ask, others), strict=True))


def _from_source(weights: Weights, source: str) -> list[Form]:
    """The forms, with the files that ``source`` has instead of the mirrors; those first."""
    files = {file.name: file for form in weights.forms for file in form}
    named = Path(source.partition("?")[0]).name  # a known name: it is no other of the same kind
    taken = {
        file.name: replace(file, mirrors=(place,))
        for file in ([files[named]] if named in files else list(files.values()))
        if (place := _place(file, source))
    }
    if not taken:
        raise FetchError(
            f"{redacted(source)}: none of the files of {weights.name} ({', '.join(files)}) is there"
        )
    forms = [tuple(taken.get(file.name, file) for file in form) for form in weights.forms]
    # The cells belong to every form, so they do not tell which one is meant.
    return sorted(forms, key=lambda form: form[-1].name not in taken)


def _place(file: WeightsFile, source: str) -> str:
    """Where ``source`` has ``file``, which it may call something else; empty if it hasn't."""
    ending = Path(file.name).suffix
    if not is_local(source):
        if source.endswith("/"):
            return source + file.name
        return source if Path(source.partition("?")[0]).suffix == ending else ""
    path = expanded(source)
    if path.is_dir():
        places = (path / file.name, *path.glob(f"*/{file.name}"))
        return next((str(place) for place in places if place.is_file()), "")
    return str(path) if path.is_file() and path.suffix == ending else ""
