"""How many requests work at the same time, and how long the others wait for a turn."""

from threading import BoundedSemaphore
from typing import Final

WAIT_S: Final = 1.0  # with the writer's four: a shop hangs up after five


class Crowded(Exception):
    """So many wait already that this one is told to come again: nothing is stored."""


class Turns:
    """Entered for the work on one request. Raises: Crowded after a second."""

    def __init__(self, n_at_once: int) -> None:
        """Let so many work at the same time."""
        self._free = BoundedSemaphore(n_at_once)

    def __enter__(self) -> None:
        """Take a turn."""
        if not self._free.acquire(timeout=WAIT_S):
            raise Crowded

    def __exit__(self, *_: object) -> None:
        """Give the turn back."""
        self._free.release()
