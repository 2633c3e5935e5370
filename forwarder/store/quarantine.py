"""Notices that were genuine and not understood: hold them, let them go."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forwarder.core.delivery import NoticeStatus
from forwarder.core.event import Notice
from forwarder.store.arrival import Arrival
from forwarder.store.engine import Store
from forwarder.store.identity import notice_identity
from forwarder.store.inbox import Receipt, add_deliveries
from forwarder.store.log import ID_MAX, Filter
from forwarder.store.notice import decode_notice
from forwarder.store.schema import notices
from forwarder.store.seal import Unopenable

PAGE = 100
ALL = Filter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A quarantined notice. `notice` is None when it was cleared or does not open."""

    id: int
    endpoint: str
    delivery_key: str
    received_at: datetime
    notice: Notice | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCounts:
    """How many notices are held. `n_cleared` of them are no longer stored."""

    n_held: int
    n_cleared: int
    last_id: int


def count_held(store: Store, wanted: Filter) -> HeldCounts:
    """Count the quarantined notices of a filter."""
    is_cleared = sa.case((notices.c.sealed.is_(None), 1))
    query = sa.select(
        sa.func.count().label("n_held"),
        sa.func.count(is_cleared).label("n_cleared"),
        sa.func.coalesce(sa.func.max(notices.c.id), 0).label("last_id"),
    ).where(*_conditions(wanted))
    with store.read() as connection:
        return HeldCounts(**connection.execute(query).mappings().one())


def _conditions(wanted: Filter) -> list[sa.ColumnElement[bool]]:
    """Return the part of a filter that a notice can answer to."""
    equal = {
        notices.c.endpoint: wanted.endpoint,
        notices.c.source: wanted.source,
        notices.c.reason: wanted.reason,
    }
    found = [column == value for column, value in equal.items() if value is not None]
    if wanted.since is not None:
        found.append(notices.c.received_at >= wanted.since)
    if wanted.until is not None:
        found.append(notices.c.received_at < wanted.until)
    return [notices.c.status == sa.literal_column("'quarantined'"), *found]


def held_notices(
    store: Store, wanted: Filter = ALL, after_id: int = 0, last_id: int = ID_MAX
) -> list[Held]:
    """Return one page of quarantined notices, oldest first."""
    query = (
        sa.select(notices)
        .where(*_conditions(wanted), notices.c.id > after_id, notices.c.id <= last_id)
        .order_by(notices.c.id)
        .limit(PAGE)
    )
    with store.read() as connection:
        rows = connection.execute(query).all()
    return [
        Held(
            id=row.id,
            endpoint=row.endpoint,
            delivery_key=row.delivery_key,
            received_at=row.received_at,
            notice=open_notice(store, row),
        )
        for row in rows
    ]


def open_notice(store: Store, row: sa.Row[*tuple[Any, ...]]) -> Notice | None:
    """Return the request of a row of `notices`; None when nothing opens it any more."""
    if row.sealed is None:
        return None
    identity = notice_identity(row.endpoint, row.delivery_key)
    try:
        notice = decode_notice(store.sealer.open(row.sealed, identity))
    except Unopenable:
        return None
    return replace(notice, received_at=row.received_at)


def let_go(
    connection: sa.Connection, store: Store, held: Held, arrival: Arrival
) -> Receipt:
    """Write the events that were read in a held notice, and end its quarantine.

    Writes nothing when somebody else has ended it meanwhile.
    """
    result = connection.execute(
        sa.update(notices)
        .where(
            notices.c.id == held.id,
            notices.c.status == NoticeStatus.QUARANTINED.value,
        )
        .values(status=arrival.status.value, reason=arrival.reason)
    )
    if not result.rowcount:
        return Receipt(notice_id=held.id, duplicates=len(arrival.events))
    return add_deliveries(connection, store, arrival, held.id)
