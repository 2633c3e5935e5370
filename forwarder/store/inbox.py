"""Write a notice and its deliveries down, once, before anybody is answered."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from forwarder.core.delivery import NoticeStatus
from forwarder.store.arrival import Arrival, Rows, rows_of
from forwarder.store.engine import Store
from forwarder.store.inbox_sql import ALL_KNOWN, CANCEL, REPEAT, Texts, texts


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


def accept(store: Store, arrival: Arrival) -> Receipt:
    """Return once the arrival is committed; a repeat is counted, never stored twice.

    Raises: StoreDown.
    """
    rows = rows_of(store, arrival)
    return store.commit(lambda connection: insert(connection, rows))


def insert(connection: sa.Connection, rows: Rows) -> Receipt:
    """Write one arrival in a transaction of the caller.

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


def _repeated(connection: sa.Connection, rows: Rows) -> Receipt:
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
    return _insert_deliveries(connection, rows_of(store, arrival), notice_id)


def _insert_deliveries(
    connection: sa.Connection, rows: Rows, notice_id: int
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


def _told_before(rows: Rows, notice_id: int) -> dict[str, object]:
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


def _receipt(notice_id: int, rows: Rows, new: Sequence[tuple[str, str]]) -> Receipt:
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
