"""The data key is changed while webhooks come in, and nobody notices."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import psutil
import pytest

from forwarder.store.reseal import count_by_key
from forwarder.store.writer import StoreDown
from tests.e2e.box import Box
from tests.e2e.processes import wait_until
from tests.e2e.shops import Told, in_sum, post_all, webhooks

pytestmark = pytest.mark.slow

AT_A_TIME = 15
TRIES = 5
WITHIN_S = 120.0  # on a crowded machine; no time is promised here


@contextmanager
def busy(box: Box) -> Iterator[list[Told]]:
    """Post genuine webhooks all the while."""
    is_over, told = Event(), list[Told]()
    sources = ["shopify", "stripe", "mailerlite"]
    stream = webhooks(1_000_000, sources)

    def post() -> None:
        while not is_over.wait(0.4):
            told.append(
                post_all(box, (next(stream) for _ in range(AT_A_TIME)), threads=2)
            )

    poster = Thread(target=post)
    poster.start()
    try:
        yield told
    finally:
        is_over.set()
        poster.join()


def keys(box: Box) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(
        box.run("keys", "list", "--json").stdout
    )["items"]
    return found


def is_retired(box: Box) -> bool:
    return box.run("keys", "retire", "--yes").returncode == 0


def worker_of(box: Box) -> psutil.Process:
    if box.broker_url:
        return psutil.Process(box.the("worker").pid)
    return box.child("worker")


def suspend_worker(box: Box) -> None:
    """Hold the worker up, but not while it keeps everybody else from writing."""
    worker = worker_of(box)
    for _ in range(TRIES):
        worker.suspend()
        try:
            with box.store.write():
                return
        except StoreDown:
            worker.resume()
    raise AssertionError("the worker writes all the time")


def test_the_key_is_changed_under_load(box: Box) -> None:
    box.start_all()
    with busy(box) as told:
        wait_until("webhooks are in", lambda: len(told) > 1, WITHIN_S)
        old = keys(box)
        suspend_worker(box)  # so that nothing is sealed anew before the early try
        rotated = box.run("keys", "rotate", "--yes", "--json")
        early = box.run("keys", "retire", "--yes")
        dead = box.kill("worker")  # in the middle of it
        box.let_leases_lapse(dead)
        wait_until("the old key is retired", lambda: is_retired(box), WITHIN_S, 1.0)
    box.wait_until_drained(WITHIN_S)
    new = keys(box)
    sum_ = in_sum(told)

    assert 0 == rotated.returncode, rotated.stderr
    assert 1 == early.returncode
    assert [1, 1] == [len(old), len(new)]
    assert json.loads(rotated.stdout)["key"] == new[0]["key"] != old[0]["key"]
    assert {new[0]["key"]: new[0]["n_values"]} == count_by_key(box.store)
    assert [] == sum_.others
    assert {"delivered": len(sum_.event_ids)} == box.counts()
    assert len(sum_.event_ids) == box.ledger()["unique"]
    assert [] == box.crashes()
