"""A bell of our own: look into the database now and then, whatever the broker does."""

import threading
from collections.abc import Callable
from itertools import count

import structlog
from celery.signals import worker_init, worker_shutdown

from workers.pulse import pulse
from workers.state import rest, stop
from workers.tasks import drain, enrich, sweep
from workers.upkeep import upkeep

EVERY_S = 5.0
SWEEP_EVERY = 120  # looks
JOIN_S = 25.0  # a request in flight ends before that, and is written down

log = structlog.get_logger(__name__)


def poll(every_s: float = EVERY_S) -> None:
    """Do what lost wake-ups asked for, again and again until the worker stops.

    With the broker down or without a beat this is the pace of deliveries. A fault is
    logged, and the next look comes anyway.
    """
    for n_looks in count(1):
        _try(drain)
        _try(enrich)
        _try(upkeep)
        if n_looks % SWEEP_EVERY == 0:
            _try(sweep)
        if rest(every_s):
            return


def _try(work: Callable[[], object]) -> None:
    try:
        work()
    except Exception as fault:
        log.exception("look at the database failed", fault=type(fault).__name__)
        pulse.look()  # it failed, but it came back


_thread = threading.Thread(target=poll, name="poll", daemon=True)


def _start(**_: object) -> None:
    """Look from the first moment on, also before the broker answers."""
    _thread.start()


def _end(**_: object) -> None:
    """Let the batch in hand be written down before the process ends.

    It may end by itself: Celery gives up when Redis takes no writes.
    """
    stop()
    _thread.join(JOIN_S)


worker_init.connect(_start)
worker_shutdown.connect(_end)
