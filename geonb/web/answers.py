"""What a server answers: its body, piece by piece, and what it says instead of one."""

from __future__ import annotations

import html
import re
import ssl
import time
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from geonb.errors import printable, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from urllib3.response import BaseHTTPResponse
    from urllib3.util import Url

PAUSING = {429, 503}
"""Statuses by which a server asks for a pause."""
_PACKINGS = {"", "identity", "gzip", "x-gzip", "deflate"}
"""What is unpacked, although none was asked for: 1,032 bytes from one byte at most. Packings of
packings, Brotli and Zstandard make gigabytes of a few kilobytes, in urllib3 before 2.6 at once."""
_GONE = {404, 410}
"""Statuses that say everything; the page beside them is about the site."""
_WORDS = 200
"""Characters of what a server says that are repeated."""


class WebError(Exception):
    """Nothing came of a request: why, in a few words.

    Attributes:
        label: The address, without secrets, and where it redirected to.
        final: Whether asking again is of no use.
    """

    def __init__(self, reason: str, label: str = "", *, final: bool = False) -> None:
        super().__init__(reason)
        self.label, self.final = label, final


class Answer:
    """A server's answer.

    Attributes:
        status: The HTTP status.
        headers: By name, in any case.
        label: The address, without secrets, and where it redirected to.
    """

    def __init__(self, response: BaseHTTPResponse, parts: Url, label: str, deadline: float) -> None:
        self._response, self._parts, self._deadline = response, parts, deadline
        self.status, self.headers, self.label = response.status, response.headers, label

    @property
    def kind(self) -> str:
        """The content type, such as ``image/jpeg``."""
        return shortened(self.headers.get("Content-Type", "").split(";")[0].strip().lower(), 80)

    @property
    def pause_s(self) -> float | None:
        """The seconds that the server asks to wait before the next request, if it does."""
        text = self.headers.get("Retry-After", "")
        if self.status not in PAUSING or not text:
            return None
        if text.isdecimal():
            return float(text[:9])
        try:
            return max(parsedate_to_datetime(text).timestamp() - time.time(), 0.0)
        except (ValueError, TypeError, OverflowError):
            return None

    def chunks(self) -> Iterator[bytes]:
        """The body, piece by piece. Raises `WebError` if it breaks off."""
        from urllib3.exceptions import HTTPError

        packing = self.headers.get("Content-Encoding", "").strip().lower()
        if packing not in _PACKINGS:
            reason = f"its answer is packed as {shortened(printable(packing), 80)}"
            raise WebError(f"{reason}, which was not asked for", self.label, final=True)
        try:
            while data := self._response.read1(1 << 15, decode_content=True):
                yield data
            late = time.monotonic() >= self._deadline
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            raise WebError(reason_of(error, self._deadline), self.label) from None
        if late:
            raise WebError("it took too long", self.label)

    def words(self) -> str:
        """What the server says instead of what was asked for, shortened and without secrets."""
        said = f"{self.status} {shortened(printable(self._response.reason or ''), 80)}".strip()
        if self.status in _GONE:
            return said
        body = b""
        try:
            for chunk in self.chunks():
                body += chunk
                if len(body) > 1 << 14:
                    break
        except WebError:
            pass
        text = body.decode("utf-8", "replace")
        if self.kind in {"text/html", "application/xhtml+xml"}:
            text = re.sub(r"(?is)<(script|style|head)\b.*?</\1>|<[^>]*>", " ", text)
            text = html.unescape(text)
        elif not self.kind.startswith("text/") and self.kind != "application/json":
            text = ""
        text = " ".join(text.split())
        for secret in self._secrets():
            text = text.replace(secret, "…")
        said = f"{said}: {shortened(printable(text), _WORDS)}" if text else said
        pause = self.pause_s
        return said if pause is None else f"{said}; it asks for a pause of {pause:,.0f} s"

    def _secrets(self) -> list[str]:
        """What was in the address, and isn't to be seen: as it stood there, and decoded."""
        query = self._parts.query or ""
        values = [value for _, value in parse_qsl(query)]
        logins = (self._parts.auth or "").split(":")
        found = {query, *values, *logins, *map(unquote, logins)}
        return sorted((secret for secret in found if len(secret) > 3), key=len, reverse=True)


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
            return f"the proxy refuses: {printable(refused[1])}"
        cause = cause.__cause__ or cause.__context__
    return f"the connection broke ({type(error).__name__})"
