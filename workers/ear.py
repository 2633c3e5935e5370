"""Whether the broker still wakes this worker: down is told, deafness is healed.

A connection can be dead without a sign: the worker then waits for wake-ups that lie in
the queue. A fresh connection sees both, and a new process hears again.
"""

from collections.abc import Callable

import structlog
from celery import Celery
from kombu.exceptions import ChannelError

from forwarder.broker import QUEUE
from workers.pulse import Pulse

DEAF_S = 12.0
CONNECT_S = 4.0

log = structlog.get_logger(__name__)


def wake_ups_waiting(celery: Celery) -> int:
    """Return how many lie unread. Raises whatever the broker's client raises."""
    with celery.connection_for_read(connect_timeout=CONNECT_S) as connection:
        connection.ensure_connection(max_retries=1, timeout=CONNECT_S)
        try:
            found = connection.default_channel.queue_declare(QUEUE, passive=True)
        except (ChannelError, *connection.channel_errors):
            return 0  # the queue is gone with everything in it
    return int(found.message_count)


class Ear:
    """Asks the broker now and then, and says what is wrong with it or with us."""

    def __init__(
        self, n_waiting: Callable[[], int], pulse: Pulse, is_busy: Callable[[], bool]
    ) -> None:
        """Take what counts the unread, our pulse, and whether all threads work."""
        self._n_waiting = n_waiting
        self._pulse = pulse
        self._is_busy = is_busy
        self._was_deaf = False
        self.down_since_s: float | None = None

    def listen(self, now_s: float) -> str:
        """Return why this process should end; empty while it hears, or none could."""
        try:
            n_waiting = self._n_waiting()
        except Exception as fault:  # noqa: BLE001  whatever the transport raises
            if self.down_since_s is None:
                log.warning("the broker does not answer", fault=type(fault).__name__)
                self.down_since_s = now_s
            self._was_deaf = False
            return ""
        if self.down_since_s is not None:
            log.warning("the broker answers again", n_waiting=n_waiting)
            self.down_since_s = None
        is_deaf = n_waiting > 0 and not self._is_busy() and self._heard_nothing()
        was_deaf, self._was_deaf = self._was_deaf, is_deaf
        if is_deaf and was_deaf:
            return f"{n_waiting} wake-ups lie at the broker and none was heard"
        return ""

    def down_s(self, now_s: float) -> float:
        """Return for how long the broker has not answered; 0 while it does."""
        return 0.0 if self.down_since_s is None else now_s - self.down_since_s

    def _heard_nothing(self) -> bool:
        return self._pulse.heard_nothing_for_s() > DEAF_S
