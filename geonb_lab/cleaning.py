"""Clean saved notebooks of API keys and of what widgets remember, before they are shared."""

import itertools
import json
import os
import re
import shutil
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
_JOINT = re.compile(
    # Whoever looks ahead and refers back doesn't go back: ``++`` of a group fails before 3.11.5.
    r"""\\\n\s*|["'](?=(?P<all>(?:[\s+\\()"']|\#.*\n|(?<=[\s+\\(])[A-Za-z]{1,2}(?=["']))+))"""
    r"""(?P=all)(?<=["'])"""
)
"""What stands between the parts of a text that Python joins: ``"a" "b"``, ``"a" + f"b"``."""
_PARTS = re.compile(rf"(?<![0-9A-Za-z_-])[0-9A-Za-z_-]++(?:(?:{_JOINT.pattern})[0-9A-Za-z_-]++)+")
_SAVED_KEY = re.compile(r'"api_key": "([^"\\]+)"')
"""What gmaps leaves in the state of its widgets."""


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
    whatever looks like a key of Google's, in cells, outputs and metadata, also in a text that
    Python joins from neighbouring parts. A key that a program makes in other ways isn't found: by
    ``"".join``, from variables, by decoding; nor one in a picture. Widget state also holds what a
    callback of the photo picker printed, and survives "Clear outputs". The notebook as it was stays
    beside the clean one, ending in ``.bak``. Close the notebook first, or its tab saves the key
    again. Raises `MapError` if the file is not a notebook, or the value of GOOGLE_MAPS_API_KEY
    can't be a key, and `OutputError` if it can't be written.
    """
    path = expanded(path)
    notebook, count = _read(path)
    states = notebook["metadata"].pop("widgets", {})
    copy = path.parent / ".ipynb_checkpoints" / f"{path.stem}-checkpoint{path.suffix}"
    elsewhere = [f"{copy} may hold as much: remove it too"] if _holds_some(copy) else []
    if not states and not count:
        return Cleaned(path, 0, 0, None, tuple(elsewhere))
    if others := path.stat().st_nlink - 1:
        elsewhere.append(f"{others} other names of the same file lead to it as it was before")
    backup = _backup(path.resolve())  # a link stays a link
    with replacing(path) as temporary:
        text = _written(notebook) + "\n"
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")  # half an emoji
    widgets = _written(states).count('"model_module": ')
    return Cleaned(path, count, widgets, backup, tuple(elsewhere))


def _holds_some(copy: Path) -> bool:
    """Whether Jupyter's own copy of a notebook, if there is one, may hold what is removed here."""
    try:
        notebook, count = _read(copy)
    except MapError:
        return copy.is_file()
    return bool(count or notebook["metadata"].get("widgets"))


def _read(path: Path) -> tuple[dict[str, Any], int]:
    """A notebook without the keys in its texts, and how many there were."""
    if not path.is_file():
        raise MapError(f"{path}: no such notebook file; check the path")
    with expecting(path, "a notebook", MapError, advice="; expected a saved .ipynb file"):
        # Jupyter opens no file that begins with a BOM, but sends it on: it is left out.
        text = regular(path).read_text(encoding="utf-8-sig")
        notebook, count = _without_keys(json.loads(text, object_pairs_hook=_once))
    if not (
        isinstance(notebook, dict)
        and isinstance(notebook.get("cells"), list)
        and isinstance(notebook.setdefault("metadata", {}), dict)
    ):
        raise MapError(f"{path}: not a notebook; expected a saved .ipynb file")
    return notebook, count


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON whose names differ: of two that are equal, the first would stay hidden."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in one object; save it in Jupyter first")
    return found


def _written(notebook: Any) -> str:
    """JSON as Jupyter writes it."""
    return json.dumps(notebook, indent=1, ensure_ascii=False)


def _without_keys(notebook: Any) -> tuple[Any, int]:
    """The notebook without the keys in its texts, and how many there were."""
    own = os.environ.get("GOOGLE_MAPS_API_KEY", "")
    if own and not _KEY.fullmatch(own):
        raise MapError(
            f"GOOGLE_MAPS_API_KEY holds {len(own)} characters that can't be an API key, so they "
            "are not looked for in the notebook; correct or unset it"
        )
    keys = set(filter(_KEY.fullmatch, {own, *_SAVED_KEY.findall(_written(notebook))}))
    total = 0

    def without(word: re.Match[str]) -> str:
        nonlocal total
        rest, count = ("", 1) if word[0] in keys else _GOOGLE_KEY.subn("", word[0])
        total += count
        return rest

    def without_parts(parts: re.Match[str]) -> str:
        nonlocal total
        whole = _JOINT.sub("", parts[0])
        if whole not in keys and not _GOOGLE_KEY.search(whole):
            return parts[0]
        total += 1
        return ""

    def cleaned(value: Any) -> Any:
        match value:
            case str():
                return _PARTS.sub(without_parts, _WORD.sub(without, value))
            case dict():
                return {cleaned(name): cleaned(inner) for name, inner in value.items()}
            case list():
                items = [cleaned(item) for item in value]
                if not all(isinstance(item, str) for item in items):
                    return items
                text = "".join(items)  # lines: a key may go on in the next one
                rest = cleaned(text)
                return items if rest == text else rest.splitlines(keepends=True)
        return value

    return cleaned(notebook), total


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
