"""Read what holds a photo's bytes: open files, data sets, and the values of upload widgets.

Those are a tuple of dicts in ipywidgets 8, a dict by name in 7 and, of bytes, in Colab.
"""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

from geonb.errors import PhotoError

Upload = tuple[str, bytes]
"""File name and content."""


def read(source: Any, most: int) -> Upload | None:
    """Name and content of an open file, from its start if need be, or of a path in an archive.

    ``most`` is how many bytes are wanted. None if it's neither. Raises `PhotoError`.
    """
    if not hasattr(source, "read") and not hasattr(source, "read_bytes"):
        return None
    name = getattr(source, "name", "")
    name = name if isinstance(name, str) and name else "file"
    try:
        if hasattr(source, "read_bytes"):
            return name, source.read_bytes()
        data = source.read(most)
        if not data and source.seekable():
            source.seek(0)
            data = source.read(most)
    except Exception as error:  # the stream is the user's, and so are its kinds of errors
        raise PhotoError(f"{name}: cannot be read ({error}); open it again") from error
    return name, data


def from_data_address(address: str) -> bytes:
    """The content of a ``data:`` address (RFC 2397). Raises `PhotoError`."""
    head, comma, text = address.partition(",")
    if not comma:
        raise PhotoError(f"{head[:60]}: a data address without a comma; copy it whole")
    try:
        return b64decode(unquote(text)) if head.endswith(";base64") else unquote_to_bytes(text)
    except ValueError as error:
        raise PhotoError(f"{head[:60]}…: not a data address ({error}); copy it whole") from error


def path_of(value: Any) -> str:
    """The path in a row of a data set, ``{"bytes": None, "path": "a.jpg"}``; empty otherwise."""
    path = value.get("path") if isinstance(value, Mapping) and not value.get("bytes") else None
    return path if isinstance(path, str) else ""


def only_upload(value: Any) -> Upload | None:
    """The only file of an upload widget, of its value, or one of the files; None if it's neither.

    Raises `PhotoError` if there is no file, or more than one.
    """
    value = value.value if hasattr(value, "value") and hasattr(value, "comm") else value
    if isinstance(value, Mapping):
        alone = value.keys() & {"content", "bytes"}
        files = [("", value)] if alone else list(value.items())
    elif isinstance(value, (tuple, list)) and all(isinstance(file, Mapping) for file in value):
        files = [("", file) for file in value]
    else:
        return None
    found = [_upload(name, file) for name, file in files]
    if not found:
        raise PhotoError("the upload is empty; choose a photo first, then run the cell again")
    if len(found) > 1:
        names = ", ".join(name for name, _ in found)
        raise PhotoError(f"the upload holds {len(found)} photos ({names}); open one at a time")
    return found[0]


def _upload(name: str, file: Any) -> Upload:
    if isinstance(file, bytes):
        return name, file
    try:
        about = file.get("metadata", {})  # ipywidgets 7
        names = (file.get("name"), about.get("name"), file.get("path"), name, "upload")
        name = next(text for text in names if isinstance(text, str) and text)
        return name, bytes(file["content"] if "content" in file else file["bytes"])
    except (AttributeError, LookupError, TypeError) as error:
        what = "not the value of an upload widget; expected files with a name and content"
        raise PhotoError(f"this is {what}") from error
