"""Look up what a webhook lacks before it is sent, without ever holding it back long."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

import structlog

from forwarder.core import failpoints
from forwarder.core.backoff import retry_at
from forwarder.core.delivery import Deferred
from forwarder.core.event import Event
from forwarder.core.personal import without_person
from forwarder.pipeline.drain import Desk
from forwarder.pipeline.receive import skip_reason
from forwarder.store import enrichment
from forwarder.store.enrichment import Thin

GIVE_UP_AFTER = timedelta(minutes=20)  # later than an hour, a web event is offline
BATCH = 50

# Looks one event up: the same event with more in it, or why not now, or why never.
LookUp = Callable[[Event], Event | Deferred | str]
log = structlog.get_logger(__name__)


def enrich(desk: Desk, look_ups: Mapping[str, LookUp]) -> int:
    """Look up what waits; return how many deliveries may now be sent.

    `look_ups` is by endpoint. An event goes out without the look-up, and says so, when
    the endpoint has none, when it can not succeed, or after twenty minutes. What turns
    out to be a test or cancelled is skipped.
    """
    n_done = 0
    for thin in enrichment.claim_thin(desk.store, desk.worker, BATCH, desk.clock()):
        failpoints.reach("enrich")
        n_done += _enrich_one(desk, thin, look_ups.get(thin.endpoint))
    return n_done


def _enrich_one(desk: Desk, thin: Thin, look_up: LookUp | None) -> bool:
    found = _ask(thin, look_up)
    now = desk.clock()
    if isinstance(found, Deferred):
        due_at = retry_at(thin.attempts, now, found.retry_after_s, desk.jitter())
        if due_at < thin.received_at + GIVE_UP_AFTER:
            log.info("look-up deferred", endpoint=thin.endpoint, reason=found.reason)
            enrichment.put_back(desk.store, thin, None, now, due_at=due_at)
            return False
        found = f"not looked up in time: {found.reason}"
    event = _without(thin, found) if isinstance(found, str) else without_person(found)
    skip = "" if event is None else skip_reason(event)
    enrichment.put_back(desk.store, thin, event, now, due_at=now, skip=skip)
    return not skip


def _ask(thin: Thin, look_up: LookUp | None) -> Event | Deferred | str:
    if look_up is None:
        return "not looked up: no api_key is set"
    if thin.event is None:
        return "the event does not open"
    try:
        return look_up(thin.event)
    except Exception as fault:  # its event goes out without; the others are asked
        log.exception("look-up failed", endpoint=thin.endpoint)
        return f"the look-up failed: {type(fault).__name__}"


def _without(thin: Thin, why: str) -> Event | None:
    if thin.event is None:
        return None
    return replace(thin.event, enrich=None, warnings=(*thin.event.warnings, why))
