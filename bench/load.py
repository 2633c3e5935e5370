"""Put load on a server over keep-alive connections: by wrk, or by processes of ours."""

import json
import selectors
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from bench.measure import quantile
from bench.orders import read_requests

N_CONNECTIONS: Final = 32
N_PROCESSES: Final = 2  # of our own client
SCRIPT: Final = Path(__file__).with_name("wrk.lua")


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a server stood: answered requests, and how long they took."""

    n_answered: int
    per_s: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    n_failed: int


def client_name() -> str:
    return "wrk" if shutil.which("wrk") else "raw sockets in 2 processes"


def put_load(port: int, file: Path, seconds: float) -> Load:
    """Post the requests of a file for so long, from the first again if they run out."""
    if shutil.which("wrk"):
        return _by_wrk(port, file, seconds)
    return _by_sockets(port, file, seconds)


def _by_wrk(port: int, file: Path, seconds: float) -> Load:
    command = ["wrk", "-t1", f"-c{N_CONNECTIONS}", f"-d{round(seconds)}s"]
    command += ["--timeout", "10s", "-s", str(SCRIPT)]
    command += [f"http://127.0.0.1:{port}/", "--", str(file)]
    told = subprocess.run(  # noqa: S603  our own words
        command, check=True, capture_output=True, text=True
    ).stdout
    found = json.loads(told.strip().splitlines()[-1])
    n_answered = found["requests"] - found["failed"]
    return Load(
        n_answered=n_answered,
        per_s=n_answered / found["duration_s"],
        p50_ms=found["p50_ms"],
        p99_ms=found["p99_ms"],
        max_ms=found["max_ms"],
        n_failed=found["failed"],
    )


def _by_sockets(port: int, file: Path, seconds: float) -> Load:
    n_each = N_CONNECTIONS // N_PROCESSES
    with ProcessPoolExecutor(N_PROCESSES, get_context("spawn")) as pool:
        jobs = [
            pool.submit(_client, port, file, part, n_each, seconds)
            for part in range(N_PROCESSES)
        ]
        found = [job.result() for job in jobs]
    times_s = [time_s for part, _ in found for time_s in part]
    n_failed = sum(failed for _, failed in found)
    return Load(
        n_answered=len(times_s),
        per_s=len(times_s) / seconds,
        p50_ms=quantile(times_s, 0.5) * 1000,
        p99_ms=quantile(times_s, 0.99) * 1000,
        max_ms=max(times_s) * 1000,
        n_failed=n_failed,
    )


class _Connection:
    """One keep-alive connection with at most one request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._read = b""
        self._sent_s = 0.0

    def send(self, request: bytes) -> None:
        self._read, self._sent_s = b"", time.perf_counter()
        self.socket.sendall(request)

    def answer(self) -> tuple[float, bool] | None:
        """Return time and success once the answer is whole."""
        piece = self.socket.recv(65_536)
        if not piece:
            raise ConnectionError("the server hung up")
        self._read += piece
        head, blank_line, body = self._read.partition(b"\r\n\r\n")
        if not blank_line or len(body) < _length(head):
            return None
        is_fine = head.startswith(b"HTTP/1.1 2")
        return time.perf_counter() - self._sent_s, is_fine


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ConnectionError("an answer without a length")


def _client(
    port: int, file: Path, part: int, n_connections: int, seconds: float
) -> tuple[Sequence[float], int]:
    """Return the times of the good answers and how many were bad."""
    todo = read_requests(file)[part::N_PROCESSES]
    chosen = selectors.DefaultSelector()
    n_sent, n_failed, times_s = 0, 0, []
    for _ in range(n_connections):
        connection = _Connection(port)
        chosen.register(connection.socket, selectors.EVENT_READ, connection)
        connection.send(todo[n_sent % len(todo)])
        n_sent += 1
    until_s = time.perf_counter() + seconds
    while time.perf_counter() < until_s:
        for key, _ in chosen.select(0.1):
            answer = key.data.answer()
            if answer is None:
                continue
            time_s, is_fine = answer
            if is_fine:
                times_s.append(time_s)
            else:
                n_failed += 1
            key.data.send(todo[n_sent % len(todo)])
            n_sent += 1
    return times_s, n_failed
