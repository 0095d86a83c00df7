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
from geonb.web.addresses import is_address, redacted
from geonb.weights.downloading import download, forget
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


def fetch(weights: Weights, source: str | os.PathLike[str] | None, check: Check) -> Path:
    """Fetch a known model unless it is on this machine; return its checkpoint's path.

    ``check(weights, name, path)`` raises `GeonbError` if the file isn't the one that ``name``
    promises; it looks at files for which no digest was published. See `geonb.fetch` for the rest.
    """
    here = installed(weights)
    if here and (weights.shipped or source is None):
        return here
    forms = weights.forms if source is None else _from_source(weights, os.fspath(source).strip())
    folder = cache_folder() / weights.name
    with filling_cache(f"{folder}: cannot write {weights.name} there", weights.size, FetchError):
        make_cache_folder(folder.name)
        waiting = f"another process is fetching {weights.name}; waiting until it has ended"
        with locking(folder.with_name(f".{folder.name}.lock"), waiting):
            mark_folder(folder, weights.name)
            if owner_of(folder) != weights.name:
                raise FetchError(f"{folder}: geonb did not make this folder; move it away")
            if source is None and (files := cached_files(weights)):
                return files[-1]  # another process has fetched them meanwhile
            return _fetch_first(weights, forms, check)


def _fetch_first(weights: Weights, forms: Sequence[Form], check: Check) -> Path:
    """Fetch the first form that can be had whole. Raises `FetchError`."""
    folder = cache_folder() / weights.name
    answers: dict[str, str] = {}  # of the mirrors that failed
    for form in forms:
        try:
            for file in form:
                _fetch_file(weights, file, folder / file.name, answers, check)
        except _NowhereError:
            continue  # the larger files after it would be of no use
        return folder / form[-1].name
    tried = "; ".join(f"{redacted(mirror)}: {answer}" for mirror, answer in answers.items())
    raise FetchError(
        f"{weights.name} cannot be fetched; tried {tried}. If you have the files, take "
        f"them with: {command(weights)} --from FILE|FOLDER|URL, or name their folder in "
        f"{variable(weights)}"
    )


class _NowhereError(Exception):
    """No mirror has a file."""


def _fetch_file(
    weights: Weights, file: WeightsFile, target: Path, answers: dict[str, str], check: Check
) -> None:
    """Fetch a file that isn't there from the first mirror that has it; note what others answer.

    One that lies on this machine is taken anew. Raises `_NowhereError`.
    """
    if is_verified(target, file) and all(map(is_address, file.mirrors)):
        return
    part = target.with_name(f".{file.name}.part")
    for mirror in file.mirrors:
        if mirror in answers:  # another form needs the same file
            continue
        try:
            download(mirror, part, file.size)
            _verify(weights, file, part, check)
        except (FetchError, MissingDependencyError) as error:
            answers[mirror] = str(error)  # what has come is kept
        except GeonbError as error:
            answers[mirror] = str(error)
            forget(part)
        else:
            if not file.md5:
                note_verified(part, target)
            part.replace(target)
            forget(part)
            return
    raise _NowhereError


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
        raise CheckpointError(
            f"not the file: {part.stat().st_size:,} bytes with {kind} {digest}, expected {expected}"
        )


def _from_source(weights: Weights, source: str) -> list[Form]:
    """The forms, with the files that ``source`` has instead of the mirrors; those first."""
    files = {file.name: file for form in weights.forms for file in form}
    path = expanded(source)
    if is_address(source) and source.endswith("/"):
        places = {name: source + name for name in files}
    elif path.is_dir():
        places = {p.name: str(p) for p in (*path.glob("*/*"), *path.glob("*")) if p.name in files}
    elif is_address(source) or path.is_file():  # it is known by its name, or else by its kind
        name = Path(source.partition("?")[0]).name
        same = [other for other in files if Path(other).suffix == Path(name).suffix]
        places = dict.fromkeys([name] if name in files else same, source)
    else:
        places = {}
    if not places:
        raise FetchError(
            f"{redacted(source)}: none of the files of {weights.name} ({', '.join(files)}) is there"
        )
    taken = {name: replace(files[name], mirrors=(place,)) for name, place in places.items()}
    forms = [tuple(taken.get(file.name, file) for file in form) for form in weights.forms]
    # The cells belong to every form, so they do not tell which one is meant.
    return sorted(forms, key=lambda form: form[-1].name not in taken)
