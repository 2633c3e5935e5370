import http.client
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import get_ident
from typing import Any

import pytest

from forwarder.samples import TEST_SECRETS, fresh
from forwarder.web import bodies, slow
from forwarder.web.bodies import TooSlow, Waiting, read_body
from forwarder.web.slow import Rank, Silence, Suspects
from tests.servers import skip_or_fail
from tests.web.served import serving

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture(scope="module", autouse=True)
def _linux() -> None:
    if sys.platform != "linux":
        skip_or_fail("only Linux tells how long a connection is silent")


@pytest.mark.parametrize(
    ("silence", "rank"),
    [
        (Silence(9.0, 9.0, 0), Rank.ASKING),  # never answered anything
        (Silence(9.0, 0.2, 500), Rank.ASKING),
        (Silence(9.0, 9.0, 500), Rank.UNSURE),
        (Silence(0.2, 9.0, 500), Rank.ANSWERED),
    ],
)
def test_a_connection_is_suspect_by_what_happened_last(
    silence: Silence, rank: Rank
) -> None:
    assert rank is silence.rank


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow, "GRACE_S", 0.05)
    monkeypatch.setattr(slow, "TICK_S", 0.05)
    monkeypatch.setattr(slow, "DEADLINE_S", 0.3)


class Place:
    """A port with connections: a dripping, an idle and one that is answered."""

    def __init__(self, stack: ExitStack) -> None:
        self.listener = stack.enter_context(socket.socket())
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.stack = stack
        self.port = str(self.listener.getsockname()[1])

    def pair(self) -> Pair:
        """A client and our end of its connection."""
        address = self.listener.getsockname()
        client = self.stack.enter_context(socket.create_connection(address))
        ours = self.stack.enter_context(self.listener.accept()[0])
        client.settimeout(5)
        return client, ours

    def reader(self) -> Waiting:
        return Waiting(time.monotonic(), "127.0.0.1", self.port)


@pytest.fixture
def place() -> Iterator[Place]:
    with ExitStack() as stack:
        yield Place(stack)


def watch_for(readers: list[Waiting], seconds: float) -> int:
    suspects, until_s = Suspects(), time.monotonic() + seconds
    n_ended = 0
    while time.monotonic() < until_s:
        n_ended += suspects.look(readers, time.monotonic())
        time.sleep(0.05)
    return n_ended


@pytest.mark.usefixtures("quick")
def test_the_connection_behind_an_overdue_reader_is_told_408_and_ended(
    place: Place,
) -> None:
    idle, ours_idle = place.pair()
    idle.sendall(b"GET / HTTP/1.1\r\n\r\n")
    ours_idle.recv(100)
    time.sleep(0.05)
    ours_idle.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    idle.recv(100)
    dripping, ours = place.pair()
    dripping.sendall(b"POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\n")
    reader = place.reader()
    n_ended = watch_for([reader], 0.6)

    assert 1 == n_ended
    assert reader.is_overdue
    assert dripping.recv(300).startswith(b"HTTP/1.1 408 ")
    ours.recv(100)
    assert b"" == ours.recv(100)
    idle.sendall(b"still here")
    assert b"still here" == ours_idle.recv(100)


@pytest.mark.usefixtures("quick")
def test_a_reader_within_its_time_is_left_alone(place: Place) -> None:
    client, _ = place.pair()
    client.sendall(b"POST / HTTP/1.1\r\n")
    reader = place.reader()

    assert 0 == watch_for([reader], 0.15)
    assert not reader.is_overdue
    assert 0 == watch_for([], 0.1)


@pytest.mark.usefixtures("quick")
def test_connections_of_other_addresses_and_ports_are_left_alone(place: Place) -> None:
    client, _ = place.pair()
    client.sendall(b"POST / HTTP/1.1\r\n")
    elsewhere = Waiting(time.monotonic(), "127.0.0.1", "1")
    somebody = Waiting(time.monotonic(), "192.0.2.1", place.port)

    assert 0 == watch_for([elsewhere, somebody], 0.6)
    client.setblocking(False)  # noqa: FBT003
    with pytest.raises(BlockingIOError):
        client.recv(1)


@pytest.mark.usefixtures("quick")
def test_where_many_wait_nobody_waits_long(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow, "DEADLINE_S", 60.0)
    monkeypatch.setattr(slow, "CROWDED_S", 0.2)
    monkeypatch.setattr(slow, "READERS_MAX", 4)
    for _ in range(3):
        place.pair()[0].sendall(b"POST / HTTP/1.1\r\n")

    assert 2 <= watch_for([place.reader() for _ in range(3)], 0.6)


class Overdue:
    """A body whose reader is called overdue while it waits."""

    def read(self, n_bytes: int) -> bytes:
        bodies.waiting[get_ident()].is_overdue = True
        return b"x" * n_bytes


def test_a_body_that_came_too_late_does_not_count() -> None:
    environ: dict[str, Any] = {
        "CONTENT_LENGTH": "5",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.input": Overdue(),
    }
    with pytest.raises(TooSlow):
        read_body(environ)
    assert {} == bodies.waiting


@pytest.mark.slow
def test_senders_that_drip_hold_nobody_up_and_are_cut_off(tmp_path: Path) -> None:
    """Two threads work; forty senders drip or say nothing; orders come in meanwhile."""
    now = datetime.now(UTC)  # noqa: TID251  signed now
    with ExitStack() as stack:
        web = stack.enter_context(serving(tmp_path, "web_threads = 2"))
        drips = [
            stack.enter_context(socket.create_connection(("127.0.0.1", web.port)))
            for _ in range(40)
        ]
        for number, one in enumerate(drips):
            path = (b"/hooks/my-shop", b"/console/login", b"/api/v1/events")[number % 3]
            head = b"POST %b HTTP/1.1\r\nhost: a\r\ncontent-length: 5000\r\n\r\n" % path
            one.sendall(head)
        longest_s = 0.0
        started_s = time.monotonic()
        serial = 300_000
        while time.monotonic() < started_s + slow.DEADLINE_S + 2:
            for one in drips[::2]:
                with suppress(OSError):
                    one.send(b"x")
            serial += 1
            order = fresh(
                "shopify", "orders-paid", TEST_SECRETS["shopify"], now, serial
            )
            asked_s = time.monotonic()
            connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=20)
            connection.request(
                "POST", "/hooks/my-shop", order.body, dict(order.headers)
            )
            assert 200 == connection.getresponse().status
            connection.close()
            longest_s = max(longest_s, time.monotonic() - asked_s)
            time.sleep(0.1)
        answers = [told(one) for one in drips]

    assert longest_s < slow.DEADLINE_S / 2
    assert {b"HTTP/1.1 408"} == set(answers)


def told(connection: socket.socket) -> bytes:
    connection.settimeout(5)
    with suppress(OSError):
        return connection.recv(12)
    return b"hung up"
