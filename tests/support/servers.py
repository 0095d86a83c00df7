"""A local server that plays the mirrors, with the faults that mirrors have."""

from __future__ import annotations

import gzip
import itertools
import re
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Mirror:
    """What the server has, how it misbehaves, and what it was asked for."""

    files: dict[str, bytes] = field(default_factory=dict)
    url: str = ""
    status: int = 200
    """Another one is answered to every request."""
    cuts: list[int] = field(default_factory=list)
    """Offsets in the file where the connection is cut, one a request."""
    stalls: list[int] = field(default_factory=list)
    """Offsets in the file where the server falls silent, one a request."""
    ranges: bool = True
    """Whether parts can be asked for."""
    delay: float = 0.0
    """Seconds before the answer."""
    chunk_pause: float = 0.0
    """Seconds after each kilobyte."""
    length: bool = True
    """Whether it says how much comes."""
    gzipped: bool = False
    """Whether it compresses, although nobody asked for that."""
    chunked: bool = False
    """Whether it sends in chunks, which no length belongs to; a cut ends them as if all came."""
    words: str = ""
    """What it says beside another status."""
    pauses: int = 0
    """How many requests it answers by asking for a pause of a second."""
    leads_to: str = ""
    """Another server, to which it sends the client on."""
    head_pause: float = 0.0
    """Seconds after each byte of the answer's head."""
    redirects: bool = False
    """Whether it sends the client on to an address that is signed anew each time, as hubs do."""
    kind: str = "application/octet-stream"
    version: str = '"1"'
    requests: list[tuple[str, str]] = field(default_factory=list)
    """Path and Range header of every request."""
    headers: list[dict[str, str]] = field(default_factory=list)
    """All headers of every request."""

    @property
    def resumed(self) -> int:
        """How many requests asked for the rest of a file."""
        return sum(bool(asked) for _, asked in self.requests)


_SIGNATURES = itertools.count(1)


class _Handler(BaseHTTPRequestHandler):
    mirror: Mirror

    def log_message(self, *_):
        """Tests read `Mirror.requests` instead."""

    def do_GET(self):
        asked = self.headers.get("Range", "")
        self.mirror.requests.append((self.path, asked))
        self.mirror.headers.append(dict(self.headers))
        if self.mirror.pauses:
            self.mirror.pauses -= 1
            self.other(429, Retry_After="1")
            return
        if self.mirror.leads_to:
            self.other(302, Location=self.mirror.leads_to + self.path[1:])
            return
        if self.mirror.head_pause:
            for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1000:
                self.wfile.write(bytes([byte]))
                time.sleep(self.mirror.head_pause)
        time.sleep(self.mirror.delay)
        path, _, signature = self.path.partition("?")
        if self.mirror.redirects and not signature:
            self.send_response(302)
            number = next(_SIGNATURES)
            self.send_header("Location", f"/store/{number}{path}?signature={number}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        data = self.mirror.files.get(re.sub(r"^(/store/\d+)?/", "", path))
        if self.mirror.gzipped and data is not None:
            data = gzip.compress(data)
        if self.mirror.status != 200 or data is None:
            self.other(self.mirror.status if self.mirror.status != 200 else 404)
            return
        start = 0
        same = self.headers.get("If-Range", self.mirror.version) == self.mirror.version
        if asked and self.mirror.ranges and same:
            start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1])
        self.answer(data, start, part=bool(asked and self.mirror.ranges and same))

    def other(self, status, **headers):
        """An answer that is no file."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(self.mirror.words)))
        self.end_headers()
        self.wfile.write(self.mirror.words.encode())

    def answer(self, data, start, *, part):
        if start >= len(data) and part:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(data)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if part else 200)
        self.send_header("Content-Type", self.mirror.kind)
        if self.mirror.length:
            self.send_header("Content-Length", str(len(data) - start))
        if self.mirror.gzipped:
            self.send_header("Content-Encoding", "gzip")
        if self.mirror.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.send_header("ETag", self.mirror.version)
        if part:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        end = self.mirror.cuts.pop(0) if self.mirror.cuts else len(data)
        silent = self.mirror.stalls.pop(0) if self.mirror.stalls else len(data)
        for i in range(start, max(start, end), 1024):
            if i >= silent:
                time.sleep(0.6)
                break
            piece = data[i : min(i + 1024, end)]
            self.wfile.write(
                b"%x\r\n%b\r\n" % (len(piece), piece) if self.mirror.chunked else piece
            )
            if self.mirror.chunk_pause:
                self.wfile.flush()
                time.sleep(self.mirror.chunk_pause)
        self.wfile.write(b"0\r\n\r\n" if self.mirror.chunked else b"")
        self.close_connection = True

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except OSError:  # the client is gone
            self.close_connection = True


@contextmanager
def serve(mirror: Mirror) -> Iterator[Mirror]:
    """Run the server while the block runs; `Mirror.url` is where."""
    handler = type("Handler", (_Handler,), {"mirror": mirror})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    mirror.url = f"http://127.0.0.1:{server.server_port}/"
    try:
        yield mirror
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
