"""Fetch a photo from the web, with limits on what may come, from where, and for how long."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from contextlib import closing, contextmanager, suppress
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from geonb.errors import PhotoError
from geonb.web.addresses import parsed, redacted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from urllib3.connection import HTTPConnection
    from urllib3.response import BaseHTTPResponse
    from urllib3.util import Url

MAX_BYTES = 50_000_000
"""The largest photo that is fetched."""
MAX_REDIRECTS = 5
CONNECT_S, READ_S, TOTAL_S = 10.0, 20.0, 60.0
"""Seconds for the connection, for each read, and for everything including redirects."""

_HEADERS = {
    "Accept": "image/*",
    "Accept-Encoding": "identity",
    "User-Agent": "geonb (opens one photo for its user)",
}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_GLOBAL = ipaddress.ip_network("2000::/3")
"""What is assigned of IPv6 to the open internet; all else is local, reserved or a translation."""
_RESERVED = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "168.63.129.16/32", "3fff::/20")))
"""Not public, whatever `ipaddress` says: protocols, Azure's service for machines, documentation."""


def fetch(url: str, *, allow_private: bool = False) -> bytes:
    """Fetch the bytes behind an http or https ``url``. Raises `PhotoError`.

    Each name is resolved once, and the connection goes to the address that was checked: past
    any proxy, which would resolve the name again. ``allow_private`` covers the server that
    ``url`` names, and no other that it redirects to.
    """
    deadline = time.monotonic() + TOTAL_S
    name = label = redacted(url)
    asked_for: list[str] = []
    for hop in range(MAX_REDIRECTS + 1):
        parts = parsed(url)
        if not parts or parts.scheme not in {"http", "https"} or not parts.host:
            raise PhotoError(f"{label}: expected a path, or an address with http:// or https://")
        addresses = _resolve(label, parts)
        if allow_private and hop == 0:
            asked_for = addresses
        if not all(is_public(address) or address in asked_for for address in addresses):
            raise PhotoError(
                f"{label}: the address is in a private network or on this machine; to fetch it, "
                "open it yourself with allow_private (--allow-private on the command line)"
            )
        answer = _get(label, parts, addresses, deadline)
        if isinstance(answer, bytes):
            return answer
        before, url = url, answer  # refused in the next round if it means no address
        with suppress(ValueError):
            url = urljoin(before, answer)
        label = f"{name} (redirected to {redacted(url)})"
    raise PhotoError(f"{name}: more than {MAX_REDIRECTS} redirects; check the link")


def _resolve(name: str, parts: Url) -> list[str]:
    """The IP addresses of the server. Raises `PhotoError`."""
    host = _host(parts)
    try:
        found = socket.getaddrinfo(host, _port(parts), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise PhotoError(f"{name}: no server has the name {host!r}; check the link") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """Whether an IP address is on the open internet, also where IPv6 wraps an IPv4 address."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1])
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner:
            return is_public(str(inner))
        if ip not in _GLOBAL:
            return False
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in _RESERVED)


def _host(parts: Url) -> str:
    return (parts.host or "").strip("[]")


def _port(parts: Url) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _get(name: str, parts: Url, addresses: list[str], deadline: float) -> bytes | str:
    """The bytes behind an address, or the address that the server redirects to."""
    from urllib3.exceptions import HTTPError

    try:
        connection = _connect(parts, addresses, deadline)
        with _expiring(connection, deadline):
            connection.request(
                "GET",
                parts.request_uri,
                headers={**_HEADERS, "Host": parts.netloc or _host(parts)},
                preload_content=False,
            )
            with closing(connection.getresponse()) as answer:
                return _body(name, answer)
    except (HTTPError, HTTPException, OSError, ValueError) as error:
        late = time.monotonic() >= deadline or "time" in type(error).__name__.lower()
        reason = "it took too long" if late else type(error).__name__
        # The cause stays out: it may hold the whole address, and a notebook would save it.
        raise PhotoError(f"{name}: cannot fetch it ({reason}); try a file instead") from None


def _connect(parts: Url, addresses: list[str], deadline: float) -> HTTPConnection:
    """Connect to the first of the addresses that answers; all of them were checked before."""
    import certifi
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.exceptions import HTTPError

    host, port = _host(parts), _port(parts)
    named: dict[str, Any] = {"server_hostname": host, "assert_hostname": host}
    failure: OSError | HTTPError = OSError("no address")
    for address in addresses:
        left = min(CONNECT_S, max(deadline - time.monotonic(), 0.01))
        connection = HTTPConnection(address, port, timeout=left)
        if parts.scheme == "https":
            connection = HTTPSConnection(
                address, port, timeout=left, ca_certs=certifi.where(), **named
            )
        try:
            connection.connect()
        except (HTTPError, OSError) as error:
            connection.close()
            failure = error
        else:
            connection.timeout = READ_S
            return connection
    raise failure


@contextmanager
def _expiring(connection: HTTPConnection, deadline: float) -> Iterator[None]:
    """Cut the connection at the deadline: a server may drip bytes, each within its time-out."""
    line = connection.sock
    timer = threading.Timer(max(deadline - time.monotonic(), 0), _cut, [line])
    timer.daemon = True
    timer.start()
    try:
        yield
        if time.monotonic() >= deadline:
            raise TimeoutError
    finally:
        timer.cancel()
        connection.close()


def _cut(line: socket.socket) -> None:
    with suppress(OSError):  # closed in the meantime
        socket.socket.shutdown(line, socket.SHUT_RDWR)


def _body(name: str, answer: BaseHTTPResponse) -> bytes | str:
    """The picture in an answer, or the address of the next one."""
    location = answer.headers.get("Location")
    if answer.status in {301, 302, 303, 307, 308} and location:
        return location
    if answer.status != 200:
        hint = "it asks for a login" if answer.status in {401, 403} else "check the link"
        raise PhotoError(f"{name}: the server answered {answer.status} {answer.reason}; {hint}")
    kind = answer.headers.get("Content-Type", "").split(";")[0].strip().lower()
    if kind.startswith("text/") or kind in {"application/json", "application/xhtml+xml"}:
        raise PhotoError(
            f"{name}: the server sent {kind} (a web page, or a login page), expected a picture; "
            "open the picture itself in the browser and copy its address"
        )
    data = bytearray()
    while chunk := answer.read1(1 << 16, decode_content=True):
        data += chunk
        if len(data) > MAX_BYTES:
            raise PhotoError(f"{name}: larger than {MAX_BYTES // 10**6} MB; fetch a smaller one")
    return bytes(data)
