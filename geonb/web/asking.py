"""One request to the web: by the environment's proxies and certificates, until a deadline."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
import threading
import time
from contextlib import closing, contextmanager, suppress
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import unquote_to_bytes, urljoin
from urllib.request import getproxies, proxy_bypass

from geonb import __version__
from geonb.web.addresses import host_of, parsed, port_of, redacted
from geonb.web.responses import Response, WebError, reason_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from urllib3.connection import HTTPConnection
    from urllib3.util import Url

    Resolver: TypeAlias = Callable[[Url, str, Url | None], list[str]]
    """Gets an address, in words too, and the proxy to it; returns its IP addresses."""

USER_AGENT = f"geonb/{__version__} (+https://github.com/geonb/geonb)"
"""Who is asking: hosts such as Wikimedia's refuse those who name no address of their project."""
CONNECT_S, READ_S = 10.0, 30.0
"""Seconds for each connection, and without a byte."""
MAX_REDIRECTS = 5
LONGEST_PAUSE_S = 120.0
"""Seconds to wait if a busy server asks for that; after a longer pause, people ask again."""
_REDIRECTS = {301, 302, 303, 307, 308}
CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""Variables that name a file or folder of certificates; the first that is set counts."""


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
    url: str, headers: Mapping[str, str], deadline: float, resolver: Resolver = resolve
) -> Iterator[Response]:
    """Use the response to a GET request in this block, after redirects and pauses asked for.

    The connection goes to an IP address that ``resolver`` gave, or to a proxy, and is cut at the
    ``deadline``, a `time.monotonic`. Raises `WebError`.
    """
    from tqdm.auto import tqdm

    name = source = redacted(url)
    for _ in range(MAX_REDIRECTS + 1):
        parts = parsed(url)
        if not parts or parts.scheme not in {"http", "https"} or not parts.host:
            reason = "expected a path, or an address with http:// or https://"
            raise WebError(reason, source, final=True)
        with _requested(parts, source, headers, deadline, resolver) as response:
            location = response.headers.get("Location", "") if response.status in _REDIRECTS else ""
            pause, left = response.pause_s, deadline - time.monotonic()
            wait = pause is not None and pause < min(LONGEST_PAUSE_S, left)
            if not location and not wait:
                yield response
                return
            if wait:
                tqdm.write(f"{source}: {response.words()}", file=sys.stderr)
        if location:
            with suppress(ValueError):  # refused in the next round if it's no address
                location = urljoin(url, location)
            url, source = location, f"{name} (redirected to {redacted(location)})"
        else:
            time.sleep(max(pause or 0, 0.1))
    reason = f"more than {MAX_REDIRECTS} redirects or pauses; check the link"
    raise WebError(reason, name, final=True)


@contextmanager
def _requested(
    parts: Url, source: str, headers: Mapping[str, str], deadline: float, resolver: Resolver
) -> Iterator[Response]:
    from urllib3.exceptions import HTTPError

    proxy = proxy_for(parts)
    sent = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **headers}
    sent |= {"Host": parts.netloc or host_of(parts)} | _login(parts, "basic_auth")
    target = parts.request_uri
    addresses = resolver(parts, source, proxy)
    if proxy:
        addresses = [host_of(proxy)]
        if parts.scheme == "http":  # a proxy forwards plain requests by their whole address
            target = f"http://{sent['Host']}{target}"
            sent |= _login(proxy, "proxy_basic_auth")
    connections = [_connection(parts, address, proxy) for address in addresses]
    with _cutting(connections, deadline) as sockets:
        try:
            connection = _connected(connections, deadline)
            sockets.append(connection.sock)
            connection.request("GET", target, headers=sent, preload_content=False)
            raw = connection.getresponse()
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            # The cause stays out: it may hold the whole address, and a notebook would save it.
            way = f", through the proxy {host_of(proxy)}:{port_of(proxy)}" if proxy else ""
            raise WebError(reason_of(error, deadline) + way, source) from None
        with closing(raw):
            yield Response(raw, parts, source, deadline)


def _connection(parts: Url, address: str, proxy: Url | None) -> HTTPConnection:
    """To a server at an IP address; or to a proxy, with a tunnel through it for https."""
    from urllib3.connection import HTTPConnection, HTTPSConnection

    port = port_of(proxy or parts)
    if parts.scheme == "http":
        return HTTPConnection(address, port)
    host = host_of(parts)
    named: dict[str, Any] = {} if proxy else {"server_hostname": host, "assert_hostname": host}
    named |= certificates()
    connection = HTTPSConnection(address, port, **named)
    if proxy:
        connection.set_tunnel(host, port_of(parts), _login(proxy, "proxy_basic_auth"))
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
    """Cut the connections at the deadline: a server may drip bytes, each within its time-out.

    A connection forgets its socket while a response is read to its end, so the block notes it.
    """
    sockets: list[Any] = []

    def cut() -> None:
        for one in (*sockets, *(connection.sock for connection in connections)):
            with suppress(OSError, TypeError):  # closed in the meantime, or not yet open
                socket.socket.shutdown(one, socket.SHUT_RDWR)

    timer = threading.Timer(max(deadline - time.monotonic(), 0), cut)
    timer.daemon = True
    timer.start()
    try:
        yield sockets
    finally:
        timer.cancel()
        for connection in connections:
            connection.close()
        timer.join()


def proxy_for(parts: Url) -> Url | None:
    """The proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names for an address, but for NO_PROXY.

    Raises `WebError` if it isn't an HTTP proxy.
    """
    proxies = getproxies()
    named = proxies.get(parts.scheme or "") or proxies.get("all")
    if not named or _needs_none(parts, proxies.get("no", "")):
        return None
    proxy = parsed(named if "://" in named else f"http://{named}")
    if not proxy or proxy.scheme != "http" or not proxy.host:
        kind = named.partition(":")[0][:20]
        reason = f"the environment names a proxy of the kind {kind!r}, expected http://HOST:PORT"
        raise WebError(reason, final=True)
    return proxy


def _needs_none(parts: Url, exceptions: str) -> bool:
    """Whether NO_PROXY holds the server's name, or its address in a range such as 10.0.0.0/8."""
    with suppress(ValueError):
        ip = ipaddress.ip_address(host_of(parts))
        for exception in exceptions.split(","):
            with suppress(ValueError):
                if ip in ipaddress.ip_network(exception.strip(), strict=False):
                    return True
    return bool(proxy_bypass(f"{host_of(parts)}:{port_of(parts)}"))


def certificates() -> dict[str, str]:
    """Whose certificates are trusted: those that the environment names, or else certifi's."""
    import certifi

    name = next((name for name in CERTIFICATES if os.environ.get(name)), "")
    path = Path(os.environ[name] if name else certifi.where())
    if not path.exists():
        raise WebError(f"{name} is {path}, but there is no such file", final=True)
    return {"ca_cert_dir" if path.is_dir() else "ca_certs": str(path)}
