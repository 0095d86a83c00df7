"""What a server answers: its body, piece by piece, and what it says instead of one."""

from __future__ import annotations

import html
import re
import ssl
import time
from collections.abc import Iterator
from contextlib import suppress
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from geonb.errors import printable, shortened

if TYPE_CHECKING:
    from urllib3.response import BaseHTTPResponse
    from urllib3.util import Url

_PACKINGS = {"", "identity", "gzip", "x-gzip", "deflate"}
"""What is unpacked, although none was asked for: 1,032 bytes from one byte at most. Packings of
packings, Brotli and Zstandard make gigabytes of a few kilobytes, in urllib3 before 2.6 at once."""
_GONE = {404, 410}
"""Statuses that say everything; the page beside them is about the site."""


class WebError(Exception):
    """Nothing came of a request, for a ``reason`` in a few words.

    ``source`` is the address without secrets, and where it redirected to; ``final`` says whether
    asking again is of no use.
    """

    def __init__(self, reason: str, source: str = "", *, final: bool = False) -> None:
        super().__init__(reason)
        self.source, self.final = source, final


class Response:
    """A server's response: its status and headers, and the address in words that it came from."""

    def __init__(self, raw: BaseHTTPResponse, parts: Url, source: str, deadline: float) -> None:
        self._raw, self._parts, self._deadline = raw, parts, deadline
        self.status, self.headers, self.source = raw.status, raw.headers, source

    @property
    def content_type(self) -> str:
        """Such as ``image/jpeg``."""
        return shortened(self.headers.get("Content-Type", "").split(";")[0].strip().lower(), 80)

    @property
    def pause_s(self) -> float | None:
        """The seconds that a busy server asks to wait before the next request, if it does."""
        asked = self.headers.get("Retry-After", "") if self.status in {429, 503} else ""
        if asked.isdecimal():
            return float(asked[:9])
        with suppress(ValueError, OverflowError):
            return max(parsedate_to_datetime(asked).timestamp() - time.time(), 0.0)
        return None

    def chunks(self) -> Iterator[bytes]:
        """The body, piece by piece. Raises `WebError` if it breaks off."""
        from urllib3.exceptions import HTTPError

        packing = self.headers.get("Content-Encoding", "").strip().lower()
        if packing not in _PACKINGS:
            reason = f"its answer is packed as {shortened(printable(packing), 80)}"
            raise WebError(f"{reason}, which was not asked for", self.source, final=True)
        try:
            while data := self._raw.read1(1 << 15, decode_content=True):
                yield data
            if time.monotonic() >= self._deadline:  # the connection was cut
                raise TimeoutError
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            raise WebError(reason_of(error, self._deadline), self.source) from None

    def words(self) -> str:
        """What the server says instead of what was asked for, shortened and without secrets."""
        said = f"{self.status} {shortened(self._raw.reason or '', 80)}".strip()
        if self.status not in _GONE and (text := self._text()):
            said += f": {shortened(text, 200)}"
        if self.pause_s is not None:
            said += f"; it asks for a pause of {self.pause_s:,.0f} s"
        return said

    def _text(self) -> str:
        """The beginning of the body as plain text, without what was secret in the address."""
        if not self.content_type.startswith("text/") and self.content_type != "application/json":
            return ""
        with suppress(WebError, StopIteration):
            text = next(self.chunks()).decode("utf-8", "replace")
            if self.content_type == "text/html":
                text = re.sub(r"(?is)<(script|style|head)\b.*?</\1>|<[^>]*>", " ", text)
                text = html.unescape(text)
            query, login = self._parts.query or "", self._parts.auth or ""
            secrets = {query, *dict(parse_qsl(query)).values(), *login.split(":")}
            for secret in sorted(secrets | set(map(unquote, secrets)), key=len, reverse=True):
                text = text.replace(secret, "…") if len(secret) > 3 else text
            return printable(" ".join(text.split()))
        return ""


def reason_of(error: Exception, deadline: float) -> str:
    """Why a request failed, in words that hold nothing of its address."""
    if time.monotonic() >= deadline or "time" in type(error).__name__.lower():
        return "it took too long"
    cause: BaseException | None = error
    while cause:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                "its certificate is not trusted; if your network signs with its own, "
                "name its certificates in SSL_CERT_FILE"
            )
        if refused := re.search(r"Tunnel connection failed: (\d{3} .{0,80})", str(cause)):
            return f"the proxy refuses: {refused[1]}"
        cause = cause.__cause__ or cause.__context__
    return f"the connection broke ({type(error).__name__})"
