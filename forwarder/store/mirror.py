"""Keep what browsers told of the tag, and count it as evidence for the report."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from forwarder.core.event import Kind
from forwarder.core.mirror import Allowed, Device, MirrorEvent, TagState
from forwarder.store.engine import Store
from forwarder.store.schema_report import mirror_events
from forwarder.store.upsert import insert_into

FORGET_AT_ONCE = 500  # one transaction, which webhooks wait for
FORGET_BATCHES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorCell:
    """How often browsers told the same thing. `n` counts events, reloads once."""

    kind: Kind
    device: Device
    tag: TagState
    consent: Allowed
    has_gpc: bool
    n: int


def add(store: Store, events: Sequence[MirrorEvent]) -> None:
    """Return once the events are committed; the same event again counts up.

    A tag that was alive in one of several reports was alive. Raises: StoreDown.
    """
    statement = _upsert(store)
    rows = [_row(event) for event in events]
    store.commit(lambda connection: connection.execute(statement, rows).close())


def _upsert(store: Store) -> sa.Executable:
    insert = insert_into(mirror_events, store.engine)
    is_alive = insert.excluded.tag == TagState.ALIVE.value
    return insert.on_conflict_do_update(
        index_elements=["endpoint", "kind", "event_id"],
        set_={
            "n_reports": mirror_events.c.n_reports + 1,
            "tag": sa.case((is_alive, TagState.ALIVE.value), else_=mirror_events.c.tag),
        },
    )


def _row(event: MirrorEvent) -> dict[str, object]:
    return {
        "endpoint": event.endpoint,
        "kind": event.kind.value,
        "event_id": event.event_id,
        "order_id": event.order_id,
        "value_minor": event.value_minor,
        "currency": event.currency,
        "device": event.device.value,
        "tag": event.tag.value,
        "consent": event.consent.value,
        "has_gpc": event.has_gpc,
        "received_at": event.received_at,
        "n_reports": 1,
    }


def cells(
    store: Store, endpoints: Sequence[str], since: datetime, until: datetime
) -> list[MirrorCell]:
    """Return the counts of the period by kind, device, tag and consent."""
    of = mirror_events.c
    groups = (of.kind, of.device, of.tag, of.consent, of.has_gpc)
    query = (
        sa.select(*groups, sa.func.count().label("n"))
        .where(_told(endpoints, since, until))
        .group_by(*groups)
        .order_by(*groups)
    )
    with store.read() as connection:
        found = connection.execute(query).all()
    return [
        MirrorCell(
            kind=Kind(row.kind),
            device=Device(row.device),
            tag=TagState(row.tag),
            consent=Allowed(row.consent),
            has_gpc=row.has_gpc,
            n=row.n,
        )
        for row in found
    ]


def _told(
    endpoints: Sequence[str], since: datetime, until: datetime
) -> sa.ColumnElement[bool]:
    return sa.and_(
        mirror_events.c.endpoint.in_(endpoints),
        mirror_events.c.received_at >= since,
        mirror_events.c.received_at < until,
    )


def forget(store: Store, before: datetime) -> int:
    """Clear what was told before a time, in bounded batches; return how many.

    Limits: 10,000 a call; the rest waits for the next one.
    """
    old = (
        sa.select(mirror_events.c.id)
        .where(mirror_events.c.received_at < before)
        .limit(FORGET_AT_ONCE)
    )
    clear = sa.delete(mirror_events).where(mirror_events.c.id.in_(old))
    n_cleared = 0
    for _ in range(FORGET_BATCHES):
        with store.write() as connection:
            n = connection.execute(clear).rowcount
        n_cleared += n
        if n < FORGET_AT_ONCE:
            break
    return n_cleared
