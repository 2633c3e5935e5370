"""Take a webhook in: prove it, read it, write it down."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from forwarder.core import failpoints
from forwarder.core.delivery import NoticeStatus
from forwarder.core.event import (
    LOCAL_KINDS,
    Event,
    Forged,
    Kind,
    Notice,
    Reading,
    Stale,
    Unreadable,
)
from forwarder.core.personal import without_person
from forwarder.core.source import Options, Source, storable
from forwarder.store.arrival import Arrival
from forwarder.store.engine import Store
from forwarder.store.inbox import Receipt, accept

FUTURE_TOLERANCE = timedelta(minutes=5)
NO_TIME = "no time in it that we can read: the time of receipt is used"
Turn = AbstractContextManager[object]
AT_ONCE: Turn = nullcontext()
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One address that a shop posts to. `destination` is a delivery's word for it."""

    name: str
    source_name: str
    source: Source
    secrets: Sequence[str] = field(repr=False)
    destination: str
    options: Options
    is_paused: bool = False


def receive(
    endpoint: Endpoint,
    notice: Notice,
    store: Store,
    now: datetime,
    turn: Turn = AT_ONCE,
) -> Receipt:
    """Return once a genuine notice is committed, whatever is in it.

    `turn` is held while the notice is read, not while the database commits: those who
    wait for it meet in one commit. Raises: Forged, Stale, StoreDown. What is genuine
    but unreadable is kept quarantined: a refusal would make shops switch the webhook
    off.
    """
    with turn:
        failpoints.reach("before_verify")
        verify(endpoint, notice, now)
        key = endpoint.source.delivery_key(notice)
        arrival = read(endpoint, notice, key, now)
    failpoints.reach("before_commit")
    receipt = accept(store, arrival)
    failpoints.reach("after_commit")
    return receipt


def verify(endpoint: Endpoint, notice: Notice, now: datetime) -> None:
    """Return if any of the endpoint's secrets signed the notice.

    Raises: Forged; Stale when the only fault is the signed time.
    """
    verdict: Forged | Stale = Forged("no secret is set for this endpoint")
    for secret in endpoint.secrets:
        try:
            endpoint.source.verify(notice, secret, now, endpoint.options)
        except Stale as stale:
            verdict = stale
        except Forged as forged:
            verdict = verdict if isinstance(verdict, Stale) else forged
        else:
            return
    raise verdict


def vouches_for_body(endpoint: Endpoint, notice: Notice, now: datetime) -> bool:
    """Say whether the proof of a notice would not hold for another body.

    It does for a secret in the address or in a header: a body that was cut off on its
    way then looks whole.
    """
    other = replace(notice, body=notice.body + b"\n")
    try:
        verify(endpoint, other, now)
    except (Forged, Stale):
        return True
    return False


def read(endpoint: Endpoint, notice: Notice, key: str, now: datetime) -> Arrival:
    """Return the notice with what was read in it; never raises.

    A fault of the adapter is no fault of the shop: its notice is held as well.
    """
    arrival = Arrival(
        endpoint=endpoint.name,
        source=endpoint.source_name,
        destination=endpoint.destination,
        delivery_key=key,
        notice=storable(endpoint.source, notice),
        received_at=now,
        status=NoticeStatus.ACCEPTED,
    )
    try:
        reading = endpoint.source.parse(notice, endpoint.options)
    except Unreadable as unreadable:
        return replace(arrival, status=NoticeStatus.QUARANTINED, reason=str(unreadable))
    except Exception as fault:  # the bytes are kept; `reparse` reads them once mended
        log.exception("adapter failed", source=endpoint.source_name)
        reason = f"the adapter failed: {type(fault).__name__}"
        return replace(arrival, status=NoticeStatus.QUARANTINED, reason=reason)
    return with_reading(arrival, reading, now)


def with_reading(arrival: Arrival, reading: Reading, now: datetime) -> Arrival:
    """Return the arrival with the events of a reading and why some stay here."""
    if not reading.events:
        reason = "no event in it" if reading.ignored is None else reading.ignored
        return replace(arrival, status=NoticeStatus.IGNORED, reason=reason)
    came = arrival.received_at
    events = [without_person(timely(event, came, now)) for event in reading.events]
    return replace(
        arrival, events=events, skips=[skip_reason(event) for event in events]
    )


def skip_reason(event: Event) -> str:
    """Return why an event must not be sent, in one word; empty if it may."""
    if event.kind is Kind.ERASE:
        return "erase_requested"  # the worker carries it out
    if event.kind in LOCAL_KINDS:
        return "not_mapped"
    if event.consent.denied:
        return "consent"
    return event.skip if event.skip is not None else ""


def timely(event: Event, received_at: datetime, now: datetime) -> Event:
    """Pull a time that a skewed clock put a little ahead back to now.

    Where the time of receipt stands in for a missing one, a warning says so.
    """
    if event.occurred_at == received_at:
        return replace(event, warnings=(*event.warnings, NO_TIME))
    ahead = event.occurred_at - now
    if timedelta(0) < ahead <= FUTURE_TOLERANCE:
        return replace(event, occurred_at=now)
    return event
