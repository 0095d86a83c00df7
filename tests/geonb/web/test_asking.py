"""Requests: through the environment's proxies, by its certificates, and patient within bounds."""

import socket
import ssl
import threading
import time
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

import geonb
from geonb.errors import FetchError, PhotoError
from geonb.known import fetch
from geonb.photos import urls
from geonb.web import asking
from geonb.web.addresses import parsed
from geonb.web.asking import CERTIFICATES, proxy_for
from support.mirrors import WHOLE, final, record
from support.proxies import proxy
from support.web import PNG, Remote, refused

pytestmark = pytest.mark.newest  # nothing in it depends on NumPy or MXNet

DATA = Path(__file__).parents[2] / "data"
HIDDEN = "http://only-the-proxy-knows.test"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in CERTIFICATES:
        monkeypatch.delenv(name, raising=False)


def test_a_photo_comes_through_a_proxy_that_alone_resolves_names(server, monkeypatch):
    with proxy(server.server_port, "me:pass word") as way:
        monkeypatch.setenv("HTTP_PROXY", way.url.replace("//", "//me:pass%20word@"))
        monkeypatch.setenv("http_proxy", way.url.replace("//", "//me:pass%20word@"))
        photo = geonb.open_photo(f"{HIDDEN}/photo")
        assert photo.source == PNG
        assert way.seen == [("GET", f"{HIDDEN}/photo")]
        assert server.headers[0]["Host"] == "only-the-proxy-knows.test"


def test_a_model_comes_through_it_too(mirror, cache, monkeypatch):
    port = parsed(mirror.url).port
    with proxy(port) as way:
        monkeypatch.setenv("http_proxy", way.url)
        fetch(record(f"{HIDDEN}/"))
        assert final(cache) == WHOLE
        assert len(way.seen) == 2


def test_a_proxy_makes_no_private_address_public(server, monkeypatch):
    with proxy(server.server_port) as way:
        monkeypatch.setenv("http_proxy", way.url)
        for host in ("127.0.0.1", "169.254.169.254", "localhost"):
            with pytest.raises(PhotoError, match="private network"):
                geonb.open_photo(f"http://{host}/photo")
        assert way.seen == []


@pytest.mark.parametrize(
    "exceptions", ["only-the-proxy-knows.test", ".test", "*", "127.0.0.1", "127.0.0.0/8"]
)
def test_addresses_that_need_no_proxy(exceptions, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://proxy.test:3128")
    url = "http://127.0.0.1/x" if exceptions[0] == "1" else f"{HIDDEN}/x"
    assert proxy_for(parsed(url)).host == "proxy.test"
    monkeypatch.setenv("no_proxy", exceptions if exceptions == "*" else f"other.test, {exceptions}")
    assert proxy_for(parsed(url)) is None


def test_a_proxy_that_wants_a_login_or_is_away(server, monkeypatch):
    with proxy(server.server_port, "me:SECRET") as way:
        monkeypatch.setenv("http_proxy", way.url)
        with pytest.raises(PhotoError, match=r"407 .*it asks for a login"):
            geonb.open_photo(f"{HIDDEN}/photo")
        monkeypatch.setenv("https_proxy", way.url.replace("//", "//me:WRONG@"))
        with pytest.raises(PhotoError, match=r"the proxy refuses: 407 .*127\.0\.0\.1") as caught:
            geonb.open_photo(f"{HIDDEN.replace('http', 'https')}/photo")
        assert "WRONG" not in str(caught.value)
    with pytest.raises(PhotoError, match=r"broke .*through the proxy 127\.0\.0\.1"):
        geonb.open_photo(f"{HIDDEN}/photo")


def test_another_kind_of_proxy_is_named(monkeypatch):
    monkeypatch.setenv("all_proxy", "socks5://me:SECRET@127.0.0.1:1080")
    with pytest.raises(PhotoError, match=r"proxy of the kind 'socks5', expected http://") as caught:
        geonb.open_photo(f"{HIDDEN}/photo")
    assert "SECRET" not in str(caught.value)


CERTIFICATE = DATA / "office.cert.pem"
"""One that an office's proxy might have signed; its key, for tests alone, lies beside it."""


@pytest.fixture
def secured():
    """A server that speaks TLS with it."""
    remote = ThreadingHTTPServer(("127.0.0.1", 0), Remote)
    remote.daemon_threads, remote.seen, remote.headers = True, [], []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, DATA / "office.key.pem")
    remote.socket = context.wrap_socket(remote.socket, server_side=True)
    threading.Thread(target=remote.serve_forever, args=[0.05], daemon=True).start()
    yield remote
    remote.shutdown()
    remote.server_close()


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_certificates_of_an_office(secured, variable, monkeypatch):
    """Through the proxy's tunnel, and without one."""
    hidden = f"{HIDDEN.replace('http', 'https')}/photo"
    direct = f"https://127.0.0.1:{secured.server_port}/photo"
    with proxy(secured.server_port) as way:
        for url in (hidden, direct):
            monkeypatch.setenv("https_proxy", way.url if url == hidden else "")
            with pytest.raises(PhotoError, match=r"certificate is not trusted.*SSL_CERT_FILE"):
                geonb.open_photo(url, allow_private=True)
            monkeypatch.setenv(variable, str(CERTIFICATE))
            assert geonb.open_photo(url, allow_private=True).source == PNG
            monkeypatch.delenv(variable)
        assert [method for method, _ in way.seen] == ["CONNECT", "CONNECT"]


def test_certificates_that_are_not_there(monkeypatch, cache, tmp_path):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "gone.pem"))
    with pytest.raises(FetchError, match=r"SSL_CERT_FILE is .*gone\.pem, but there is no such"):
        fetch(record("https://127.0.0.1/"))


def test_who_is_asking_is_told(base, server):
    """Wikimedia and others refuse whoever names no address of the project."""
    urls.fetch(f"{base}/photo", allow_private=True)
    assert "geonb/" in server.headers[0]["User-Agent"]
    assert "(+https://github.com/geonb/geonb)" in server.headers[0]["User-Agent"]


@pytest.mark.parametrize("status", [429, 503])
def test_a_pause_that_the_server_asks_for_is_made(base, status):
    before = time.monotonic()
    assert urls.fetch(f"{base}/busy/{status}", allow_private=True) == PNG
    assert time.monotonic() - before >= 1


def test_a_server_that_is_silent_is_given_up(monkeypatch):
    monkeypatch.setattr(asking, "READ_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent, refused("it took too long"):
        urls.fetch(f"http://127.0.0.1:{silent.getsockname()[1]}/", allow_private=True)
