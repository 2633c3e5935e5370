import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import cast

import pytest
import sqlalchemy as sa

from forwarder.store import writer as module
from forwarder.store.writer import StoreDown, Writer

CONNECTION = cast("sa.Connection", object())


class Database:
    """Counts transactions; `lock` holds them up, `fault` fails them at the start."""

    def __init__(self) -> None:
        self.n_begun = 0
        self.n_committed = 0
        self.fault: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        self.n_begun += 1
        self.gate.wait()
        if self.fault is not None:
            raise self.fault
        yield CONNECTION
        self.n_committed += 1


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def writer(database: Database) -> Iterator[Writer[int]]:
    made = Writer[int](database.transaction)
    yield made
    database.gate.set()
    made.stop()


def gathered(writer: Writer[int], database: Database, works: list[int]) -> list[object]:
    """Hand in works of several threads while a transaction runs; return what came."""
    database.gate.clear()
    results: list[object] = [None] * len(works)
    threads = []

    def submit(place: int, work: int) -> None:
        def run(_: sa.Connection) -> int:
            if work < 0:
                raise ValueError("a bad row")
            return work

        try:
            results[place] = writer.submit(run)
        except StoreDown as down:
            results[place] = down

    for place, work in enumerate(works):
        threads.append(threading.Thread(target=submit, args=(place, work)))
        threads[-1].start()
        if place == 0:
            while not database.n_begun:  # the first is in its transaction
                threading.Event().wait(0.001)
    while writer._queue.qsize() < len(works) - 1:  # noqa: SLF001
        threading.Event().wait(0.001)
    database.gate.set()
    for thread in threads:
        thread.join()
    return results


def test_what_gathers_shares_one_commit(
    writer: Writer[int], database: Database
) -> None:
    assert [0, 1, 2, 3, 4] == gathered(writer, database, [0, 1, 2, 3, 4])
    assert 2 == database.n_committed


def test_a_bad_row_fails_alone(writer: Writer[int], database: Database) -> None:
    results = gathered(writer, database, [0, 1, -1, 3])

    assert [0, 1, 3] == [results[0], results[1], results[3]]
    assert isinstance(results[2], StoreDown)
    assert isinstance(results[2].__cause__, ValueError)


def test_a_lock_that_nobody_gives_is_waited_for_once(
    writer: Writer[int], database: Database
) -> None:
    database.fault = OSError("locked")

    results = gathered(writer, database, [0, 1, 2, 3])

    assert [True] * 4 == [isinstance(result, StoreDown) for result in results]
    assert 2 == database.n_begun
    database.fault = None
    assert 5 == writer.submit(lambda _: 5)


def test_who_waits_too_long_is_told(
    writer: Writer[int], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAIT_S", 0.05)
    database.gate.clear()

    with pytest.raises(StoreDown):
        writer.submit(lambda _: 1)


@pytest.mark.parametrize("is_locked", [True, False])
def test_while_nothing_is_written_the_next_are_told_at_once(
    writer: Writer[int],
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_locked: bool,
) -> None:
    monkeypatch.setattr(module, "WAIT_S", 4.0 if is_locked else 0.05)
    monkeypatch.setattr(module, "STUCK_WAIT_S", 0.0)
    database.fault = OSError("locked") if is_locked else None
    (database.gate.set if is_locked else database.gate.clear)()
    with pytest.raises(StoreDown):
        writer.submit(lambda _: 1)
    monkeypatch.setattr(module, "WAIT_S", 4.0)
    database.gate.clear()
    started_s = monotonic()
    with pytest.raises(StoreDown):
        writer.submit(lambda _: 2)
    waited_s = monotonic() - started_s
    database.fault = None
    database.gate.set()
    monkeypatch.setattr(module, "STUCK_WAIT_S", 4.0)

    assert waited_s < 2
    assert 3 == writer.submit(lambda _: 3)


def test_what_nobody_waits_for_is_not_begun(
    writer: Writer[int], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAIT_S", 0.05)
    monkeypatch.setattr(module, "STUCK_WAIT_S", 0.05)
    begun: list[int] = []
    database.gate.clear()
    for number in (1, 2):
        with pytest.raises(StoreDown):
            writer.submit(lambda _, number=number: begun.append(number) or 0)  # type: ignore[misc]
    database.gate.set()
    monkeypatch.setattr(module, "STUCK_WAIT_S", 4.0)

    assert 3 == writer.submit(lambda _: 3)
    assert [1] == begun  # the first stood before the database already


def test_a_full_queue_is_told(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAIT_S", 0.05)
    monkeypatch.setattr(module, "QUEUE_MAX", 1)
    writer = Writer[int](database.transaction)
    database.gate.clear()
    for _ in range(3):
        with pytest.raises(StoreDown):
            writer.submit(lambda _: 1)
    database.gate.set()
    writer.stop()


def test_it_lives_until_it_is_stopped(database: Database) -> None:
    writer = Writer[int](database.transaction)
    assert writer.is_alive
    writer.stop()
    writer = Writer[int](database.transaction)
    assert 1 == writer.submit(lambda _: 1)

    assert writer.is_alive
    writer.stop()
    assert not writer.is_alive


def test_the_first_two_share_one_thread(
    writer: Writer[int], database: Database
) -> None:
    before = {thread for thread in threading.enumerate() if thread.name == "writer"}
    assert [0, 1] == gathered(writer, database, [0, 1])
    writer._start()  # noqa: SLF001  as the loser of a race would
    after = {thread for thread in threading.enumerate() if thread.name == "writer"}
    assert 1 == len(after - before)
