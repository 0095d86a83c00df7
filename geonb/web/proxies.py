"""What the environment says of the way to the web: proxies, and whose certificates are trusted."""

from __future__ import annotations

import ipaddress
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import getproxies, proxy_bypass

from geonb.web.addresses import host_of, parsed, port_of
from geonb.web.answers import WebError

if TYPE_CHECKING:
    from urllib3.util import Url

CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""Variables that name a file or folder of certificates; the first that is set counts."""


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
