"""A proxy for one browser: to addresses that were checked, and to no others.

A browser looks names up by itself. Behind this proxy it cannot: every connection it
makes is made here, to the very address that was found to be public.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import urlsplit

from forwarder import outside

CONNECT_S: Final = 5.0
IDLE_S: Final = 20.0
PIECE_BYTES: Final = 64 * 1024
DROPPED: Final = frozenset({"proxy-connection", "connection", "keep-alive"})


@contextmanager
def guarded_proxy(*, allow_private: bool) -> Iterator[str]:
    """Run until the end of the block; gives the proxy's address."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False
        allows_private = allow_private

        def handle_error(self, *_: object) -> None:
            """Say nothing of a browser that had enough."""

    server = Server(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    timeout = IDLE_S

    def do_CONNECT(self) -> None:
        """Join the browser and the other side, byte for byte."""
        host, _, port = self.path.rpartition(":")
        far = self._far(host.strip("[]"), port)
        if far is not None:
            with far:
                self.send_response_only(200)
                self.end_headers()
                _join(self.connection, far)
        self.close_connection = True

    def do_GET(self) -> None:
        """Pass one plain request on, and its answer back."""
        parts = urlsplit(self.path)
        far = self._far(parts.hostname or "", f"{parts.port or 80}")
        if far is not None:
            with far:
                far.sendall(self._request(parts.path or "/", parts.query))
                _copy(far, self.connection)
        self.close_connection = True

    def do_POST(self) -> None:
        """Likewise, with what the page sends."""
        self.do_GET()

    def do_HEAD(self) -> None:
        """Likewise."""
        self.do_GET()

    def _request(self, path: str, query: str) -> bytes:
        target = f"{path}?{query}" if query else path
        kept = [
            f"{name}: {value}"
            for name, value in self.headers.items()
            if name.lower() not in DROPPED
        ]
        lines = [f"{self.command} {target} HTTP/1.1", *kept, "Connection: close"]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
        length = self.headers.get("Content-Length", "0")
        return head + self.rfile.read(int(length) if length.isdigit() else 0)

    def _far(self, host: str, port: str) -> socket.socket | None:
        """Return a connection to a checked address; answers 403 or 502 without one."""
        try:
            return outside.connection(
                host,
                int(port),
                CONNECT_S,
                allow_private=getattr(self.server, "allows_private", False),
            )
        except outside.Unsafe:
            self.send_error(403)
        except (OSError, ValueError):
            self.send_error(502)
        return None

    def log_message(self, *_: object) -> None:
        """Stay silent: addresses are the operator's own business."""


def _join(near: socket.socket, far: socket.socket) -> None:
    up = threading.Thread(target=_copy, args=(near, far), daemon=True)
    up.start()
    _copy(far, near)
    up.join(timeout=1)


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Pass on what comes until one side ends, then tell the other."""
    source.settimeout(IDLE_S)
    with suppress(OSError):
        while piece := source.recv(PIECE_BYTES):
            target.sendall(piece)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
