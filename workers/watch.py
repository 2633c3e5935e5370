"""The worker's watch: judge every minute, tell whom it concerns, add counters up."""

import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from time import monotonic

import structlog
from celery import shared_task

from forwarder import lookout
from forwarder.alerts.watching import Post, deliver, watch_minute
from forwarder.lookback import look_back
from forwarder.store import duties, tallies, watch
from forwarder.store.writer import StoreDown
from workers.ear import Ear
from workers.pulse import end_process, taken_note
from workers.state import Every, rest, wired

EVERY_S = 5.0
LISTEN_EVERY_S = 5.0
PROBE_EVERY_MIN = 10
log = structlog.get_logger(__name__)
machine = Every(timedelta(minutes=1))


@shared_task(name="beat_seen")
def beat_seen() -> None:
    """Write down that the beat runs."""
    store = wired().store
    watch.note_measure(store, "beat_seen", "", 1, store.now())


def watch_on() -> None:
    """Watch until the worker stops; a fault is logged, and the next look comes."""
    _try(_own_up)
    while not rest(EVERY_S):
        _try(look)
    _try(_count)


def listen_on(ear: Ear) -> None:
    """Listen to the broker until the worker stops, and end the process if it is deaf.

    In a thread of its own: nothing that hangs elsewhere keeps it from noticing.
    """
    while not rest(LISTEN_EVERY_S):
        fault = ear.listen(monotonic())
        if fault:
            end_process(fault, wired().settings.service.data_dir)
        _try(partial(_note_broker, ear.down_s(monotonic())))


def _try(work: Callable[[], object]) -> None:
    try:
        work()
    except StoreDown:
        log.warning("not watched: the database is down")
    except Exception as fault:
        log.exception("watch failed", fault=type(fault).__name__)


def _count() -> None:
    tallies.flush(wired().store)


def look() -> None:
    """Take the readings that are due, judge, and send what is to be told."""
    found = wired()
    now = found.store.now()
    _count()
    service = found.settings.service
    look_back(found.store, service.database_url, service.data_dir, now)
    if machine.is_due(now):
        lookout.note_machine(found, _our_time())
    period = f"{now:%Y-%m-%dT%H}:{now.minute // PROBE_EVERY_MIN}"
    if duties.take_duty(found.store, "probe", period, now):
        lookout.note_outside(found, _our_time())
        watch.forget_duties(found.store, "probe", now)
    watch_minute(_post(), now)
    deliver(_post(), now)


@cache
def _post() -> Post:
    return lookout.post(wired())


def _our_time() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  this machine's clock is what is looked at


def _note_broker(down_s: float) -> None:
    store, host = wired().store, socket.gethostname()
    watch.note_measure(store, "broker_down_seconds", host, down_s, store.now())


def _own_up() -> None:
    """Write down that the worker before took nothing and had to end."""
    fault = taken_note(wired().settings.service.data_dir)
    if fault:
        log.warning("watchdog: the worker before was ended", fault=fault)
        store = wired().store
        watch.note_measure(
            store, "worker_restarts", socket.gethostname(), 1, store.now()
        )
