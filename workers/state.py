"""What a worker process holds: the wired installation, and who is at work."""

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

from config.settings import load
from forwarder.pipeline.drain import Desk
from forwarder.sources import SOURCES
from forwarder.store.migrate import upgrade
from forwarder.wiring import Wired, wire
from workers.pulse import pulse

_stopping = threading.Event()
_wiring = threading.Lock()


def stop() -> None:
    """Ask running work to end soon."""
    _stopping.set()


def is_stopping() -> bool:
    """Say whether this process is about to end."""
    return _stopping.is_set()


def rest(seconds: float) -> bool:
    """Wait so long, or until this process is about to end; say which it was."""
    return _stopping.wait(seconds)


def wired() -> Wired:
    """Return the installation of this process, wired on first use."""
    with _wiring:  # the first tasks come at once, in several threads
        return _wired()


@cache
def _wired() -> Wired:
    found = wire(load(os.environ, sources=SOURCES), "worker")
    if found.store.is_sqlite:
        upgrade(found.store)
    return found


def noted(desk: Desk) -> Desk:
    """Return the working place with each step of the work noted in our pulse."""

    def clock() -> datetime:
        pulse.work()
        return desk.clock()

    return replace(desk, clock=clock)


class Turns:
    """Lets one thread at a time work on a thing; a call meanwhile adds one more round.

    Otherwise a wake-up that comes between the last look and the end would be lost
    until the beat, and one hung destination would take every thread.
    """

    def __init__(self) -> None:
        """Start with nobody at work."""
        self._lock = threading.Lock()
        self._busy: set[str] = set()
        self._again: set[str] = set()

    def take(self, name: str, work: Callable[[], object]) -> bool:
        """Run `work`, again if asked for meanwhile; False if another is at it."""
        with self._lock:
            if name in self._busy:
                self._again.add(name)
                return False
            self._busy.add(name)
        try:
            work()
            while self._is_asked_again(name):
                work()
        except BaseException:
            self._leave(name)
            raise
        return True

    def _is_asked_again(self, name: str) -> bool:
        """Say whether to go on; leaves in the same breath when not."""
        with self._lock:
            if name in self._again:
                self._again.discard(name)
                return True
            self._busy.discard(name)
            return False

    def _leave(self, name: str) -> None:
        with self._lock:
            self._again.discard(name)
            self._busy.discard(name)


class Every:
    """Says yes once in a while, to one thread only."""

    def __init__(self, period: timedelta) -> None:
        """Say yes at the first call."""
        self._period = period
        self._lock = threading.Lock()
        self._last: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Return True if the last yes is a period ago."""
        with self._lock:
            if self._last is not None and now - self._last < self._period:
                return False
            self._last = now
            return True
