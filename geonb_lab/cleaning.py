"""Clean saved notebooks of API keys and of what widgets remember, before they are shared."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from geonb.errors import MapError
from geonb.files import expanded, expecting
from geonb.writing import replacing

if TYPE_CHECKING:
    from pathlib import Path

_GOOGLE_KEY = "AIza[0-9A-Za-z_-]{35}"
"""What keys of Google's APIs look like."""
_KEY = re.compile("[0-9A-Za-z_-]{16,200}")
"""What can be an API key at all: a shorter word is a part of other words and texts."""
_WHOLE = "(?<![0-9A-Za-z_-]){}(?![0-9A-Za-z_-])"
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
    """

    path: Path
    keys: int
    widgets: int
    backup: Path | None

    def __repr__(self) -> str:
        if self.backup is None:
            return f"{self.path}: no API keys and no widget state"
        return (
            f"{self.path}: removed an API key from {self.keys} places, and the state of "
            f"{self.widgets} widgets; {self.backup.name} is the notebook as it was: do not share it"
        )


def clean_notebook(path: str | os.PathLike[str]) -> Cleaned:
    """Remove Google's API keys and the saved state of widgets from a notebook file.

    The keys are those that gmaps keeps in widget state, the value of GOOGLE_MAPS_API_KEY, and
    whatever looks like a key of Google's, in cells, outputs and metadata. Widget state also holds
    what a callback of the photo picker printed, and survives "Clear outputs". The notebook as it
    was stays beside the clean one, ending in ``.bak``. Close the notebook first, or its tab saves
    the key again. Raises `MapError` if the file is not a notebook, or the value of
    GOOGLE_MAPS_API_KEY can't be a key.
    """
    path = expanded(path)
    notebook = _read(path)
    text, count = _without_keys(_written(notebook))
    if count:
        notebook = json.loads(text)
    states = notebook["metadata"].pop("widgets", {})
    if not states and not count:
        return Cleaned(path, 0, 0, None)
    target = path.resolve()  # a link stays a link
    backup = _backup(target)
    with replacing(target) as temporary:
        text = _written(notebook) + "\n"
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")  # half an emoji
        shutil.copymode(target, temporary)
    return Cleaned(path, count, _written(states).count('"model_module": '), backup)


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise MapError(f"{path}: no such notebook file; check the path")
    with expecting(path, "a notebook", MapError, advice="; expected a saved .ipynb file"):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        _written(notebook)
    if not (
        isinstance(notebook, dict)
        and isinstance(notebook.get("cells"), list)
        and isinstance(notebook.setdefault("metadata", {}), dict)
    ):
        raise MapError(f"{path}: not a notebook; expected a saved .ipynb file")
    return notebook


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
    keys = filter(_KEY.fullmatch, {own, *_SAVED_KEY.findall(text)})
    pattern = re.compile("|".join([_GOOGLE_KEY, *map(_WHOLE.format, keys)]))
    total = 0

    def cleaned(literal: re.Match[str]) -> str:
        nonlocal total
        value, count = pattern.subn("", json.loads(literal[0]))
        total += count
        return json.dumps(value, ensure_ascii=False) if count else literal[0]

    return _LITERAL.sub(cleaned, text), total


def _backup(path: Path) -> Path:
    """Copy the notebook beside itself, under a name that is free."""
    number = 1
    while (backup := path.with_name(f"{path.name}.bak{number if number > 1 else ''}")).exists():
        number += 1
    with replacing(backup) as temporary:
        shutil.copy2(path, temporary)
    return backup
