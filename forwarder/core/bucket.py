"""At most so many calls a minute to one account, from all threads together."""

from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import Final

WINDOW_S: Final = 60.0
BURST_S: Final = 1.0  # what may go out at once: one second's worth


class Bucket:
    """Gives out calls one by one. Safe to use from several threads.

    No window of 60 s ever holds more than `per_minute`: what may burst is taken off
    the steady rate. Units: seconds of `clock`; `burst_s` is how many seconds' worth of
    calls may go out at once.
    """

    def __init__(
        self,
        per_minute: int,
        clock: Callable[[], float] = monotonic,
        burst_s: float = BURST_S,
    ) -> None:
        """Start full. Limits: `per_minute` >= 1."""
        self._burst = max(1.0, per_minute * burst_s / WINDOW_S)
        self._per_s = max(per_minute - self._burst, 1.0) / WINDOW_S
        self._clock = clock
        self._lock = Lock()
        self._tokens = self._burst
        self._counted_at = clock()
        self._closed_until = 0.0

    def take(self) -> float:
        """Take one call and return 0.0, or return how long to wait for it."""
        with self._lock:
            now = self._clock()
            if now < self._closed_until:
                return self._closed_until - now
            grown = self._tokens + (now - self._counted_at) * self._per_s
            self._tokens, self._counted_at = min(self._burst, grown), now
            if self._tokens < 1.0:
                return (1.0 - self._tokens) / self._per_s
            self._tokens -= 1.0
            return 0.0

    def close(self, pause_s: float) -> None:
        """Give nothing out for that long: the platform asked for it."""
        with self._lock:
            until = self._clock() + pause_s
            self._closed_until = max(self._closed_until, until)
