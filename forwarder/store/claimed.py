"""What a claimed delivery holds: the event at first, then what is frozen of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from forwarder.core.delivery import Encoded
from forwarder.core.event import Event, Kind
from forwarder.store.codec import Unreadable, decode_event
from forwarder.store.engine import Store
from forwarder.store.identity import delivery_identity, payload_identity
from forwarder.store.schema import bodies, deliveries, payloads
from forwarder.store.seal import Unopenable

AUTO = "auto"  # sent by itself, and not since somebody asked for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What leaves, as frozen: `shown` in the log, the two clear values apart."""

    shown: bytes = field(repr=False)
    ip: str | None = field(default=None, repr=False)
    user_agent: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """One delivery in our hands. `event` is None when nothing opens it any more."""

    id: int
    event_id: str
    kind: str
    occurred_at: datetime
    received_at: datetime
    attempts: int
    mode: str
    event: Event | None = field(repr=False)
    payload: Payload | None = field(repr=False)


_LOAD = (
    sa.select(
        deliveries.c.id,
        deliveries.c.destination,
        deliveries.c.event_id,
        deliveries.c.kind,
        deliveries.c.occurred_at,
        deliveries.c.received_at,
        deliveries.c.attempts,
        deliveries.c.mode,
        bodies.c.sealed.label("body"),
        payloads.c.shown,
        payloads.c.sealed.label("private"),
    )
    .outerjoin(bodies, bodies.c.delivery_id == deliveries.c.id)
    .outerjoin(payloads, payloads.c.delivery_id == deliveries.c.id)
    .where(deliveries.c.id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(deliveries.c.id)
)


def load(store: Store, ids: Sequence[int]) -> list[Claimed]:
    """Return claimed deliveries, opened, by number."""
    with store.read() as connection:
        rows = connection.execute(_LOAD, {"ids": ids}).all()
    return [
        Claimed(
            id=row.id,
            event_id=row.event_id,
            kind=row.kind,
            occurred_at=row.occurred_at,
            received_at=row.received_at,
            attempts=row.attempts,
            mode=row.mode,
            event=None if row.shown is not None else open_event(store, row),
            payload=None if row.shown is None else _payload(store, row),
        )
        for row in rows
    ]


def find_events(
    store: Store, destination: str, kind: Kind, event_ids: Collection[str]
) -> dict[str, Event]:
    """Return, by event_id, those that are in the log and still open."""
    query = (
        sa.select(
            deliveries.c.destination,
            deliveries.c.event_id,
            deliveries.c.kind,
            bodies.c.sealed.label("body"),
        )
        .join(bodies, bodies.c.delivery_id == deliveries.c.id)
        .where(
            deliveries.c.event_id.in_(sorted(event_ids)),
            deliveries.c.kind == kind.value,
            deliveries.c.destination == destination,
        )
    )
    with store.read() as connection:
        rows = connection.execute(query).all()
    found = {row.event_id: open_event(store, row) for row in rows}
    return {name: event for name, event in found.items() if event is not None}


def open_event(store: Store, row: sa.Row[*tuple[Any, ...]]) -> Event | None:
    """Open the event; one that does not open is refused alone, not its batch."""
    if row.body is None:
        return None
    identity = delivery_identity(row.destination, row.kind, row.event_id)
    try:
        return decode_event(store.sealer.open(row.body, identity))
    except (Unopenable, Unreadable):
        return None


def _payload(store: Store, row: sa.Row[*tuple[Any, ...]]) -> Payload | None:
    if row.private is None:
        return Payload(shown=row.shown)
    identity = payload_identity(row.destination, row.kind, row.event_id)
    try:
        private = store.sealer.open(row.private, identity)
    except Unopenable:
        return None
    ip, user_agent = msgspec.msgpack.decode(private, type=tuple[str | None, str | None])
    return Payload(shown=row.shown, ip=ip, user_agent=user_agent)


def seal_private(
    store: Store, destination: str, row: Claimed, now: datetime
) -> bytes | None:
    """Return the two clear values of an event sealed; None when it has neither."""
    if row.event is None:
        return None
    person = row.event.person
    if person.ip is None and person.user_agent is None:
        return None
    clear = msgspec.msgpack.encode((person.ip, person.user_agent))
    identity = payload_identity(destination, row.kind, row.event_id)
    return store.sealer.seal(clear, identity, now)


def notes(payload: Encoded) -> bytes:
    """Return what was left out and what is doubtful, fit for the log."""
    dropped = [{"field": d.field, "reason": d.reason} for d in payload.dropped]
    return msgspec.json.encode({"dropped": dropped, "warnings": payload.warnings})
