"""Clicks: from the files of the web processes into the database."""

from datetime import datetime, timedelta
from functools import partial

import structlog
from celery import shared_task

from forwarder.clicks import spool
from forwarder.clicks.join import LATE, join
from forwarder.store import clicks, joins
from forwarder.store.writer import StoreDown
from forwarder.wiring import Wired
from workers.state import Every, Turns, wired

MACHINES = timedelta(days=30)  # what no person clicked is kept for a look, not longer
log = structlog.get_logger(__name__)
turns = Turns()
joining = Every(timedelta(seconds=30))


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
    if n_new:
        log.info("clicks imported", n_new=n_new)
    now = found.store.now()
    if joining.is_due(now):
        window = timedelta(days=found.settings.clicks.window_days)
        n_joined = join(found.store, window, now)
        if n_joined:
            log.info("clicks joined", n_joined=n_joined)


def forget_clicks(found: Wired, now: datetime) -> int:
    """Clear clicks whose time is over; return how many."""
    keep = timedelta(days=found.settings.clicks.retention_days)
    joins.forget(found.store, now - LATE, now - keep)
    return clicks.forget(found.store, now - keep, now - min(keep, MACHINES))
