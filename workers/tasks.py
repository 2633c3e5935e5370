"""The tasks: a few lines each, without contents; losing or doubling one is harmless."""

from datetime import timedelta
from functools import cache, partial

import structlog
from celery import shared_task

from forwarder.core.delivery import Destination
from forwarder.pipeline import drain as pipeline
from forwarder.pipeline import enrich as enrichment
from forwarder.pipeline import jobs
from forwarder.pipeline.jobs import Workshop
from forwarder.pipeline.progress import STUCK_AFTER
from forwarder.store import duties, health, mirror, outbox, retention, taken
from forwarder.wiring import look_ups
from workers.clicks import forget_clicks
from workers.pulse import pulse
from workers.state import Every, Turns, is_stopping, noted, wired

JOBS_FOR = timedelta(seconds=5)  # then the others of this thread have their turn
FORGOTTEN_MAX_AGE = timedelta(days=7)  # the settings may name it again by then
KEEP_TAKEN = timedelta(days=2)  # the overview tells of one
turns = Turns()
log = structlog.get_logger(__name__)
seen = Every(timedelta(seconds=5))


@shared_task(name="drain")
def drain(destination: str = "") -> None:
    """Send what is due, for one destination by its delivery's word or for all."""
    for one in wired().destinations.values():
        if destination in {"", one.name}:
            _drain_one(one)
    turns.take("jobs", _work_on_jobs)
    _be_seen()


def _drain_one(destination: Destination) -> None:
    desk = wired().desk(is_stopping)
    if not outbox.has_due(desk.store, destination.name, desk.clock()):
        return
    turns.take(destination.name, partial(_work, destination))


def _work(destination: Destination) -> None:
    desk = noted(wired().desk(is_stopping))
    if pipeline.drain(destination, desk):
        health.note_worker(desk.store, desk.worker, desk.clock(), has_worked=True)


def _work_on_jobs() -> None:
    """Do what operators asked for, for a few seconds, and send what that set back."""
    desk = noted(wired().desk(is_stopping))
    shop = Workshop(
        desk=desk,
        endpoints=wired().endpoints,
        destinations=list(wired().destinations.values()),
    )
    if jobs.work(shop, desk.clock() + JOBS_FOR):
        for one in wired().destinations.values():
            _drain_one(one)


def _be_seen() -> None:
    """Write down, every few seconds, that this process takes wake-ups."""
    desk = wired().desk(is_stopping)
    now = desk.clock()
    if seen.is_due(now):
        health.note_worker(desk.store, desk.worker, now)
        names = {one.name for one in wired().destinations.values()}
        overdue = health.oldest_due(desk.store, now, names)
        pulse.is_overdue = overdue is not None and now - overdue > STUCK_AFTER
    pulse.look()


@shared_task(name="enrich")
def enrich() -> None:
    """Look up what thin events lack."""
    turns.take("enrich", _enrich)


def _enrich() -> None:
    enrichment.enrich(noted(wired().desk(is_stopping)), _look_ups())


@cache
def _look_ups() -> dict[str, enrichment.LookUp]:
    return dict(look_ups(wired()))


@shared_task(name="sweep")
def sweep() -> None:
    """Clear what is past its time, once per ten minutes whoever is asked."""
    store, now = wired().store, wired().store.now()
    if not duties.take_duty(
        store, "sweep", f"{now:%Y-%m-%dT%H}:{now.minute // 10}", now
    ):
        return
    service = wired().settings.service
    keep = retention.Retention(
        person=timedelta(hours=service.keep_person_h),
        notice=timedelta(days=service.keep_notice_days),
        payload=timedelta(days=service.keep_payload_days),
        history=timedelta(days=service.keep_history_days),
        log=timedelta(days=service.keep_log_days),
        repeats=timedelta(days=service.keep_repeats_days),
        jobs=timedelta(days=service.keep_jobs_days),
    )
    swept = retention.sweep(store, keep, now)
    log.info(
        "swept",
        n_people=swept.people,
        n_notices=swept.notices,
        n_payloads=swept.payloads,
        n_history=swept.history,
        n_lines=swept.log_lines,
        n_mirror=mirror.forget(store, now - keep.log),
        n_clicks=forget_clicks(wired(), now),
    )
    taken.forget(store, now - KEEP_TAKEN)
    for name, max_age in _ages().items():
        retention.expire(store, name, now - max_age, now)


def _ages() -> dict[str, timedelta]:
    """Return how old an event may be, also where no destination is left to take it."""
    waiting = (backlog.destination for backlog in health.backlogs(wired().store))
    known = {one.name: one.max_age for one in wired().destinations.values()}
    return {**dict.fromkeys(waiting, FORGOTTEN_MAX_AGE), **known}
