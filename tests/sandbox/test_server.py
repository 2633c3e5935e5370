"""Faults that need a real connection, and the server itself."""

import json
import re
import socket
from collections.abc import Callable
from threading import Event, Thread
from time import monotonic, time_ns
from typing import Any
from urllib.request import Request, urlopen

import pytest

from forwarder.sandbox import SandboxServer
from tests.sandbox.samples import BEARER, EVENTS_URL, a_batch, an_event

Serve = Callable[..., SandboxServer]


def _ask(
    server: SandboxServer, path: str, body: object = None, method: str = ""
) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = Request(
        f"http://127.0.0.1:{server.port}{path}", data=data, headers=BEARER
    )
    request.method = method or ("GET" if data is None else "POST")
    with urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback only
        return json.load(answer)


def _order(server: SandboxServer, **fault: object) -> None:
    _ask(server, "/_sandbox/faults", [fault])


def _counts(server: SandboxServer) -> dict[str, Any]:
    return _ask(server, "/_sandbox/ledger?events=0")


def _raw_call(server: SandboxServer, timeout_s: float = 10) -> socket.socket:
    event = an_event(event_time=time_ns() // 1_000_000_000)
    body = json.dumps(a_batch(event)).encode()
    head = (
        f"POST {EVENTS_URL} HTTP/1.1\r\nHost: sandbox\r\nAuthorization: Bearer t\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection = socket.create_connection(("127.0.0.1", server.port), timeout_s)
    connection.sendall(head.encode() + body)
    return connection


def _read_all(connection: socket.socket) -> bytes:
    got = b""
    while chunk := connection.recv(65_536):
        got += chunk
    return got


def _read_until_reset(connection: socket.socket) -> tuple[bytes, bool]:
    got = b""
    try:
        while chunk := connection.recv(65_536):
            got += chunk
    except ConnectionResetError:
        return got, True
    return got, False


def test_the_server_answers_real_calls(serve: Serve) -> None:
    with _raw_call(serve()) as connection:
        answer = _read_all(connection)

    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b'"num_events_processed":1' in answer


@pytest.mark.parametrize(("when", "n_unique"), [("before", 0), ("after", 1)])
def test_a_dropped_connection_ends_in_a_reset(
    serve: Serve, when: str, n_unique: int
) -> None:
    server = serve()
    _order(server, fault="drop_connection", when=when)
    with _raw_call(server) as connection, pytest.raises(ConnectionResetError):
        _read_all(connection)

    assert _counts(server)["unique"] == n_unique


def test_a_connection_may_break_inside_the_answer(serve: Serve) -> None:
    server = serve()
    _order(server, fault="drop_connection", when="mid_body")
    with _raw_call(server) as connection:
        got, is_reset = _read_until_reset(connection)
    head, _, body = got.partition(b"\r\n\r\n")
    length = re.search(rb"Content-Length: (\d+)", head)

    assert is_reset
    assert length is not None
    assert 0 < len(body) < int(length[1])
    assert _counts(server)["unique"] == 1


@pytest.mark.parametrize(
    ("kind", "n_unique"), [("hang_before_accept", 0), ("hang_after_accept", 1)]
)
def test_a_call_may_hang_before_or_after_acceptance(
    serve: Serve, kind: str, n_unique: int
) -> None:
    server = serve()
    _order(server, fault=kind, seconds=30)
    with _raw_call(server, timeout_s=0.3) as connection, pytest.raises(TimeoutError):
        _read_all(connection)

    assert _counts(server)["unique"] == n_unique


def test_clearing_the_faults_lets_go_of_hanging_calls(serve: Serve) -> None:
    server = serve()
    _order(server, fault="hang_after_accept", seconds=60)
    done = Event()
    answers: list[bytes] = []

    def call() -> None:
        with _raw_call(server) as connection:
            answers.append(_read_all(connection))
        done.set()

    Thread(target=call).start()
    while _counts(server)["requests"] == 0:
        pass
    _ask(server, "/_sandbox/faults", method="DELETE")

    assert done.wait(5)
    assert answers[0].startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("drip", [False, True])
def test_an_answer_may_be_slow_or_drip(serve: Serve, *, drip: bool) -> None:
    server = serve()
    _order(server, fault="slow", seconds=1.0, drip=drip)
    started = monotonic()
    with _raw_call(server) as connection:
        first_byte = connection.recv(1)
        first_after_s = monotonic() - started
        answer = first_byte + _read_all(connection)

    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b"Content-Length" in answer
    assert monotonic() - started >= 1.0
    assert drip == (first_after_s < 1.0)


def test_a_body_that_is_too_large_still_gets_its_answer(serve: Serve) -> None:
    server = serve(max_body_bytes=1_000)
    body = b"x" * 3_000_000
    head = f"POST {EVENTS_URL} HTTP/1.1\r\nHost: s\r\nAuthorization: Bearer t\r\n"
    head += f"Content-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        connection.sendall(head.encode() + body)
        answer = _read_all(connection)

    assert b" 413 " in answer.split(b"\r\n")[0]


def test_the_server_prints_no_request(
    serve: Serve, capfd: pytest.CaptureFixture[str]
) -> None:
    server = serve()
    _order(server, fault="drop_connection", when="mid_body")
    with _raw_call(server) as connection, pytest.raises(ConnectionResetError):
        _read_all(connection)
    _counts(server)
    printed = capfd.readouterr()

    assert (printed.out, printed.err) == ("", "")
