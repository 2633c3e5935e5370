"""What people asked for, done in the background: erasing, and sealing anew."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from time import monotonic

import structlog
from celery import shared_task

from forwarder.pipeline import erase
from forwarder.pipeline.erase import Eraser
from forwarder.store import Store, duties, reseal
from forwarder.store.reseal import Place, Step
from workers.state import Every, Turns, is_stopping, wired

EVERY_S = 10.0
AT_WORK_S = 4.0  # of sealing anew at a time: the machine has other things to do
PASS_EVERY = timedelta(minutes=5)
STRAGGLERS = timedelta(seconds=30)  # who learns of a new key last
log = structlog.get_logger(__name__)
turns = Turns()
due = Every(timedelta(seconds=EVERY_S / 2))


@shared_task(name="upkeep")
def upkeep() -> None:
    """Carry out what waits, unless this process is at it or was just now."""
    if due.is_due(wired().store.now()):
        turns.take("upkeep", _upkeep)


def _upkeep() -> None:
    found = wired()
    eraser = Eraser(
        store=found.store,
        destinations=tuple(found.destinations.values()),
        endpoints=found.endpoints,
    )
    erase.carry_out(eraser, found.store.now)
    resealing.go_on(found.store)


class Resealing:
    """How far this process has come with sealing anew."""

    def __init__(self) -> None:
        """Begin with the first row."""
        self._place = Place()
        self._keys: tuple[str, ...] = ()
        self._changed_at: datetime | None = None
        self._rest_until: datetime | None = None
        self._n_of_pass = 0

    def go_on(self, store: Store) -> int:
        """Seal anew for a few seconds while there is an older key; return how many."""
        keys, now = store.sealer.key_ids, store.now()
        if keys != self._keys:
            self._keys, self._place, self._changed_at = keys, Place(), now
            self._rest_until, self._n_of_pass = None, 0
        is_resting = self._rest_until is not None and now < self._rest_until
        if len(keys) == 1 or is_resting or not _is_ours(store, now):
            return 0
        n_sealed = n_stuck = 0
        for step in self._steps(store):
            n_sealed += step.n_sealed
            n_stuck += step.n_stuck
        if n_sealed or n_stuck:
            log.info("sealed anew", n_sealed=n_sealed, n_stuck=n_stuck, key=keys[0])
        return n_sealed

    def _steps(self, store: Store) -> Iterator[Step]:
        """Go through the tables until time is over or the pass is at its end."""
        until_s = monotonic() + AT_WORK_S
        while monotonic() < until_s and not is_stopping():
            step = reseal.step(store, self._place, store.now())
            self._n_of_pass += step.n_sealed
            yield step
            if step.place is None:
                self._end_pass(store.now())
                return
            self._place = step.place

    def _end_pass(self, now: datetime) -> None:
        """Rest; not for long while others may still seal with the older key."""
        is_new = self._changed_at is not None and now - self._changed_at < STRAGGLERS
        is_quiet = not self._n_of_pass and not is_new
        self._rest_until = now + PASS_EVERY if is_quiet else None
        self._place, self._n_of_pass = Place(), 0


def _is_ours(store: Store, now: datetime) -> bool:
    """Let one worker of many do it, each few seconds another perhaps."""
    period = str(int(now.timestamp() // EVERY_S))
    return duties.take_duty(store, "reseal", period, now)


resealing = Resealing()
