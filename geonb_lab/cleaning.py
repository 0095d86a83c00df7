"""Clean saved notebooks of API keys and of what widgets remember, before they are shared."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geonb.errors import MapError, printable
from geonb.files import expanded, expecting, regular
from geonb.writing import keep, replacing

_GOOGLE_KEY = re.compile("AIza[0-9A-Za-z_-]{35}")
"""What keys of Google's APIs look like."""
_KEY = re.compile("[0-9A-Za-z_-]{16,200}")
"""What can be an API key at all: a shorter word is a part of other words and texts."""
_WORD = re.compile("[0-9A-Za-z_-]+")
_SAVED_KEY = re.compile(r'"api_key": "([^"\\]+)"')
"""What gmaps leaves in the state of its widgets."""
_LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"')
"""A text in JSON."""


@dataclass(frozen=True)
class Cleaned:
    """What `clean_notebook` removed from a notebook.

    Attributes:
        path: The notebook.
        keys: How many places held an API key.
        widgets: How many widgets had their state saved: texts, results and names of files.
        backup: The notebook as it was, with its keys; None if there was nothing to remove.
        elsewhere: What else keeps them: Jupyter's own copy, and other names of the same file.
    """

    path: Path
    keys: int
    widgets: int
    backup: Path | None
    elsewhere: tuple[str, ...] = ()

    def __repr__(self) -> str:
        text = "no API keys and no widget state"
        if self.backup:
            text = (
                f"removed an API key from {self.keys} places, and the state of {self.widgets} "
                f"widgets; {self.backup.name} is the notebook as it was: do not share it"
            )
        return "; ".join([f"{printable(str(self.path))}: {text}", *map(printable, self.elsewhere)])


def clean_notebook(path: str | os.PathLike[str]) -> Cleaned:
    """Remove Google's API keys and the saved state of widgets from a notebook file.

    The keys are those that gmaps keeps in widget state, the value of GOOGLE_MAPS_API_KEY, and
    whatever looks like a key of Google's, in cells, outputs and metadata. Widget state also holds
    what a callback of the photo picker printed, and survives "Clear outputs". The notebook as it
    was stays beside the clean one, ending in ``.bak``. Close the notebook first, or its tab saves
    the key again. Raises `MapError` if the file is not a notebook, or the value of
    GOOGLE_MAPS_API_KEY can't be a key, and `OutputError` if it can't be written.
    """
    path = expanded(path)
    notebook = _read(path)
    text, count = _without_keys(_written(notebook))
    if count:
        notebook = json.loads(text)
    states = notebook["metadata"].pop("widgets", {})
    if not states and not count:
        return Cleaned(path, 0, 0, None, _elsewhere(path, 0))
    elsewhere = _elsewhere(path, path.stat().st_nlink - 1)
    backup = _backup(path.resolve())  # a link stays a link
    with replacing(path) as temporary:
        text = _written(notebook) + "\n"
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")  # half an emoji
    return Cleaned(path, count, _written(states).count('"model_module": '), backup, elsewhere)


def _elsewhere(path: Path, others: int) -> tuple[str, ...]:
    """What else holds what is removed here: Jupyter's own copy, and other names of the file."""
    copy = path.parent / ".ipynb_checkpoints" / f"{path.stem}-checkpoint{path.suffix}"
    found = []
    with suppress(OSError):  # there is no copy
        text = regular(copy).read_text(encoding="utf-8", errors="replace")
        if '"widgets"' in text or _without_keys(text)[1]:
            found.append(f"{copy} may hold as much: remove it too")
    if others:
        found.append(f"{others} other names of the same file lead to it as it was before")
    return tuple(found)


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise MapError(f"{path}: no such notebook file; check the path")
    with expecting(path, "a notebook", MapError, advice="; expected a saved .ipynb file"):
        notebook = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_once)
        _written(notebook)
    if not (
        isinstance(notebook, dict)
        and isinstance(notebook.get("cells"), list)
        and isinstance(notebook.setdefault("metadata", {}), dict)
    ):
        raise MapError(f"{path}: not a notebook; expected a saved .ipynb file")
    return notebook


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON whose names differ: of two that are equal, the first would stay hidden."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in one object; save it in Jupyter first")
    return found


def _written(notebook: Any) -> str:
    """JSON as Jupyter writes it."""
    return json.dumps(notebook, indent=1, ensure_ascii=False)


def _without_keys(text: str) -> tuple[str, int]:
    """The JSON without the keys in its texts, and how many there were."""
    own = os.environ.get("GOOGLE_MAPS_API_KEY", "")
    if own and not _KEY.fullmatch(own):
        raise MapError(
            f"GOOGLE_MAPS_API_KEY holds {len(own)} characters that can't be an API key, so they "
            "are not looked for in the notebook; correct or unset it"
        )
    keys = set(filter(_KEY.fullmatch, {own, *_SAVED_KEY.findall(text)}))
    total = 0

    def without(word: re.Match[str]) -> str:
        nonlocal total
        rest, count = ("", 1) if word[0] in keys else _GOOGLE_KEY.subn("", word[0])
        total += count
        return rest

    def cleaned(literal: re.Match[str]) -> str:
        before = total
        value = _WORD.sub(without, json.loads(literal[0], strict=False))
        return json.dumps(value, ensure_ascii=False) if total > before else literal[0]

    return _LITERAL.sub(cleaned, text), total


def _backup(path: Path) -> Path:
    """Copy the notebook beside itself, under a name that is free; its owner keeps it."""
    names = (f"{path.name}.bak{number if number > 1 else ''}" for number in itertools.count(1))
    backup = next(new for new in map(path.with_name, names) if not os.path.lexists(new))
    with replacing(backup) as temporary:
        temporary.chmod(0o600)
        shutil.copyfile(path, temporary)
        keep(path, temporary)
    shutil.copystat(path, backup)  # its time too
    return backup
