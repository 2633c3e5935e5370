"""A worker that is up and takes nothing is noticed, told of, and started again."""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from time import monotonic

import pytest
import redis
import requests

from forwarder.store import alerts
from tests.e2e.box import Box
from tests.e2e.processes import is_alive, wait_until
from tests.e2e.shops import post_all, webhooks
from tests.servers import RedisServer

pytestmark = pytest.mark.slow

READYZ_WITHIN_S = 36.0  # docs/monitoring.md: 35 at most, and the time to ask
AGAIN_WITHIN_S = 60.0
HEARS_WITHIN_S = 30.0  # the promise; 22 until it is noticed, then a new worker


def rules(box: Box) -> set[str]:
    return {one.rule for one in alerts.list_alerts(box.store)}


def test_serve_starts_a_worker_again_that_stands_still(one_box: Box) -> None:
    one_box.start_all()
    worker = one_box.child("worker")
    os.kill(worker.pid, signal.SIGSTOP)

    told = post_all(one_box, webhooks(7))
    wait_until("another worker", lambda: not is_alive(worker), AGAIN_WITHIN_S)
    one_box.wait_until_drained(AGAIN_WITHIN_S)
    wait_until("it is told", lambda: "worker_restarted" in rules(one_box), 75, 0.5)

    assert [] == told.others
    assert {"delivered": len(told.event_ids)} == one_box.counts()
    assert any("stands still" in line for line in one_box.logged())
    assert "was started again" in one_box.run("doctor").stdout


def test_readyz_says_in_time_that_a_stopped_worker_takes_nothing(
    one_box: Box,
) -> None:
    one_box.upgrade()
    one_box.start_sandbox()
    one_box.start_web()
    worker = one_box.start_worker()
    wait_until("ready", one_box.is_ready, 20)
    os.kill(worker.pid, signal.SIGSTOP)
    at_s = monotonic()
    wait_until("not ready", lambda: not one_box.is_ready(), READYZ_WITHIN_S, 0.5)
    reply = requests.get(f"{one_box.url}/readyz", timeout=5)
    os.kill(worker.pid, signal.SIGCONT)

    assert monotonic() - at_s < READYZ_WITHIN_S
    assert (503, True) == (
        reply.status_code,
        "no worker has been seen" in reply.json()["troubles"][0],
    )
    wait_until("ready again", one_box.is_ready, 20)


class Line:
    """Stands between a worker and its broker; what is cut hears nothing, for good.

    New connections get through: so it is when a router forgot the old ones.
    """

    def __init__(self, port: int) -> None:
        self._broker = ("127.0.0.1", port)
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.port: int = self._server.getsockname()[1]
        self._cut = threading.Event()
        self._start(self._take)

    def _start(self, work: Callable[..., None], *given: object) -> None:
        thread = threading.Thread(target=work, args=given, daemon=True)
        self._threads.append(thread)
        thread.start()

    def cut(self) -> None:
        self._cut.set()
        self._cut = threading.Event()

    def close(self) -> None:
        for one in (self._server, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join()

    def _take(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._server.accept()
                far = socket.create_connection(self._broker)
                self._open += [near, far]
                for pair in ((near, far), (far, near)):
                    self._start(self._pass, *pair, self._cut)

    @staticmethod
    def _pass(here: socket.socket, there: socket.socket, cut: threading.Event) -> None:
        with suppress(OSError):
            while data := here.recv(65_536):
                if not cut.is_set():
                    there.sendall(data)
            there.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def line(redis_server: RedisServer) -> Iterator[Line]:
    made = Line(redis_server.port)
    yield made
    made.close()


def test_a_deaf_worker_hears_again_within_half_a_minute(
    many_boxes: Box, redis_server: RedisServer, line: Line
) -> None:
    many_boxes.broker_url = f"redis://127.0.0.1:{line.port}/0"
    many_boxes.write_settings()
    many_boxes.start_all()
    many_boxes.wait_for(many_boxes.the("worker"), lambda: unread(redis_server) == 0)
    line.cut()
    wait_until("wake-ups lie unread", lambda: unread(redis_server) > 0, 30)
    at_s = monotonic()

    def is_healed() -> bool:
        if many_boxes.the("worker").process.poll() is not None:
            many_boxes.start("worker")  # what a service manager does
        return unread(redis_server) == 0

    told = post_all(many_boxes, webhooks(6))
    wait_until("they are heard", is_healed, HEARS_WITHIN_S, 0.5)
    many_boxes.wait_until_drained()

    assert [] == told.others
    assert monotonic() - at_s < HEARS_WITHIN_S
    assert len(told.event_ids) == many_boxes.ledger()["unique"]
    assert 0 == many_boxes.ledger()["duplicates"]
    assert [] == many_boxes.crashes()


def unread(server: RedisServer) -> int:
    """Return how many wake-ups lie at the broker."""
    with redis.Redis.from_url(server.url) as client:
        return int(client.llen("forwarder:forwarder"))
