"""A bell of our own: look into the database now and then, whatever the broker does."""

import threading

import structlog
from celery.signals import worker_init, worker_shutdown

from workers.state import rest
from workers.tasks import drain, enrich

EVERY_S = 5.0
JOIN_S = 25.0  # a request in flight ends before that, and is written down

log = structlog.get_logger(__name__)


def poll(every_s: float = EVERY_S) -> None:
    """Do what lost wake-ups asked for, again and again until the worker stops.

    With the broker down this is the pace of deliveries. A fault is logged, and the
    next look comes anyway.
    """
    while True:
        for work in (drain, enrich):
            try:
                work()
            except Exception as fault:
                log.exception("look at the queue failed", fault=type(fault).__name__)
        if rest(every_s):
            return


_thread = threading.Thread(target=poll, name="poll", daemon=True)


@worker_init.connect
def _start(**_: object) -> None:
    """Look from the first moment on, also before the broker answers."""
    _thread.start()


@worker_shutdown.connect
def _end(**_: object) -> None:
    """Let the batch in hand be written down before the process ends."""
    _thread.join(JOIN_S)
