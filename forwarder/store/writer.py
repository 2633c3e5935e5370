"""One thread that writes for many, with one commit for all that waits.

There is no timer: while one commit runs, the next batch gathers by itself.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as WaitedTooLong
from contextlib import AbstractContextManager, suppress
from queue import Empty, Full, Queue
from typing import Generic, TypeVar

import sqlalchemy as sa
import structlog

from forwarder.core.tally import SHORT_S, tally

QUEUE_MAX = 2_000  # pieces of work; about 20 MB of orders
BATCH_MAX = 500
WAIT_S = 4.0  # Shopify hangs up after five
STUCK_WAIT_S = 1.0  # while nothing is written: the next wait for a thread already
STOP_S = 10.0

Result = TypeVar("Result")
Work = Callable[[sa.Connection], Result]
Piece = tuple[Work[Result], Future[Result]]
log = structlog.get_logger(__name__)


class StoreDown(Exception):
    """The database is gone, locked or full: answer 503, nothing is stored."""


class StoreUnfit(StoreDown):
    """The database is there and can not be used: the text says why, and what to do."""


class Writer(Generic[Result]):
    """Runs pieces of work in the order they come, each inside a shared transaction."""

    def __init__(
        self, transaction: Callable[[], AbstractContextManager[sa.Connection]]
    ) -> None:
        """Take what opens a transaction; the thread starts with the first work.

        One made before a server forks would not exist in its children.
        """
        self._transaction = transaction
        self._queue: Queue[Piece[Result] | None] = Queue(QUEUE_MAX)  # None: the end
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_stuck = False  # nothing was written since somebody waited in vain

    @property
    def is_alive(self) -> bool:
        """Say whether the thread runs, or has not been needed yet."""
        return self._thread is None or self._thread.is_alive()

    def submit(self, work: Work[Result]) -> Result:
        """Return the result of `work` once it is committed. Raises: StoreDown.

        What nobody waits for any longer is not begun: its sender comes again.
        """
        if self._thread is None:
            self._start()
        future: Future[Result] = Future()
        wait_s = STUCK_WAIT_S if self._is_stuck else WAIT_S
        try:
            self._queue.put((work, future), timeout=wait_s / 2)
            return future.result(timeout=wait_s)
        except (Full, WaitedTooLong) as error:
            self._is_stuck = True
            future.cancel()
            raise StoreDown("the writer did not come to it in time") from error

    def stop(self) -> None:
        """Write what waits, then end the thread."""
        self._stopping.set()
        if self._thread is not None:
            with suppress(Full):  # then it need not be woken either
                self._queue.put_nowait(None)
            self._thread.join(timeout=STOP_S)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="writer", daemon=True)
                thread.start()
                self._thread = thread

    def _run(self) -> None:
        while not (self._stopping.is_set() and self._queue.empty()):
            batch = self._take()
            awaited = [one for one in batch if one[1].set_running_or_notify_cancel()]
            if awaited:
                self._write(awaited)

    def _take(self) -> list[Piece[Result]]:
        batch = [self._queue.get()]
        with suppress(Empty):
            while len(batch) < BATCH_MAX:
                batch.append(self._queue.get_nowait())
        return [one for one in batch if one is not None]

    def _write(self, batch: list[Piece[Result]]) -> None:
        has_begun = False
        started_s = time.perf_counter()
        try:
            with self._transaction() as connection:
                has_begun = True
                results = [work(connection) for work, _ in batch]
        except Exception as error:  # noqa: BLE001  handed to whoever waits for it
            self._is_stuck = not has_begun
            # A lock that nobody gives would be waited for again, once per piece.
            if has_begun and len(batch) > 1:
                self._write_each(batch)
            else:
                self._give_up(batch, error)
            return
        self._is_stuck = False
        took_s = time.perf_counter() - started_s
        tally.observe("forwarder_db_commit_seconds", (), took_s, SHORT_S)
        for (_, future), result in zip(batch, results, strict=True):
            future.set_result(result)

    def _write_each(self, batch: list[Piece[Result]]) -> None:
        """Give each its own transaction: one bad row must not fail its neighbours."""
        for one in batch:
            self._write([one])

    def _give_up(self, batch: list[Piece[Result]], cause: Exception) -> None:
        tally.add("forwarder_db_busy_total", ())
        log.error(
            "write refused by the database", error=type(cause).__name__, n=len(batch)
        )
        for _, future in batch:
            down = StoreDown("the database did not take the write")
            down.__cause__ = cause
            future.set_exception(down)
