"""Named places where a test may make a process die, stand still or wait.

Without the environment variable at start, `reach` is a function that does nothing. With
it, each place looks for a file of its own name in that folder: the file says what
happens there, once, to the first process that takes it. So a test can order a crash
while everything runs, and sees by the file's new name that it has come. A file called
`clock` there says by how many seconds the clock is wrong.
"""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

FOLDER: Final = "FORWARDER_FAIL_POINTS"
TAKEN: Final = ".taken"
CLOCK: Final = "clock"
_SIGNALS: Final = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


def _nothing(place: str) -> None:
    """Pass every place."""
    del place


def _right() -> datetime:
    """Return the time of this machine."""
    return datetime.now(UTC)  # noqa: TID251  the doors take their clock from here


class _Orders:
    """Looks for an order at each place and carries it out."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._passed: Counter[str] = Counter()

    def __call__(self, place: str) -> None:
        order = self._folder / place
        try:
            action, nth = order.read_text(encoding="ascii").split()
        except FileNotFoundError:
            return
        self._passed[place] += 1
        if self._passed[place] < int(nth):
            return
        with suppress(FileNotFoundError):  # another process took it first
            order.rename(order.with_name(place + TAKEN))
            _do(action)

    def now(self) -> datetime:
        """Return the time of a machine whose clock is wrong."""
        try:
            ahead_s = float((self._folder / CLOCK).read_text(encoding="ascii"))
        except FileNotFoundError:
            return _right()
        return _right() + timedelta(seconds=ahead_s)


def _do(action: str) -> None:
    if action in _SIGNALS:
        os.kill(os.getpid(), _SIGNALS[action])
    else:
        time.sleep(float(action))


def _chosen() -> tuple[Callable[[str], None], Callable[[], datetime]]:
    folder = os.environ.get(FOLDER)
    if folder is None:
        return _nothing, _right
    orders = _Orders(Path(folder))
    return orders, orders.now


reach, now = _chosen()
