"""Fetch a photo from the web, with limits on what may come, from where, and for how long."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import closing, contextmanager, suppress
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from geonb.errors import PhotoError
from geonb.photos.addresses import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from urllib3.connection import HTTPConnection
    from urllib3.exceptions import HTTPError
    from urllib3.response import BaseHTTPResponse
    from urllib3.util import Url

MAX_BYTES = 50_000_000
"""The largest photo that is fetched."""
MAX_REDIRECTS = 5
CONNECT_S, READ_S, TOTAL_S = 10.0, 20.0, 60.0
"""Seconds for the connection, for each read, and for all of it together with its redirects."""
REDIRECTS = {301, 302, 303, 307, 308}

_HEADERS = {
    "Accept": "image/*",
    "Accept-Encoding": "identity",
    "User-Agent": "geonb (opens one photo for its user)",
}


def shown(url: str) -> str:
    """The address without what may be secret in it: user, password, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:  # brackets that hold no address
        return url.split("://", maxsplit=1)[0] + "://…"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def fetch(url: str, *, allow_private: bool = False) -> bytes:
    """Fetch the bytes behind an http or https ``url``. Raises `PhotoError`.

    The name is resolved once, and the connection made to the address that was checked. It goes
    straight to the server, past any proxy, because a proxy would resolve the name anew.
    """
    deadline = time.monotonic() + TOTAL_S
    for _ in range(MAX_REDIRECTS + 1):
        answer = _get(url, deadline, allow_private=allow_private)
        if isinstance(answer, bytes):
            return answer
        try:
            url = urljoin(url, answer)
        except ValueError as error:
            raise PhotoError(f"{shown(url)}: it leads to an address that is none") from error
    raise PhotoError(f"{shown(url)}: more than {MAX_REDIRECTS} redirects; check the link")


def _get(url: str, deadline: float, *, allow_private: bool) -> bytes | str:
    """The bytes behind ``url``, or the address that the server sends on to."""
    from urllib3.exceptions import HTTPError
    from urllib3.util import parse_url

    name = shown(url)
    try:
        parts = parse_url(url)
        if parts.scheme not in {"http", "https"} or not parts.host:
            raise PhotoError(f"{name}: expected a path, or an address with http:// or https://")
        connection = _connect(name, parts, deadline, allow_private=allow_private)
        with _expiring(connection, deadline):
            connection.request(
                "GET",
                parts.request_uri,
                headers={**_HEADERS, "Host": parts.netloc or parts.host},
                preload_content=False,
            )
            with closing(connection.getresponse()) as answer:
                return _body(name, answer)
    except (HTTPError, HTTPException, OSError, ValueError) as error:
        late = time.monotonic() >= deadline or "time" in type(error).__name__.lower()
        reason = "it took too long" if late else type(error).__name__
        raise PhotoError(f"{name}: cannot fetch it ({reason}); try a file instead") from error


def _connect(name: str, parts: Url, deadline: float, *, allow_private: bool) -> HTTPConnection:
    """Connect to the first address of the host that answers, all of them checked before."""
    import certifi
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.exceptions import HTTPError

    host = (parts.host or "").strip("[]")
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    failure: OSError | HTTPError = OSError("no address")
    for address in resolve(name, host, port, allow_private=allow_private):
        left = min(CONNECT_S, max(deadline - time.monotonic(), 0.01))
        connection = (
            HTTPSConnection(
                address,
                port,
                timeout=left,
                server_hostname=host,
                assert_hostname=host,
                ca_certs=certifi.where(),
            )
            if secure
            else HTTPConnection(address, port, timeout=left)
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
    if answer.status in REDIRECTS and location:
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
