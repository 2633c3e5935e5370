"""Write what browsers tell in batches, behind webhooks and never before them.

An answer to a browser promises nothing, so nobody waits for the disk: events stand
in a bounded queue for half a second at most. A process that is killed loses them.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence

import structlog

from forwarder.core.mirror import MirrorEvent
from forwarder.store.writer import StoreDown

WAITING_MAX = 5_000  # events; about 3 MB
BATCH_MAX = 200  # one commit that a webhook may have to wait for takes about 5 ms
EVERY_S = 0.5
LATER_S = 2.0  # after the database did not answer
STOP_S = 5.0

log = structlog.get_logger(__name__)


class MirrorQueue:
    """Collects events and hands them on in batches. Safe to use from many threads."""

    def __init__(
        self,
        write: Callable[[Sequence[MirrorEvent]], None],
        *,
        every_s: float = EVERY_S,
        later_s: float = LATER_S,
    ) -> None:
        """Take what writes a batch; the thread starts with the first event."""
        self._write = write
        self._every_s = every_s
        self._later_s = later_s
        self._waiting: deque[MirrorEvent] = deque()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def put(self, event: MirrorEvent) -> bool:
        """Take an event in and return at once; False when there is no room left."""
        with self._lock:
            if len(self._waiting) >= WAITING_MAX:
                return False
            self._waiting.append(event)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="mirror", daemon=True
                )
                self._thread.start()
        return True

    def stop(self) -> None:
        """Write what waits, then end the thread."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=STOP_S)

    def _run(self) -> None:
        pause_s = self._every_s
        while not self._stopping.wait(pause_s):
            pause_s = self._every_s if self._write_all() else self._later_s
        self._write_all()

    def _write_all(self) -> bool:
        """Write batch after batch; False when the database did not take one."""
        while batch := self._next():
            try:
                self._write(batch)
            except StoreDown:
                self._give_back(batch)
                return False
            except Exception as fault:  # a batch that can never be written
                name = type(fault).__name__
                log.exception("mirror events lost", n=len(batch), fault=name)
        return True

    def _next(self) -> list[MirrorEvent]:
        with self._lock:
            n = min(BATCH_MAX, len(self._waiting))
            return [self._waiting.popleft() for _ in range(n)]

    def _give_back(self, batch: Sequence[MirrorEvent]) -> None:
        with self._lock:
            self._waiting.extendleft(reversed(batch))
