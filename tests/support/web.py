"""A local server that plays the web: what it answers goes by the path."""

import gzip
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest

from geonb.errors import PhotoError
from support.pictures import encoded, picture

PNG = encoded(picture(), "PNG")


@contextmanager
def refused(words):
    """The block is refused with these words, in one line."""
    with pytest.raises(PhotoError, match=words) as caught:
        yield caught
    assert len(str(caught.value).splitlines()) == 1


class Remote(BaseHTTPRequestHandler):
    """Answers by path: what a test wants of the web."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.seen.append((self.path, self.headers["Host"]))
        self.server.headers.append(dict(self.headers))
        getattr(self, self.path.strip("/").split("/")[0].split("?")[0])()

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in {"Content-Length": len(body), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)

    def photo(self):
        self.answer(200, PNG, Content_Type="image/png")

    def astext(self):
        self.answer(200, PNG, Content_Type="text/plain")

    def oddkind(self):
        self.answer(200, b"no picture", Content_Type="text/" + "x" * 60_000)

    def nokind(self):
        self.answer(200, PNG)

    def zipped(self):
        self.answer(200, gzip.compress(PNG), Content_Type="image/png", Content_Encoding="gzip")

    def bomb(self):
        """Zeros, packed twice, however they say they are packed."""
        body = gzip.compress(gzip.compress(bytes(10_000_000)))
        packing = unquote(self.path.partition("?")[2])
        self.answer(200, body, Content_Type="image/png", Content_Encoding=packing)

    def missing(self):
        self.answer(404)

    def login(self):
        self.answer(200, b"<html>Log in</html>", Content_Type="text/html; charset=utf-8")

    def forbidden(self):
        self.answer(403)

    def rules(self):
        said = b"Please set a user-agent and respect our robot policy; you sent token=s3cr3t-value."
        self.answer(403, said, Content_Type="text/plain")

    def signin(self):
        self.answer(
            401, b"<html><head><title>x</title></head><p>Sign  in</p>", Content_Type="text/html"
        )

    def wordy(self):
        self.send_response(500, "x" * 60_000)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def busy(self):
        """It wants a pause of a second, the first time."""
        if sum(path.startswith("/busy") for path, _ in self.server.seen) == 1:
            self.answer(int(self.path.rsplit("/", 1)[1]), Retry_After=1)
        else:
            self.photo()

    def overrun(self):
        self.answer(503, b"Back on Monday", Content_Type="text/plain", Retry_After=7200)

    def hops(self):
        left = int(self.path.rsplit("/", 1)[1])
        target = f"/hops/{left - 1}" if left else "/photo"
        self.answer(302, Location=target)

    def away(self):
        self.answer(302, Location="ftp://127.0.0.1/photo")

    def inward(self):
        self.answer(302, Location=f"http://inside.test:{self.server.server_port}/photo")

    def large(self):
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        try:
            while True:
                self.wfile.write(b"\0" * 65536)
        except OSError:
            pass

    def short(self):
        self.answer(200, PNG[:40], Content_Length=len(PNG))
        self.close_connection = True

    def dripping(self):
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        self._drip(b"x")

    def drippinghead(self):
        self._drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 10_000)

    def _drip(self, data):
        try:
            for i in range(10_000):
                self.wfile.write(data[i % len(data) : i % len(data) + 1])
                self.wfile.flush()
                time.sleep(0.02)
        except OSError:
            pass

    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def web_server():
    """One server for all tests."""
    remote = ThreadingHTTPServer(("127.0.0.1", 0), Remote)
    remote.daemon_threads, remote.seen, remote.headers = True, [], []
    threading.Thread(target=remote.serve_forever, args=[0.05], daemon=True).start()
    yield remote
    remote.shutdown()
    remote.server_close()


@pytest.fixture
def server(web_server):
    """A server that has seen nothing yet."""
    web_server.seen.clear()
    web_server.headers.clear()
    return web_server


@pytest.fixture
def base(server):
    """Its address."""
    return f"http://127.0.0.1:{server.server_port}"
