"""Write a notice and its deliveries down, once, before anybody is answered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from forwarder.core.delivery import NoticeStatus, Status
from forwarder.core.event import Event, Kind, Money, Notice, Order
from forwarder.core.money import to_minor
from forwarder.store.codec import encode_event
from forwarder.store.engine import Store
from forwarder.store.identity import delivery_identity, notice_identity
from forwarder.store.inbox_sql import ALL_KNOWN, CANCEL, CONFLICT, REPEAT, Texts, texts
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the sender is told. Units: events, or the notice where it has none.

    Shape: `new_events` holds event_id and kind of what was not known before.
    """

    notice_id: int
    accepted: int = 0
    duplicates: int = 0
    ignored: int = 0
    quarantined: int = 0
    new_events: frozenset[tuple[str, str]] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class _Rows:
    """An arrival as parameters: all sealing is done before the writer sees it."""

    notice: dict[str, object]
    deliveries: Sequence[tuple[dict[str, object], bytes]]
    cancelled: Sequence[dict[str, object]]
    again: Callable[[int], dict[str, object]]  # the notice beside the one it repeats


def accept(store: Store, arrival: Arrival) -> Receipt:
    """Return once the arrival is committed; a repeat is counted, never stored twice.

    Raises: StoreDown.
    """
    rows = _rows(store, arrival)
    return store.commit(lambda connection: _insert(connection, rows))


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


def _rows(store: Store, arrival: Arrival) -> _Rows:
    pairs = zip(arrival.events, arrival.skips, strict=True)
    return _Rows(
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


def _insert(connection: sa.Connection, rows: _Rows) -> Receipt:
    """Write one arrival.

    The three inserts go through the driver's cursor as finished text: through
    SQLAlchemy's own execute each costs 40 µs more, and all wait for the one writer.
    """
    sql = texts(connection.dialect.name)
    cursor = connection.connection.cursor()
    try:
        notice_id = _one(cursor, sql.notice, rows.notice)
    finally:
        cursor.close()
    if notice_id is None:
        return _repeated(connection, rows)
    return _insert_deliveries(connection, rows, notice_id)


def _repeated(connection: sa.Connection, rows: _Rows) -> Receipt:
    """Count a repeat; the first that comes with another body is kept, and not sent."""
    known = connection.execute(REPEAT, _known(rows.notice)).first()
    n = max(1, len(rows.deliveries))
    if known is None:
        return Receipt(notice_id=0, duplicates=n)
    if known.body_sha256 != rows.notice["body_sha256"]:
        _insert_beside(connection, rows.again(known.id))
    return Receipt(notice_id=known.id, duplicates=n)


def _insert_beside(connection: sa.Connection, notice: dict[str, object]) -> None:
    cursor = connection.connection.cursor()
    try:
        _one(cursor, texts(connection.dialect.name).notice, notice)
    finally:
        cursor.close()


def add_deliveries(
    connection: sa.Connection, store: Store, arrival: Arrival, notice_id: int
) -> Receipt:
    """Write the deliveries of a notice that is there already."""
    return _insert_deliveries(connection, _rows(store, arrival), notice_id)


def _insert_deliveries(
    connection: sa.Connection, rows: _Rows, notice_id: int
) -> Receipt:
    sql = texts(connection.dialect.name)
    cursor = connection.connection.cursor()
    try:
        new = [
            (str(row["event_id"]), str(row["kind"]))
            for row, body in rows.deliveries
            if _insert_delivery(cursor, sql, {**row, "notice_id": notice_id}, body)
        ]
    finally:
        cursor.close()
    if rows.deliveries and not new:
        connection.execute(ALL_KNOWN, _told_before(rows, notice_id))
    for cancelled in rows.cancelled:
        connection.execute(CANCEL, cancelled)
    return _receipt(notice_id, rows, new)


def _told_before(rows: _Rows, notice_id: int) -> dict[str, object]:
    row, _ = rows.deliveries[0]
    return {
        "notice": notice_id,
        "its_event_id": row["event_id"],
        "its_kind": row["kind"],
        "to": row["destination"],
    }


def _known(notice: dict[str, object]) -> dict[str, object]:
    return {
        "at_endpoint": notice["endpoint"],
        "key": notice["delivery_key"],
        "sha256": notice["body_sha256"],
    }


def _insert_delivery(
    cursor: Any,  # noqa: ANN401  a DBAPI cursor of either driver
    sql: Texts,
    row: dict[str, object],
    body: bytes,
) -> bool:
    delivery_id = _one(cursor, sql.delivery, row)
    if delivery_id is None:
        return False
    cursor.execute(sql.body, {"delivery_id": delivery_id, "sealed": body})
    return True


def _receipt(notice_id: int, rows: _Rows, new: Sequence[tuple[str, str]]) -> Receipt:
    status = rows.notice["status"]
    return Receipt(
        notice_id=notice_id,
        accepted=len(new),
        duplicates=len(rows.deliveries) - len(new),
        ignored=int(status == NoticeStatus.IGNORED),
        quarantined=int(status == NoticeStatus.QUARANTINED),
        new_events=frozenset(new),
    )


def _one(cursor: Any, sql: str, parameters: dict[str, object]) -> int | None:  # noqa: ANN401
    cursor.execute(sql, parameters)
    row = cursor.fetchone()
    return None if row is None else int(row[0])
