"""Web addresses: read by one parser, and shown without what may be secret in them."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from urllib3.util import Url

_AMBIGUOUS = re.compile(r"[\\\x00-\x1f\x7f]")
"""Characters that one reader of an address takes for its end, and the next doesn't."""
_MISTYPED = re.compile(r"\s*(data:|https?(:|//)|([a-z]{2,}:/*|//)[^/]+@)", re.IGNORECASE)
"""How one begins that nobody could fetch: ``http:/me:secret@a.org``, ``https//a.org``; and data."""


def is_address(text: str) -> bool:
    """Whether a text is a web address (or a ``data:`` one), also a mistyped one, and no path."""
    return "://" in text or bool(_MISTYPED.match(text))


def parsed(url: str) -> Url | None:
    """The parts of an address; None if it isn't one. The one parser: what is shown is fetched."""
    from urllib3.exceptions import LocationParseError
    from urllib3.util import parse_url

    try:
        parts = None if _AMBIGUOUS.search(url) else parse_url(url)
    except LocationParseError:
        return None
    return parts if parts and parts.scheme else None


def redacted(url: str) -> str:
    """The address without what may be secret in it: user, password, query and fragment.

    In place of a query stand ten digits of its digest, so that two photos of one server have two
    names. Of a mistyped address, nothing but its scheme is shown; a path of this machine is.
    """
    if not is_address(url):
        return url
    url = url.strip()
    if url[:5].lower() == "data:":
        return "data:…"
    parts = parsed(url)
    if not parts or not parts.host:
        return re.sub(r"(?is)(https?|[a-z]{,40}(?=://))?.*", r"\1://…", url, count=1)
    query = ""
    if parts.query:
        query = f"?…{hashlib.sha256(parts.query.encode('utf-8', 'surrogatepass')).hexdigest()[:10]}"
    return f"{parts.scheme}://{parts.netloc or ''}{parts.path or ''}{query}"


def host_of(parts: Url) -> str:
    """The server's name, or its IP address without the brackets of IPv6."""
    return (parts.host or "").strip("[]")


def port_of(parts: Url) -> int:
    """The server's port."""
    return parts.port or (443 if parts.scheme == "https" else 80)
