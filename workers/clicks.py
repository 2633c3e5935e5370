"""Clicks: from the files of the web processes into the database."""

from datetime import datetime, timedelta
from functools import partial

import structlog
from celery import shared_task

from config import checks
from forwarder import outside
from forwarder.clicks import auditing, spool
from forwarder.clicks.join import LATE, join
from forwarder.store import clicks, customers, duties, join_marks, link_audits, watch
from forwarder.store.writer import StoreDown
from forwarder.wiring import Wired
from workers.state import Every, Turns, is_stopping, wired

MACHINES = timedelta(days=30)  # what no person clicked is kept for a look, not longer
PLAN = "plan audits"
planning = Every(timedelta(minutes=5))
KEEP_AUDITS = timedelta(days=400)  # a year and a comparison with it
log = structlog.get_logger(__name__)
turns = Turns()
LATELY = timedelta(hours=1)
joining = Every(timedelta(seconds=5))
joining_all = Every(timedelta(minutes=10))  # a week of orders takes seconds


@shared_task(name="import_clicks")
def import_clicks() -> None:
    """Take in what the web wrote, unless this process is at it."""
    turns.take("clicks", _import)


def _import() -> None:
    found = wired()
    folder = found.settings.service.data_dir / spool.FOLDER
    try:
        n_new = spool.take_in(folder, partial(clicks.keep, found.store))
    except StoreDown:
        log.warning("clicks not imported: the database is down")
        return
    except Exception as fault:  # those that are there find their orders all the same
        log.exception("clicks not imported", fault=type(fault).__name__)
    else:
        if n_new:
            log.info("clicks imported", n_new=n_new)
    _join(found)


def _join(found: Wired) -> None:
    now = found.store.now()
    if joining.is_due(now):
        window = timedelta(days=found.settings.clicks.window_days)
        back = LATE if joining_all.is_due(now) else LATELY
        finds_people = found.settings.service.find_people_days > 0
        n_joined = join(found.store, window, now, back, finds_people=finds_people)
        if n_joined:
            log.info("clicks joined", n_joined=n_joined)


@shared_task(name="audit_links")
def audit_links() -> None:
    """Run the audits that wait, unless this process is at it."""
    try:
        turns.take("audits", _audit)
    except StoreDown:
        log.warning("links not audited: the database is down")


def _audit() -> None:
    found = wired()
    now, place = found.store.now(), _place(found)
    if planning.is_due(now):
        _plan(place, timedelta(days=found.settings.clicks.audit_every_days), now)
    while not is_stopping() and auditing.run_next(place, found.store.now()):
        pass


def _plan(place: auditing.Place, every: timedelta, now: datetime) -> None:
    """Ask for what is due by itself; one worker does that for all."""
    period = f"{now:%Y-%m-%dT%H}:{now.minute // 10}"
    if every and duties.take_duty(place.store, PLAN, period, now):
        auditing.plan_weekly(place, every, now)
        watch.forget_duties(place.store, PLAN, now)


def _place(found: Wired) -> auditing.Place:
    public_url = found.settings.service.public_url
    return auditing.Place(
        store=found.store,
        session=outside.session(),
        public_url=public_url,
        allowed_hosts=found.settings.clicks.allowed_hosts,
        is_public=not checks.is_near(public_url),
    )


def forget_clicks(found: Wired, now: datetime) -> int:
    """Clear clicks whose time is over; return how many."""
    keep = timedelta(days=found.settings.clicks.retention_days)
    findable = timedelta(days=found.settings.service.find_people_days)
    join_marks.forget(found.store, now - max(LATE, findable), now - keep)
    customers.forget(found.store, now - customers.YEAR - LATE)
    link_audits.forget(found.store, now - KEEP_AUDITS)
    return clicks.forget(found.store, now - keep, now - min(keep, MACHINES))
