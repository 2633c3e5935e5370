"""A tiny platform on loopback: answers as it is told and keeps what it was sent."""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request as it came in."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def events(self) -> list[dict[str, Any]]:
        return cast("list[dict[str, Any]]", json.loads(self.body)["data"])


@dataclass(frozen=True, kw_only=True)
class Said:
    """One answer. `fault` is something worse than an answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""


Script = Callable[[Call], Said]


def processed(call: Call) -> Said:
    """Say yes to everything, as Pinterest does."""
    return told([{"status": "processed"} for _ in call.events])


def told(events: list[dict[str, Any]], status: int = 200) -> Said:
    n_good = sum(one["status"] == "processed" for one in events)
    document = {
        "num_events_received": len(events),
        "num_events_processed": n_good,
        "events": events,
    }
    return Said(
        status=status,
        body=json.dumps(document).encode(),
        headers={"x-pinterest-rid": "123-abc"},
    )


class Platform(ThreadingHTTPServer):
    """The server: set `script`, read `calls`."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: Script = processed
        self.calls: list[Call] = []
        self.is_over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v5"

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Say nothing: broken connections are what is tested."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Platform

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay silent."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = Call(path=self.path, headers=headers, body=body)
        self.server.calls.append(call)
        said = self.server.script(call)
        if said.fault:
            self.fail(said)
        else:
            self.answer(said, len(said.body))

    def answer(self, said: Said, n_bytes: int) -> None:
        self.send_response(said.status)
        for name, value in said.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(n_bytes))
        self.end_headers()
        self.wfile.write(said.body)

    def fail(self, said: Said) -> None:
        self.close_connection = True
        if said.fault == "hang":
            self.server.is_over.wait(20)
        elif said.fault == "reset":
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
        elif said.fault == "cut":
            self.answer(said, len(said.body) + 100)
        elif said.fault == "drip":
            self.answer(said, len(said.body) + 10_000)
            while not self.server.is_over.wait(0.02):
                self.wfile.write(b" ")
                self.wfile.flush()


@contextmanager
def running() -> Iterator[Platform]:
    platform = Platform()
    thread = threading.Thread(target=platform.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield platform
    finally:
        platform.is_over.set()
        platform.shutdown()
        thread.join()
        platform.server_close()
