"""Read the values of upload widgets: ipywidgets 8 (a tuple of dicts) and 7 (a dict by name)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from geonb.errors import PhotoError

Upload = tuple[str, bytes]
"""File name and content."""


def is_upload(value: Any) -> bool:
    """Whether ``value`` is what an upload widget holds, one of its files, or the widget."""
    value = _value(value)
    return isinstance(value, Mapping) or (
        isinstance(value, (tuple, list)) and all(isinstance(file, Mapping) for file in value)
    )


def uploads(value: Any) -> list[Upload]:
    """All files of an upload widget's value. Raises `PhotoError` if it is something else."""
    value = _value(value)
    if isinstance(value, Mapping) and "content" not in value:
        return [_upload(name, file) for name, file in value.items()]
    return [_upload("", file) for file in ([value] if isinstance(value, Mapping) else value)]


def only_upload(value: Any) -> Upload:
    """The only file of an upload. Raises `PhotoError` if there is none, or more than one."""
    files = uploads(value)
    if not files:
        raise PhotoError("the upload is empty; choose a photo first, then run the cell again")
    if len(files) > 1:
        names = ", ".join(name for name, _ in files)
        raise PhotoError(f"the upload holds {len(files)} photos ({names}); open one at a time")
    return files[0]


def _value(value: Any) -> Any:
    """The value of a widget; anything else as it is."""
    return value.value if hasattr(value, "value") and hasattr(value, "comm") else value


def _upload(name: str, file: Any) -> Upload:
    try:
        about = file.get("metadata", {})  # ipywidgets 7
        name = str(file.get("name") or about.get("name") or name or "upload")
        return name, bytes(file["content"])
    except (AttributeError, LookupError, TypeError) as error:
        raise PhotoError(
            "this is not the value of an upload widget; expected files with a name and content"
        ) from error
