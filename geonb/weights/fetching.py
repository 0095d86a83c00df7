"""Find the known models on this machine, and fetch them: mirror by mirror, verified, then kept."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from geonb.earth.cells import CELLS_FILE
from geonb.errors import CheckpointError, FetchError, GeonbError, MissingDependencyError, ModelError
from geonb.files import (
    DERIVED,
    TEST_PHOTOS,
    cache_folder,
    clear_derived,
    expanded,
    file_digest,
    filling_cache,
    is_private,
    make_cache_folder,
    md5,
)
from geonb.network.opening import find_checkpoint
from geonb.photos.urls import shown
from geonb.weights.downloading import ask, download, forget, is_local
from geonb.weights.registry import GEOCLIP, GEOCLIP_PLACES, REGISTRY, Weights, WeightsFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geonb.network.opening import Precision

Form = tuple[WeightsFile, ...]


def fetch(
    model: str | Weights,
    source: str | os.PathLike[str] | None = None,
    *,
    precision: Precision = "float32",
) -> Path:
    """Fetch a known model into the cache unless it is there already; return its checkpoint's path.

    The mirrors are tried in order, with a progress bar. A broken download is resumed, also by a
    later call. ``source`` is a file, a folder or an address (of one file, or ending with ``/``)
    to take files from first; they are verified the same way. No file gets its final name before
    it is verified. Files of your own, named in GEONB_LOCATIONNET, count as there already.
    ``precision="int8"`` takes the smaller files of a model whose publishers have quantised it.
    Raises `FetchError` with the address and the answer of every missing file.
    """
    weights = _known(model).of_precision(precision)
    if weights.shipped or source is None:
        path = _find(weights)
        if path is not None:
            return path
    forms = weights.forms if source is None else _from_source(weights, os.fspath(source))
    folder = cache_folder() / weights.name
    with filling_cache(f"{folder}: cannot write {weights.name} there", weights.size, FetchError):
        return _fetch_into(folder, weights, forms, again=source is not None)


def find(weights: Weights) -> Path:
    """The checkpoint's path of a known model on this machine; nothing is fetched.

    It is one for `opening.find_checkpoint`. Raises `FetchError` if the model isn't there, or
    was cut off or changed since it was fetched.
    """
    path = _find(weights)
    if path is not None:
        return path
    folder = cache_folder() / weights.name
    wrong = [
        file.name
        for form in weights.forms
        for file in form
        if (folder / file.name).is_file() and not _trusted(folder / file.name, file)
    ]
    state = f"{wrong[0]} there was cut off or changed" if wrong else "its files are not there"
    raise FetchError(
        f"{weights.name} is not in the cache ({folder}: {state}); fetch it with: "
        f"{command(weights)}; or name a folder of your own in {_variable(weights)}"
    )


def choose(precision: str) -> tuple[str, str]:
    """The model for those who name none, and the reason in words: the rule for everyone.

    It is what GEONB_MODEL names, or else the first known model that is on this machine.
    """
    if named := os.environ.get("GEONB_MODEL"):
        return named, f"GEONB_MODEL is {named}"
    absent = []
    for weights in REGISTRY.values():  # the last of them comes with geonb
        title = weights.title.partition(" (")[0]
        if whereabouts(weights.of_precision(precision)):
            break
        wanted, int8 = weights.of_precision(precision), weights.of_precision("int8")
        way = f"{wanted.size / 1e6:,.0f} MB; {command(wanted)} brings it"
        if weights.int8 and whereabouts(int8):
            way = 'but there in int8: precision="int8" takes that'
        absent.append(f"{title} is not in the cache ({way})")
    return weights.name, ", and ".join(absent) or f"{title} is on this machine"


def find_places(source: str | os.PathLike[str]) -> Path:
    """The folder with GeoCLIP's location encoder and gallery, which pip's ``geoclip`` has too.

    They are fetched (40 MB) if ``source`` is ``geoclip`` and they aren't on this machine. Raises
    `ModelError`, of which `FetchError` is a kind.
    """
    if os.fspath(source) != GEOCLIP.name:
        folder = expanded(source)
        if not folder.is_dir():
            raise ModelError(f"{folder}: no such folder; expected GeoCLIP's, or its name: geoclip")
        return folder
    if own := own_files(GEOCLIP):
        return own
    if cached := cached_files(GEOCLIP_PLACES):
        return cached[-1].parent
    from geonb.network.geoclip import pip_folder

    return pip_folder() or fetch(GEOCLIP_PLACES).parent


def whereabouts(weights: Weights) -> str:
    """Where a known model is, in a few words; empty if it isn't on this machine."""
    if weights.shipped:
        return "comes with geonb"
    if own := own_files(weights):
        return f"your own files, named in {_variable(weights)}: {own}"
    return "in the cache" if cached_files(weights) else ""


def own_files(weights: Weights) -> Path | None:
    """Your own folder or checkpoint prefix, as a variable such as GEONB_LOCATIONNET names it."""
    own = os.environ.get(_variable(weights))
    return expanded(own) if own else None


def command(weights: Weights) -> str:
    """What fetches a known model, typed into a terminal."""
    return f"geonb fetch {weights.name}{' --precision int8' if weights.quantised else ''}"


def cached_files(weights: Weights) -> tuple[Path, ...]:
    """The files of a whole, verified model in the cache, the largest last; empty without one."""
    folder = cache_folder() / weights.name
    for form in weights.forms:
        if all(_trusted(folder / file.name, file) for file in form):
            return tuple(folder / file.name for file in form)
    return ()


def cache_size() -> int:
    """Bytes of all models, conversions, features and test photos in the cache."""
    names = (DERIVED, TEST_PHOTOS, *REGISTRY)
    folders = (cache_folder() / name for name in names)
    files = (file for folder in folders for file in folder.rglob("*"))
    return sum(file.stat().st_size for file in files if file.is_file())


def clear(name: str) -> None:
    """Remove a known model, its conversions and features from the cache; ``all`` empties it.

    Your own files stay, and so does what comes with geonb. Raises `ModelError`, `FetchError`.
    """
    every = name == "all"  # also the conversions of your own checkpoints
    names = [*REGISTRY, TEST_PHOTOS] if every else [_known(name).name]
    try:
        for owner in (None,) if every else names:
            clear_derived(owner)
        for folder in (cache_folder() / name for name in names):
            if folder.is_dir():
                shutil.rmtree(folder)
    except OSError as error:
        raise FetchError(f"{error.filename}: cannot remove it ({error.strerror})") from error


def _known(model: str | Weights) -> Weights:
    if isinstance(model, Weights):
        return model
    if model not in REGISTRY:
        raise ModelError(f"no model {model!r}; the known names are {', '.join(REGISTRY)}")
    return REGISTRY[model]


def _variable(weights: Weights) -> str:
    return f"GEONB_{weights.name.upper()}"


def _find(weights: Weights) -> Path | None:
    if weights.shipped:
        return weights.shipped
    if own := own_files(weights):
        try:
            find_checkpoint(own, int8=weights.quantised)
        except ModelError as error:
            raise FetchError(f"{_variable(weights)} is {own}, but {error}") from error
        return own
    files = cached_files(weights)
    return files[-1] if files else None


def _trusted(path: Path, file: WeightsFile) -> bool:
    """Whether ``path`` has the MD5 that was published, or noted when it was verified.

    A note counts only if nobody else can have written it.
    """
    note = _noted_digest(path)
    try:
        if file.md5:
            return file_digest(path) == file.md5
        return is_private(note) and file_digest(path) == note.read_text(encoding="utf-8").strip()
    except OSError:
        return False


def _noted_digest(path: Path) -> Path:
    return path.with_name(f"{path.name}.md5")


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
            f"{shown(source)}: none of the files of {weights.name} ({', '.join(files)}) is there"
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


def _fetch_into(folder: Path, weights: Weights, forms: Sequence[Form], *, again: bool) -> Path:
    """Fetch the first form that is available; ``again`` if a file is taken although it is there."""
    import filelock

    failed: dict[str, str] = {}
    make_cache_folder(folder.name)
    with filelock.FileLock(folder / ".lock"):
        if not again and (files := cached_files(weights)):
            return files[-1]  # another process has fetched them meanwhile
        for form in forms:
            if all(_obtain(weights, file, folder, failed, again=again) for file in form):
                return folder / form[-1].name
    answers = _answers(forms, folder, failed)
    tried = "; ".join(f"{shown(mirror)}: {answer}" for mirror, answer in answers.items())
    raise FetchError(
        f"{weights.name} cannot be fetched; tried {tried}. If you have the files, take "
        f"them with: {command(weights)} --from FILE|FOLDER|URL, or name their folder in "
        f"{_variable(weights)}"
    )


def _obtain(
    weights: Weights, file: WeightsFile, folder: Path, failed: dict[str, str], *, again: bool
) -> bool:
    """Bring one file into the cache; whether that worked. ``failed`` keeps each mirror's answer."""
    target = folder / file.name
    if _trusted(target, file) and not (again and is_local(file.mirrors[0])):
        return True
    for mirror in file.mirrors:
        if mirror in failed:  # another form needs the same file
            continue
        part = target.with_name(f".{file.name}.part")
        try:
            download(mirror, part, file.size)
            _verify(weights, file, part)
        except (FetchError, MissingDependencyError) as error:
            failed[mirror] = str(error)  # what has come is kept
        except GeonbError as error:
            failed[mirror] = str(error)
            forget(part)
        else:
            if not file.md5:
                _noted_digest(target).write_text(file_digest(part), encoding="utf-8")
            part.replace(target)
            forget(part)
            return True
    return False


def _verify(weights: Weights, file: WeightsFile, part: Path) -> None:
    """Raise `GeonbError`, but no `FetchError`, if ``part`` is not the file of the record.

    Without a digest it is verified by its content: LocationNet by the names and shapes of the
    layers, and the labels with the cell list's MD5; GeoCLIP as far as it can be.
    """
    from geonb.network import coreml, geoclip, layers, onnx_reading

    if expected := file.sha256 or file.md5:
        kind, digest = "MD5", file_digest(part)
        if file.sha256:
            with part.open("rb") as content:
                kind, digest = "SHA-256", hashlib.file_digest(content, "sha256").hexdigest()
        if digest != expected:
            size = part.stat().st_size
            raise CheckpointError(
                f"not the file: {size:,} bytes with {kind} {digest}, expected {expected}"
            )
        return
    if not weights.architecture:
        geoclip.verify(part, file.name)
        return
    if file.name.endswith(".onnx"):  # its layers have other names: only its labels are known
        labels: Sequence[str] = onnx_reading.Classifier(part).labels
    else:
        found = coreml.read_coreml(part)
        labels = found.labels
        if layers.architecture(found.layers) != weights.architecture:
            raise CheckpointError(
                f"not the network of {weights.name}: other layers or shapes "
                f"({layers.parameter_count(found.layers):,} parameters, {len(labels):,} labels)"
            )
    lines = "".join(f"{label}\n" for label in labels)
    cells = next(other for other in weights.forms[0] if other.name == CELLS_FILE)
    if md5(lines.encode()) != cells.md5:
        raise CheckpointError(f"its {len(labels):,} labels are not the cells of {weights.name}")


def _answers(forms: Sequence[Form], folder: Path, failed: dict[str, str]) -> dict[str, str]:
    """Every mirror of what is missing, once, with its answer: those that failed first.

    If one file of a form can't be fetched, the next, larger one is not begun. Its mirrors are
    only asked now, so that the reader knows what to look for elsewhere.
    """
    from concurrent.futures import ThreadPoolExecutor

    missing = [file for form in forms for file in form if not _trusted(folder / file.name, file)]
    mirrors = dict.fromkeys(mirror for file in missing for mirror in file.mirrors)
    others = [mirror for mirror in mirrors if mirror not in failed]
    with ThreadPoolExecutor() as pool:  # at once, because a blocked network answers late
        return failed | dict(zip(others, pool.map(ask, others), strict=True))
