"""Fetch a photo from the web, with limits on what may come, from where, and for how long."""

from __future__ import annotations

import ipaddress
import time
from typing import TYPE_CHECKING

from geonb.errors import PhotoError
from geonb.photos.decoding import kind
from geonb.web.addresses import redacted
from geonb.web.asking import asking, resolve
from geonb.web.responses import Response, WebError

if TYPE_CHECKING:
    from urllib3.util import Url

MAX_BYTES = 50_000_000
"""The largest photo that is fetched."""
TOTAL_S = 60.0
"""Seconds for a photo, including redirects and pauses."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_GLOBAL = ipaddress.ip_network("2000::/3")
"""What is assigned of IPv6 to the open internet; all else is local, reserved or a translation."""
_RESERVED = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "168.63.129.16/32", "3fff::/20")))
"""Not public, whatever `ipaddress` says: protocols, Azure's service for machines, documentation."""
_STAND_INS = ipaddress.ip_network("198.18.0.0/15")
"""What proxy programs such as Clash answer for every name; the real address is theirs to find."""
_TEXTS = {"application/json", "application/xhtml+xml"}
_ADVICE = {
    401: "it asks for a login",
    403: "it refuses this request; open it in the browser and save it as a file",
    407: "it asks for a login",
    429: "it is busy; try again later",
    503: "it is busy; try again later",
}
"""What to do after a status."""


def fetch(url: str, *, allow_private: bool = False) -> bytes:
    """Fetch the bytes behind an http or https ``url``. Raises `PhotoError`.

    Each name is resolved once, and the connection goes to the address that was checked, or to
    the proxy that the environment names, which resolves the name again. ``allow_private`` covers
    the server that ``url`` names, and no other that it redirects to.
    """
    deadline, guard = time.monotonic() + TOTAL_S, Guard(allow_private)
    try:
        with asking(url.strip(), {"Accept": "image/*"}, deadline, guard.check) as response:
            return _picture(response)
    except WebError as error:
        reason = error if error.final else f"cannot fetch it ({error}); try a file instead"
        raise PhotoError(f"{error.source or redacted(url)}: {reason}") from None


class Guard:
    """Lets a request go to public addresses, and to those that the user has asked for."""

    def __init__(self, allow_private: bool) -> None:  # noqa: FBT001
        self._first, self._stand_ins = allow_private, False
        self._asked_for: set[str] = set()

    def check(self, parts: Url, source: str, proxy: Url | None) -> list[str]:
        """The server's IP addresses. Raises `PhotoError` if one of them isn't to be visited."""
        addresses = resolve(parts, source, proxy)
        stand_ins = {a for a in addresses if ipaddress.ip_address(a) in _STAND_INS}
        if self._first:
            self._asked_for, self._stand_ins = set(addresses), bool(stand_ins)
        elif self._stand_ins:
            self._asked_for |= stand_ins
        self._first = False
        refused = {a for a in addresses if not is_public(a)} - self._asked_for
        if not refused:
            return addresses
        reason = "the address is in a private network or on this machine"
        if refused <= stand_ins:
            reason = (
                f"its name leads to {min(refused)}, which a proxy program such as Clash gives "
                "instead of the real address, so nobody can tell whether that is public"
            )
        raise PhotoError(
            f"{source}: {reason}; to fetch it, open it yourself with allow_private "
            "(--allow-private on the command line)"
        )


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


def _picture(response: Response) -> bytes:
    """The picture in a response."""
    if response.status != 200:
        advice = _ADVICE.get(response.status, "check the link")
        if response.pause_s is not None:
            advice = "try again after that"
        raise PhotoError(f"{response.source}: the server answered {response.words()}; {advice}")
    data = bytearray()
    for chunk in response.chunks():
        data += chunk
        if len(data) > MAX_BYTES:
            raise PhotoError(
                f"{response.source}: larger than {MAX_BYTES // 10**6} MB; fetch a smaller one"
            )
    # Servers name kinds that they don't know text, too.
    said = response.content_type
    if (said.startswith("text/") or said in _TEXTS) and not kind(bytes(data[:100])):
        raise PhotoError(
            f"{response.source}: the server sent {said} (a web page, or a login page), "
            "expected a picture; open the picture itself in the browser and copy its address"
        )
    return bytes(data)
