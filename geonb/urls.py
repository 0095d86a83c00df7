"""Fetch a photo from the web, with limits on what may come."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from geonb.errors import PhotoError

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_BYTES = 50_000_000
"""The largest photo that is fetched."""
TIMEOUT_S = (10.0, 20.0)
"""Seconds for the connection, and for each read."""


def fetch(url: str) -> bytes:
    """Fetch the bytes behind an http or https ``url``. Raises `PhotoError`."""
    import requests

    if urlsplit(url).scheme not in {"http", "https"}:
        raise PhotoError(f"{url}: expected a path, or an address with http:// or https://")
    try:
        with requests.get(url, stream=True, timeout=TIMEOUT_S) as answer:
            if not answer.ok:
                raise PhotoError(f"{url}: the server answered {answer.status_code}; check the link")
            kind = answer.headers.get("Content-Type", "image/unknown").split(";")[0]
            if kind.startswith("text/"):
                raise PhotoError(f"{url}: the server sent {kind}, expected a picture")
            return _read(url, answer.iter_content(1 << 16))
    except requests.RequestException as error:
        reason = type(error).__name__
        raise PhotoError(f"{url}: cannot fetch the photo ({reason}); try a file instead") from error


def _read(url: str, chunks: Iterable[bytes]) -> bytes:
    data = bytearray()
    for chunk in chunks:
        data += chunk
        if len(data) > MAX_BYTES:
            raise PhotoError(f"{url}: larger than {MAX_BYTES // 10**6} MB; fetch a smaller one")
    return bytes(data)
