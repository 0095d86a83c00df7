"""Saved notebooks: clean them of API keys before they are shared."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from geonb.errors import MapError
from geonb.files import replacing

_GOOGLE_KEY = re.compile(r"AIza[0-9A-Za-z_-]{35}")
"""What keys of Google's APIs look like."""


def clean_notebook(path: str | os.PathLike[str]) -> int:
    """Take Google's API keys out of a notebook file, in place; gives how many places held one.

    Keys are what gmaps keeps in the widget state, the value of GOOGLE_MAPS_API_KEY, and whatever
    looks like a key of Google's; they are taken out of state, outputs and cells. Close the
    notebook first, or its tab saves the key again. Raises `MapError` for what is no notebook.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
        notebook = json.loads(text)
        keys = {os.environ.get("GOOGLE_MAPS_API_KEY", ""), *_keys_in_state(notebook)}
    except OSError as error:
        raise MapError(f"{path}: cannot read the notebook ({error.strerror})") from error
    except (ValueError, AttributeError) as error:
        raise MapError(f"{path}: not a notebook; expected a saved .ipynb file") from error
    keys |= set(_GOOGLE_KEY.findall(text))
    written = [json.dumps(key, ensure_ascii=False)[1:-1] for key in keys if key]
    count = sum(text.count(key) for key in written)
    for key in sorted(written, key=len, reverse=True):
        text = text.replace(key, "")
    if count:
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return count


def _keys_in_state(notebook: dict[str, Any]) -> set[str]:
    """What gmaps has left in the state of its widgets."""
    saved = notebook.get("metadata", {})
    state = saved.get("widgets", {}).get("application/vnd.jupyter.widget-state+json", {})
    models = [model.get("state", {}) for model in state.get("state", {}).values()]
    return {(model.get("configuration") or {}).get("api_key") or "" for model in models}
