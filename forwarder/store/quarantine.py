"""Notices that were genuine and not understood: hold them, let them go."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forwarder.core.delivery import NoticeStatus
from forwarder.core.event import Notice
from forwarder.store.engine import Store
from forwarder.store.identity import notice_identity
from forwarder.store.inbox import Arrival, Receipt, add_deliveries
from forwarder.store.notice import decode_notice
from forwarder.store.schema import notices
from forwarder.store.seal import Unopenable

PAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A quarantined notice. `notice` is None when it was cleared or does not open."""

    id: int
    endpoint: str
    delivery_key: str
    received_at: datetime
    notice: Notice | None = field(repr=False)


def held_notices(store: Store) -> Iterator[Held]:
    """Give every quarantined notice, oldest first."""
    after_id = 0
    while page := _page(store, after_id):
        yield from page
        after_id = page[-1].id


def _page(store: Store, after_id: int) -> list[Held]:
    query = (
        sa.select(notices)
        .where(
            notices.c.status == sa.literal_column("'quarantined'"),
            notices.c.id > after_id,
        )
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
            notice=_open(store, row),
        )
        for row in rows
    ]


def _open(store: Store, row: sa.Row[*tuple[Any, ...]]) -> Notice | None:
    if row.sealed is None:
        return None
    identity = notice_identity(row.endpoint, row.delivery_key)
    try:
        notice = decode_notice(store.sealer.open(row.sealed, identity))
    except Unopenable:
        return None
    return replace(notice, received_at=row.received_at)


def let_go(store: Store, held: Held, arrival: Arrival) -> Receipt:
    """Write the events that were read in a held notice, and end its quarantine.

    Writes nothing when somebody else has ended it meanwhile.
    """

    def work(connection: sa.Connection) -> Receipt:
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

    return store.commit(work)
