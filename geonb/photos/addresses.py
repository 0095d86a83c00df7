"""Which network addresses a photo may be fetched from: those of the open internet."""

from __future__ import annotations

import ipaddress
import socket

from geonb.errors import PhotoError

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_PLATFORM = ipaddress.ip_address("168.63.129.16")
"""Azure's service for virtual machines, at an address that looks public."""


def resolve(name: str, host: str, port: int, *, allow_private: bool) -> list[str]:
    """The addresses of ``host``. Raises `PhotoError` where one of them is not public."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise PhotoError(f"{name}: no server of the name {host!r}; check the link") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not allow_private and not all(map(is_public, addresses)):
        raise PhotoError(
            f"{name}: the address lies in a private network or on this machine, and is not "
            "fetched unless allow_private is given (--allow-private on the command line)"
        )
    return addresses


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet's, also where it is wrapped in IPv6."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1])
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast and ip != _PLATFORM
