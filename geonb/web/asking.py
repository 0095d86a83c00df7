"""One request to the web: by the environment's proxies and certificates, until a deadline."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import unquote, urljoin

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
MAX_REDIRECTS = 5
_EXPECTED = "expected a path, or an address with http:// or https://"
_REDIRECTS = {301, 302, 303, 307, 308}


@dataclass(frozen=True)
class Limits:
    """How long a request may take.

    Attributes:
        connect_s: Seconds for each connection.
        read_s: Seconds without a byte.
        deadline: When everything has to be done, by `time.monotonic`.
    """

    connect_s: float
    read_s: float
    deadline: float


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
    url: str,
    headers: Mapping[str, str],
    limits: Limits,
    guard: Guard = resolve,
) -> Iterator[Answer]:
    """Use the answer to a GET request in this block, after the redirects that it leads through.

    The connection goes to an IP address that ``guard`` gave, or to a proxy. Raises `WebError`.
    """
    name = label = redacted(url)
    for _ in range(MAX_REDIRECTS + 1):
        parts = parsed(url)
        if not parts or parts.scheme not in {"http", "https"} or not parts.host:
            raise WebError(_EXPECTED, label, final=True)
        proxy = proxy_for(parts)
        addresses = guard(parts, label, proxy)
        with _answer(parts, label, headers, addresses, proxy, limits) as answer:
            location = answer.headers.get("Location")
            if answer.status not in _REDIRECTS or not location:
                yield answer
                return
        with suppress(ValueError):  # refused in the next round if it's no address
            location = urljoin(url, location)
        url, label = location, f"{name} (redirected to {redacted(location)})"
    raise WebError(f"more than {MAX_REDIRECTS} redirects; check the link", name, final=True)


@contextmanager
def _answer(
    parts: Url,
    label: str,
    headers: Mapping[str, str],
    addresses: list[str],
    proxy: Url | None,
    limits: Limits,
) -> Iterator[Answer]:
    from urllib3.exceptions import HTTPError
    from urllib3.util import make_headers

    sent = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **headers}
    sent["Host"] = parts.netloc or host_of(parts)
    if parts.auth:
        sent |= make_headers(basic_auth=unquote(parts.auth))
    target = parts.request_uri
    if proxy and parts.scheme == "http":  # a proxy forwards plain requests by their whole address
        target = f"http://{sent['Host']}{target}"
        sent |= _login(proxy)
    connections = (
        [_through(proxy, parts)] if proxy else [_direct(address, parts) for address in addresses]
    )
    with _cutting(connections, limits.deadline) as lines:
        try:
            connection = _connected(connections, limits)
            lines.append(connection.sock)
            connection.request("GET", target, headers=sent, preload_content=False)
            response = connection.getresponse()
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            # The cause stays out: it may hold the whole address, and a notebook would save it.
            way = f", through the proxy {host_of(proxy)}:{port_of(proxy)}" if proxy else ""
            raise WebError(reason_of(error, limits.deadline) + way, label) from None
        with closing(response):
            yield Answer(response, parts, label, limits.deadline)


def _direct(address: str, parts: Url) -> HTTPConnection:
    from urllib3.connection import HTTPConnection, HTTPSConnection

    if parts.scheme == "http":
        return HTTPConnection(address, port_of(parts))
    host = host_of(parts)
    named: dict[str, Any] = {"server_hostname": host, "assert_hostname": host, **certificates()}
    return HTTPSConnection(address, port_of(parts), **named)


def _through(proxy: Url, parts: Url) -> HTTPConnection:
    """A connection to a proxy, with a tunnel through it if the address is an https one."""
    from urllib3.connection import HTTPConnection, HTTPSConnection, ProxyConfig

    config: dict[str, Any] = {
        "port": port_of(proxy),
        "proxy": proxy,
        "proxy_config": ProxyConfig(
            ssl_context=None,
            use_forwarding_for_https=False,
            assert_hostname=None,
            assert_fingerprint=None,
        ),
    }
    if parts.scheme == "http" and proxy.scheme == "http":
        return HTTPConnection(host_of(proxy), **config)
    config |= certificates()
    connection = HTTPSConnection(host_of(proxy), **config)
    if parts.scheme == "https":
        scheme = proxy.scheme or "http"
        connection.set_tunnel(host_of(parts), port_of(parts), _login(proxy), scheme)
    return connection


def _login(proxy: Url) -> dict[str, str]:
    from urllib3.util import make_headers

    return dict(make_headers(proxy_basic_auth=unquote(proxy.auth))) if proxy.auth else {}


def _connected(connections: list[HTTPConnection], limits: Limits) -> HTTPConnection:
    """The first of the connections that comes about."""
    from urllib3.exceptions import HTTPError

    failure: OSError | HTTPError | HTTPException = OSError("no address")
    for connection in connections:
        left = max(limits.deadline - time.monotonic(), 0.01)
        connection.timeout = min(limits.connect_s, left)
        try:
            connection.connect()
        except (HTTPError, HTTPException, OSError) as error:
            connection.close()
            failure = error
        else:
            connection.timeout = limits.read_s
            return connection
    raise failure


@contextmanager
def _cutting(connections: list[HTTPConnection], deadline: float) -> Iterator[list[Any]]:
    """Cut the lines at the deadline: a server may drip bytes, each within its time-out.

    A connection loses sight of its line while an answer is read to the end of it, so the block
    adds it to the list.
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
