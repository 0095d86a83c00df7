"""The known models' files on this machine: found, fetched mirror by mirror, verified, removed."""

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from geonb import writing
from geonb.errors import CheckpointError, FetchError, GeonbError, MissingDependencyError
from geonb.files import (
    DERIVED,
    TEST_PHOTOS,
    cache_folder,
    expanded,
    file_digest,
    is_private,
    make_cache_folder,
)
from geonb.web.addresses import is_address, redacted
from geonb.weights.registry import REGISTRY, Form, Weights, WeightsFile, known

Check: TypeAlias = Callable[[Weights, str, Path], None]


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
    cache = cache_folder()
    try:
        with writing.deriving():
            derived = cache / DERIVED  # all: those of your own models too
            folders = derived.iterdir() if name == "all" else [derived / name]
            for folder in [*folders, *(cache / one for one in names)]:
                writing.remove_marked(folder)
    except OSError as error:
        raise FetchError(
            f"{cache}: cannot remove {error.filename} ({error.strerror}); make sure that it is "
            "yours and not in use, and clear again"
        ) from error


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
    task = f"{folder}: cannot write {weights.name} there"
    with writing.filling_cache(task, weights.size, FetchError):
        make_cache_folder(folder.name)
        waiting = f"another process is fetching {weights.name}; waiting until it has ended"
        with writing.locking(folder.with_name(f".{folder.name}.lock"), waiting):
            writing.claim_folder(folder)
            if source is None and (files := cached_files(weights)):
                return files[-1]  # another process has fetched them meanwhile
            return _fetch_first(weights, forms, check)


def _fetch_first(weights: Weights, forms: Iterable[Form], check: Check) -> Path:
    """Fetch the first form that can be had whole. Raises `FetchError`."""
    folder = cache_folder() / weights.name
    answers: dict[str, str] = {}  # of the mirrors that failed
    for form in forms:
        for file in form:
            if not _fetch_file(weights, file, folder / file.name, answers, check):
                break  # the larger files after it would be of no use
        else:
            return folder / form[-1].name
    tried = "; ".join(f"{redacted(mirror)}: {answer}" for mirror, answer in answers.items())
    raise FetchError(
        f"{weights.name} cannot be fetched; tried {tried}. If you have the files, take "
        f"them with: {command(weights)} --from FILE|FOLDER|URL, or name their folder in "
        f"{variable(weights)}"
    )


def _fetch_file(
    weights: Weights, file: WeightsFile, target: Path, answers: dict[str, str], check: Check
) -> bool:
    """Whether a file is there, or now is, from the first mirror that has it.

    What the others answer is noted. A file that lies on this machine is taken anew.
    """
    from geonb.weights.downloading import download, forget

    if is_verified(target, file) and all(map(is_address, file.mirrors)):
        return True
    part = target.with_name(f".{file.name}.part")
    for mirror in file.mirrors:
        if mirror in answers:  # another form needs the same file
            continue
        try:
            download(mirror, part, file.size)
            _verify(weights, file, part, check)
        except GeonbError as error:
            answers[mirror] = str(error)
            if not isinstance(error, (FetchError, MissingDependencyError)):
                forget(part)  # otherwise what has come is kept
        else:
            if not file.md5:
                _note(target).write_text(file_digest(part), encoding="utf-8")
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
        raise CheckpointError(
            f"not the file: {part.stat().st_size:,} bytes with {kind} {digest}, expected {expected}"
        )


def _from_source(weights: Weights, source: str) -> Sequence[Form]:
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
