"""A local proxy that forwards requests and opens tunnels, and knows names that nobody else does."""

from __future__ import annotations

import base64
import select
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Proxy:
    """Where it leads all requests, whose login it wants, and what it was asked for."""

    leads_to: int
    """The port on this machine that it takes for every server."""
    login: str = ""
    """USER:PASSWORD."""
    url: str = ""
    seen: list[tuple[str, str]] = field(default_factory=list)
    """Method and target of every request."""


class _Handler(BaseHTTPRequestHandler):
    proxy: Proxy

    def log_message(self, *_):
        """Tests read `Proxy.seen` instead."""

    def refused(self):
        self.proxy.seen.append((self.command, self.path))
        wanted = "Basic " + base64.b64encode(self.proxy.login.encode()).decode()
        if self.proxy.login and self.headers.get("Proxy-Authorization") != wanted:
            self.send_response(407)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return True
        return False

    def do_GET(self):
        if self.refused():
            return
        path = "/" + self.path.split("/", 3)[3]
        lines = [f"GET {path} HTTP/1.0"]
        lines += [f"{k}: {v}" for k, v in self.headers.items() if not k.startswith("Proxy-")]
        with socket.create_connection(("127.0.0.1", self.proxy.leads_to)) as server:
            server.sendall(("\r\n".join(lines) + "\r\nConnection: close\r\n\r\n").encode())
            while data := server.recv(65536):
                self.wfile.write(data)
        self.close_connection = True

    def do_CONNECT(self):
        if self.refused():
            return
        self.send_response(200)
        self.end_headers()
        with socket.create_connection(("127.0.0.1", self.proxy.leads_to)) as server:
            ends = {self.connection: server, server: self.connection}
            while True:
                ready, _, _ = select.select(list(ends), [], [], 5)
                parts = [(end, end.recv(65536)) for end in ready]
                if not all(data for _, data in parts) or not parts:
                    break
                for end, data in parts:
                    ends[end].sendall(data)
        self.close_connection = True


@contextmanager
def proxy(leads_to: int, login: str = "") -> Iterator[Proxy]:
    """Run a proxy while the block runs."""
    state = Proxy(leads_to, login)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("H", (_Handler,), {"proxy": state}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
