"""Ask the shops what no webhook told: once a day, where the settings want it, and now.

Now is when somebody at the console or the API wants to know.
"""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import structlog
from celery import shared_task

from forwarder.asking import NoAnswer
from forwarder.core.delivery import Deferred
from forwarder.core.event import Notice
from forwarder.pipeline import fetching, missing
from forwarder.pipeline.fetching import Alive, Errand
from forwarder.pipeline.missing import Window
from forwarder.pipeline.receive import Endpoint
from forwarder.pulls import PULLS
from forwarder.store import audit, duties
from forwarder.wiring import told_by_api
from workers.state import is_stopping, rest, wired
from workers.tasks import turns

BACK = timedelta(days=3)  # a day on which the shop did not answer is made up
LATE = timedelta(minutes=30)  # what is younger may still come by webhook
NAP_S = 5.0  # a look at whether somebody cancelled meanwhile
OFF = "off"
log = structlog.get_logger(__name__)


@shared_task(name="import_missing")
def import_missing() -> None:
    """Look once a day for what is missing at each endpoint that asks for it."""
    turns.take("import_missing", _import_all)


def _import_all() -> None:
    now = wired().store.now()
    for name, settings in wired().settings.endpoints.items():
        endpoint = wired().endpoints[name]
        is_askable = endpoint.source_name in PULLS and endpoint.options.api_key
        if settings.import_missing == OFF or not is_askable:
            continue
        if duties.take_duty(wired().store, f"import {name}", f"{now:%Y-%m-%d}", now):
            _import(endpoint, settings.import_missing, now)


def _nap(seconds: float) -> None:
    """Wait, but not longer than this process lives."""
    rest(seconds)


def _import(endpoint: Endpoint, what: str, now: datetime) -> None:
    store, window = wired().store, Window(since=now - BACK, until=now - LATE)
    notices = told_by_api(endpoint, what, window.since, window.until, _nap)
    try:
        plan = missing.plan(endpoint, notices, store, window, now)
    except NoAnswer as none:
        why = (
            none.outcome.reason if isinstance(none.outcome, Deferred) else none.outcome
        )
        log.warning("shop not asked for missing", endpoint=endpoint.name, reason=why)
        return
    missing.book(plan, store, now)
    n_new = missing.feed(plan, store)
    log.info(
        "asked for missing", endpoint=endpoint.name, n_told=plan.n_told, n_new=n_new
    )
    if n_new:
        detail = f"{n_new} of {plan.n_told} told by the shop"
        audit.note(store, "worker", "missing imported", endpoint.name, now, detail)


@shared_task(name="ask_shops")
def ask_shops() -> None:
    """Ask shops what somebody wants to know of them."""
    turns.take("ask_shops", _ask_shops)


def _ask_shops() -> None:
    errand = Errand(
        desk=wired().desk(is_stopping),
        endpoints=wired().endpoints,
        destinations=list(wired().destinations.values()),
        tell=_tell,
    )
    fetching.work(errand)


def _tell(
    endpoint: Endpoint, what: str, window: Window, alive: Alive
) -> Iterator[Notice]:
    """Give what a shop tells; a pause that it asks for can be cancelled too."""

    def nap(seconds: float) -> None:
        until_s = time.monotonic() + seconds
        while (left_s := until_s - time.monotonic()) > 0:
            alive()
            rest(min(left_s, NAP_S))

    return told_by_api(endpoint, what, window.since, window.until, nap, alive)
