"""One request to the web: by the environment's proxies and certificates, until a deadline."""

from __future__ import annotations

import socket
import sys
import threading
import time
from contextlib import closing, contextmanager, suppress
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import unquote_to_bytes, urljoin

from geonb import __version__
from geonb.web.addresses import host_of, parsed, port_of, redacted
from geonb.web.answers import Answer, WebError, reason_of
from geonb.web.proxies import certificates, proxy_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from urllib3.connection import HTTPConnection
    from urllib3.util import Url

    Guard: TypeAlias = Callable[[Url, str, Url | None], list[str]]
    """Gets an address, in words too, and the proxy to it; returns its IP addresses."""

USER_AGENT = f"geonb/{__version__} (+https://github.com/geonb/geonb)"
"""Who is asking: hosts such as Wikimedia's refuse those who name no address of their project."""
CONNECT_S, READ_S = 10.0, 30.0
"""Seconds for each connection, and without a byte."""
MAX_REDIRECTS = 5
LONGEST_PAUSE_S = 120.0
"""Seconds to wait if a busy server asks for that; after a longer pause, people ask again."""
_REDIRECTS = {301, 302, 303, 307, 308}


def resolve(parts: Url, name: str, proxy: Url | None) -> list[str]:
    """The IP addresses of a server; none if only a proxy can tell. Raises `WebError`."""
    try:
        found = socket.getaddrinfo(host_of(parts), port_of(parts), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        if proxy:
            return []
        reason = f"no server has the name {host_of(parts)!r}; check the link"
        raise WebError(reason, name, final=True) from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@contextmanager
def asking(
    url: str, headers: Mapping[str, str], deadline: float, guard: Guard = resolve
) -> Iterator[Answer]:
    """Use the answer to a GET request in this block, after redirects and pauses that it asks for.

    The connection goes to an IP address that ``guard`` gave, or to a proxy, and is cut at the
    ``deadline``, a `time.monotonic`. Raises `WebError`.
    """
    from tqdm.auto import tqdm

    name = label = redacted(url)
    for _ in range(MAX_REDIRECTS + 1):
        parts = parsed(url)
        if not parts or parts.scheme not in {"http", "https"} or not parts.host:
            reason = "expected a path, or an address with http:// or https://"
            raise WebError(reason, label, final=True)
        with _answer(parts, label, headers, deadline, guard) as answer:
            location = answer.headers.get("Location", "") if answer.status in _REDIRECTS else ""
            pause, left = answer.pause_s, deadline - time.monotonic()
            wait = pause is not None and pause < min(LONGEST_PAUSE_S, left)
            if not location and not wait:
                yield answer
                return
            if wait:
                tqdm.write(f"{label}: {answer.words()}", file=sys.stderr)
        if location:
            with suppress(ValueError):  # refused in the next round if it's no address
                location = urljoin(url, location)
            url, label = location, f"{name} (redirected to {redacted(location)})"
        else:
            time.sleep(max(pause or 0, 0.1))
    reason = f"more than {MAX_REDIRECTS} redirects or pauses; check the link"
    raise WebError(reason, name, final=True)


@contextmanager
def _answer(
    parts: Url, label: str, headers: Mapping[str, str], deadline: float, guard: Guard
) -> Iterator[Answer]:
    from urllib3.exceptions import HTTPError

    proxy = proxy_for(parts)
    sent = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **headers}
    sent |= {"Host": parts.netloc or host_of(parts)} | _login(parts, "basic_auth")
    target = parts.request_uri
    addresses = guard(parts, label, proxy)
    connections = [_direct(address, parts) for address in addresses]
    if proxy:
        connections = [_through(proxy, parts)]
        if parts.scheme == "http":  # a proxy forwards plain requests by their whole address
            target = f"http://{sent['Host']}{target}"
            sent |= _login(proxy, "proxy_basic_auth")
    with _cutting(connections, deadline) as lines:
        try:
            connection = _connected(connections, deadline)
            lines.append(connection.sock)
            connection.request("GET", target, headers=sent, preload_content=False)
            response = connection.getresponse()
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            # The cause stays out: it may hold the whole address, and a notebook would save it.
            way = f", through the proxy {host_of(proxy)}:{port_of(proxy)}" if proxy else ""
            raise WebError(reason_of(error, deadline) + way, label) from None
        with closing(response):
            yield Answer(response, parts, label, deadline)


def _direct(address: str, parts: Url) -> HTTPConnection:
    from urllib3.connection import HTTPConnection, HTTPSConnection

    if parts.scheme == "http":
        return HTTPConnection(address, port_of(parts))
    host = host_of(parts)
    named: dict[str, Any] = {"server_hostname": host, "assert_hostname": host, **certificates()}
    return HTTPSConnection(address, port_of(parts), **named)


def _through(proxy: Url, parts: Url) -> HTTPConnection:
    """A connection to a proxy, with a tunnel through it if the address is an https one."""
    from urllib3.connection import HTTPConnection, HTTPSConnection

    if parts.scheme == "http":
        return HTTPConnection(host_of(proxy), port_of(proxy))
    trusted: dict[str, Any] = certificates()
    connection = HTTPSConnection(host_of(proxy), port_of(proxy), **trusted)
    connection.set_tunnel(host_of(parts), port_of(parts), _login(proxy, "proxy_basic_auth"))
    return connection


def _login(parts: Url, kind: str) -> dict[str, str]:
    from urllib3.util import make_headers

    login: dict[str, Any] = {kind: unquote_to_bytes(parts.auth or "").decode("latin-1")}
    return dict(make_headers(**login)) if parts.auth else {}


def _connected(connections: list[HTTPConnection], deadline: float) -> HTTPConnection:
    """The first of the connections that comes about."""
    from urllib3.exceptions import HTTPError

    failure: Exception = OSError("no address")
    for connection in connections:
        connection.timeout = min(CONNECT_S, max(deadline - time.monotonic(), 0.01))
        try:
            connection.connect()
        except (HTTPError, HTTPException, OSError) as error:
            failure = error
        else:
            connection.timeout = READ_S
            return connection
    raise failure


@contextmanager
def _cutting(connections: list[HTTPConnection], deadline: float) -> Iterator[list[Any]]:
    """Cut the lines at the deadline: a server may drip bytes, each within its time-out.

    A connection forgets its line while an answer is read to its end, so the block notes it.
    """
    lines: list[Any] = []

    def cut() -> None:
        for line in (*lines, *(connection.sock for connection in connections)):
            with suppress(OSError, TypeError):  # closed in the meantime, or not yet open
                socket.socket.shutdown(line, socket.SHUT_RDWR)

    timer = threading.Timer(max(deadline - time.monotonic(), 0), cut)
    timer.daemon = True
    timer.start()
    try:
        yield lines
    finally:
        timer.cancel()
        for connection in connections:
            connection.close()
