"""The look-up step before sending: claim what needs one, put its result back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forwarder.core.delivery import Status
from forwarder.core.event import Event
from forwarder.store.arrival import minor
from forwarder.store.claimed import open_event
from forwarder.store.codec import encode_event
from forwarder.store.engine import Store
from forwarder.store.identity import delivery_identity
from forwarder.store.outbox import LEASE, number_claim
from forwarder.store.schema import bodies, deliveries


@dataclass(frozen=True, slots=True, kw_only=True)
class Thin:
    """A delivery whose event misses something. `event` None: it does not open."""

    id: int
    claim_id: int
    destination: str
    endpoint: str
    kind: str
    event_id: str
    received_at: datetime
    attempts: int
    event: Event | None = field(repr=False)


_DUE = (
    deliveries.c.status == sa.literal_column("'pending'"),
    deliveries.c.enrich.is_not(None),
)


def claim_thin(store: Store, worker: str, n_max: int, now: datetime) -> Sequence[Thin]:
    """Lease deliveries that wait for a look-up."""
    due = sa.select(deliveries.c.id).where(*_DUE, deliveries.c.next_attempt_at <= now)
    with store.read() as connection:
        if connection.execute(due.limit(1)).first() is None:
            return []
    with store.write() as connection:
        number = number_claim(connection, worker, "enrich", now)
        chosen = due.order_by(deliveries.c.next_attempt_at).limit(n_max)
        found = connection.execute(
            sa.update(deliveries)
            .where(deliveries.c.id.in_(chosen.with_for_update(skip_locked=True)))
            .values(
                claim_id=number,
                next_attempt_at=now + LEASE,
                attempts=deliveries.c.attempts + 1,
            )
            .returning(deliveries.c.id)
        )
        ids = sorted(found.scalars())
    return _load(store, ids, number)


def _load(store: Store, ids: Sequence[int], number: int) -> list[Thin]:
    names = [n for n in Thin.__slots__ if n not in {"claim_id", "event"}]
    query = (
        sa.select(
            *(deliveries.c[name] for name in names), bodies.c.sealed.label("body")
        )
        .outerjoin(bodies, bodies.c.delivery_id == deliveries.c.id)
        .where(deliveries.c.id.in_(ids))
        .order_by(deliveries.c.id)
    )
    with store.read() as connection:
        rows = connection.execute(query).all()
    return [
        Thin(
            **{name: getattr(row, name) for name in names},
            claim_id=number,
            event=open_event(store, row),
        )
        for row in rows
    ]


def put_back(
    store: Store,
    thin: Thin,
    event: Event | None,
    now: datetime,
    *,
    due_at: datetime,
    skip: str = "",
) -> None:
    """Let the delivery go on to be sent; if it is due later, to be looked up again.

    With `skip` it ends here, for that reason. Changes nothing when another worker has
    taken it over meanwhile.
    """
    with store.write() as connection:
        result = connection.execute(
            sa.update(deliveries)
            .where(deliveries.c.id == thin.id, deliveries.c.claim_id == thin.claim_id)
            .values(_next_step(now, due_at, skip) | (_told(event) if event else {}))
        )
        if event is not None and result.rowcount:
            identity = delivery_identity(thin.destination, thin.kind, thin.event_id)
            sealed = store.sealer.seal(encode_event(event), identity, now)
            connection.execute(
                sa.update(bodies)
                .where(bodies.c.delivery_id == thin.id)
                .values(sealed=sealed)
            )


def _next_step(now: datetime, due_at: datetime, skip: str) -> dict[str, Any]:
    if skip:
        return {
            "claim_id": None,
            "next_attempt_at": None,
            "enrich": None,
            "attempts": 0,
            "status": Status.SKIPPED.value,
            "reason": skip,
            "settled_at": now,
        }
    if due_at <= now:
        return {
            "claim_id": None,
            "next_attempt_at": due_at,
            "enrich": None,
            "attempts": 0,
            "reason": "",
        }
    return {"claim_id": None, "next_attempt_at": due_at, "reason": "enriching"}


def _told(event: Event) -> dict[str, Any]:
    """Return what the log shows of an event: the look-up may have told more of it."""
    value = None if event.order is None else event.order.value
    return {
        "value_minor": minor(value),
        "currency": None if value is None else value.currency,
        "has_click": event.person.click_id is not None,
        "is_test": event.is_test,
        "occurred_at": event.occurred_at,
    }
