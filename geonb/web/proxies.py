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
"""Variables that name a file or folder of certificates, the first of them goes first."""


def proxy_for(parts: Url) -> Url | None:
    """The proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names for an address; NO_PROXY excepts.

    Raises `WebError` if it isn't an HTTP proxy.
    """
    proxies = getproxies()
    named = proxies.get(parts.scheme or "") or proxies.get("all")
    if not named or _excepted(parts, proxies.get("no", "")):
        return None
    proxy = parsed(named if "://" in named else f"http://{named}")
    if proxy is None or proxy.scheme not in {"http", "https"} or not proxy.host:
        raise WebError(
            f"the environment names a proxy of the kind {named.partition(':')[0][:20]!r}, "
            "expected http://HOST:PORT in HTTPS_PROXY and HTTP_PROXY",
            final=True,
        )
    return proxy


def certificates() -> dict[str, str]:
    """Whose certificates are trusted: those that the environment names, or else certifi's.

    Raises `WebError` if there is no such file or folder.
    """
    import certifi

    for name in CERTIFICATES:
        if path := os.environ.get(name):
            if not Path(path).exists():
                raise WebError(f"{name} is {path}, but there is no such file", final=True)
            return {"ca_cert_dir" if Path(path).is_dir() else "ca_certs": path}
    return {"ca_certs": certifi.where()}


def _excepted(parts: Url, exceptions: str) -> bool:
    """Whether no proxy is wanted for an address: by its name, or by a range such as 10.0.0.0/8."""
    host = host_of(parts)
    with suppress(ValueError):
        ip = ipaddress.ip_address(host)
        for exception in exceptions.split(","):
            with suppress(ValueError):
                if "/" in exception and ip in ipaddress.ip_network(exception.strip(), strict=False):
                    return True
    return bool(proxy_bypass(f"{host}:{port_of(parts)}"))
