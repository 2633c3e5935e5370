"""A genuine notice as the rows that are written: all sealing is done by then."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from hashlib import sha256

from forwarder.core.delivery import NoticeStatus, Status
from forwarder.core.event import Event, Kind, Money, Notice, Order
from forwarder.core.money import to_minor
from forwarder.store.codec import encode_event
from forwarder.store.engine import Store
from forwarder.store.identity import delivery_identity, notice_identity
from forwarder.store.inbox_sql import CONFLICT
from forwarder.store.notice import encode_notice
from forwarder.store.schema import to_us

ORDER_ID_MAX_CHARS = 256  # PostgreSQL indexes 2,704 bytes at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A genuine notice with what was read in it, ready to be written.

    `skips` names, per event, why it must not be sent; an empty text sends it.
    """

    endpoint: str
    source: str
    destination: str
    delivery_key: str
    notice: Notice
    received_at: datetime
    status: NoticeStatus
    reason: str = ""
    events: Sequence[Event] = ()
    skips: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Rows:
    """An arrival as parameters: all sealing is done before the writer sees it."""

    notice: dict[str, object]
    deliveries: Sequence[tuple[dict[str, object], bytes]]
    cancelled: Sequence[dict[str, object]]
    again: Callable[[int], dict[str, object]]  # the notice beside the one it repeats


def rows_of(store: Store, arrival: Arrival) -> Rows:
    """Return an arrival as it is written; this seals, which takes its time."""
    pairs = zip(arrival.events, arrival.skips, strict=True)
    return Rows(
        _notice(store, arrival),
        [
            (
                _delivery(arrival, event, skip),
                store.sealer.seal(
                    encode_event(event),
                    delivery_identity(arrival.destination, event.kind, event.event_id),
                    arrival.received_at,
                ),
            )
            for event, skip in pairs
        ],
        [_cancelled(arrival, e) for e in arrival.events if _ends_order(e)],
        partial(_beside, store, arrival),
    )


def _notice(store: Store, arrival: Arrival) -> dict[str, object]:
    identity = notice_identity(arrival.endpoint, arrival.delivery_key)
    return {
        "endpoint": arrival.endpoint,
        "source": arrival.source,
        "delivery_key": arrival.delivery_key,
        "body_sha256": sha256(arrival.notice.body).hexdigest(),
        "status": arrival.status.value,
        "reason": arrival.reason,
        "received_at": to_us(arrival.received_at),
        "n_duplicates": 0,
        "is_conflict": False,
        "sealed": store.sealer.seal(
            encode_notice(arrival.notice), identity, arrival.received_at
        ),
    }


def _beside(store: Store, arrival: Arrival, first_id: int) -> dict[str, object]:
    """Return a notice whose delivery key another body has, as it is kept."""
    return _notice(
        store,
        replace(
            arrival,
            delivery_key=f"{CONFLICT}{arrival.delivery_key}",
            status=NoticeStatus.DUPLICATE,
            reason=f"another body under the delivery key of webhook {first_id}",
        ),
    )


def _delivery(arrival: Arrival, event: Event, skip: str) -> dict[str, object]:
    value = event.order.value if event.order is not None else None
    now_us = to_us(arrival.received_at)
    return {
        "destination": arrival.destination,
        "endpoint": arrival.endpoint,
        "source": arrival.source,
        "event_id": event.event_id,
        "kind": event.kind.value,
        "status": (Status.SKIPPED if skip else Status.PENDING).value,
        "reason": skip,
        "message": "",
        "order_id": _order_id(event.order),
        "value_minor": minor(value),
        "currency": None if value is None else value.currency,
        "has_click": event.person.click_id is not None,
        "is_test": event.is_test,
        "occurred_at": to_us(event.occurred_at),
        "received_at": now_us,
        "attempts": 0,
        "mode": "auto",
        "next_attempt_at": None if skip else now_us,
        "claim_id": None,
        "enrich": event.enrich,
        "settled_at": now_us if skip else None,
    }


def _order_id(order: Order | None) -> str | None:
    """Return the order id as the index takes it; a longer one ends in a hash."""
    if order is None or order.id is None or len(order.id) <= ORDER_ID_MAX_CHARS:
        return None if order is None else order.id
    digest = sha256(order.id.encode()).hexdigest()
    return f"{order.id[: ORDER_ID_MAX_CHARS - len(digest)]}{digest}"


def minor(value: Money | None) -> int | None:
    """Return the amount in minor units; None also when no sale is that large."""
    try:
        return None if value is None else to_minor(value)
    except ValueError:
        return None


def _ends_order(event: Event) -> bool:
    """Say whether a sale of this order that still waits must not be sent any more."""
    if event.order is None or event.order.id is None or event.enrich is not None:
        return False  # of a refund whose amount is not known yet, a part may be left
    return event.kind in {Kind.CANCEL, Kind.REFUND}


def _cancelled(arrival: Arrival, event: Event) -> dict[str, object]:
    order = event.order
    value = None if order is None else order.value
    is_whole = event.kind is Kind.CANCEL or value is None
    return {
        "of_order": _order_id(order),
        "at_endpoint": arrival.endpoint,
        # A refund of a part leaves the sale as it was.
        "at_most_minor": None if is_whole else minor(value),
        "ended_at": arrival.received_at,
    }
