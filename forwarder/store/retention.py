"""Clear what is no longer needed: people first, the log later."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import sqlalchemy as sa

from forwarder.core.delivery import NoticeStatus, Status
from forwarder.store.engine import Store
from forwarder.store.schema import (
    attempts,
    bodies,
    claims,
    deliveries,
    delivery_attempts,
    notices,
    payloads,
    workers,
)

CHUNK = 1_000  # rows in one transaction: the web process waits 2 s at most for a lock


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long things stay. `person` counts from settlement, the rest from receipt."""

    person: timedelta
    notice: timedelta
    log: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What one sweep cleared. Units: rows."""

    people: int
    notices: int
    log_lines: int


def sweep(store: Store, keep: Retention, now: datetime) -> Swept:
    """Clear everything whose time is over."""
    swept = Swept(
        people=_clear_people(store, now - keep.person),
        notices=_clear_notices(store, now - keep.notice),
        log_lines=_forget_deliveries(store, now - keep.log),
    )
    _forget_traces(store, now - keep.log, now - timedelta(days=1))
    return swept


def expire(store: Store, destination: str, oldest: datetime, now: datetime) -> int:
    """Skip what waited too long to be sent at all; return how many.

    For destinations that are blocked: nobody claims there, so nobody else looks.
    """
    is_waiting = sa.and_(
        deliveries.c.status == sa.literal_column("'pending'"),
        deliveries.c.claim_id.is_(None),
    )
    old = (
        sa.select(deliveries.c.id)
        .where(
            is_waiting,
            deliveries.c.destination == destination,
            deliveries.c.occurred_at < oldest,
        )
        .limit(CHUNK)
    )

    def skip(connection: sa.Connection, ids: Sequence[int]) -> None:
        connection.execute(
            sa.update(deliveries)
            .where(deliveries.c.id.in_(ids), is_waiting)
            .values(
                status=Status.SKIPPED.value,
                reason="too_old",
                next_attempt_at=None,
                settled_at=now,
            )
        )

    return _in_chunks(store, old, skip)


def _clear_people(store: Store, before: datetime) -> int:
    """Drop the sealed events of settled deliveries, and the clear half of payloads."""
    done = (
        sa.select(bodies.c.delivery_id)
        .join(deliveries, deliveries.c.id == bodies.c.delivery_id)
        .where(deliveries.c.settled_at < before)
        .order_by(bodies.c.delivery_id)
        .limit(CHUNK)
    )
    return _in_chunks(store, done, _clear_bodies)


def _clear_bodies(connection: sa.Connection, ids: Sequence[int]) -> None:
    # Read again in this transaction: a replay may just have set one back.
    settled = sa.select(deliveries.c.id).where(
        deliveries.c.id.in_(ids), deliveries.c.settled_at.is_not(None)
    )
    connection.execute(sa.delete(bodies).where(bodies.c.delivery_id.in_(settled)))
    connection.execute(
        sa.update(payloads)
        .where(payloads.c.delivery_id.in_(settled))
        .values(sealed=None)
    )


def _clear_notices(store: Store, before: datetime) -> int:
    old = (
        sa.select(notices.c.id)
        .where(
            notices.c.received_at < before,
            notices.c.sealed.is_not(None),
            # A quarantined one is the only copy of an event: it stays with the log.
            notices.c.status != NoticeStatus.QUARANTINED.value,
        )
        .limit(CHUNK)
    )
    return _in_chunks(store, old, _clear_sealed)


def _clear_sealed(connection: sa.Connection, ids: Sequence[int]) -> None:
    connection.execute(
        sa.update(notices).where(notices.c.id.in_(ids)).values(sealed=None)
    )


def _forget_deliveries(store: Store, before: datetime) -> int:
    old = (
        sa.select(deliveries.c.id)
        .where(deliveries.c.received_at < before, deliveries.c.settled_at < before)
        .limit(CHUNK)
    )
    return _in_chunks(store, old, _forget)


def _forget(connection: sa.Connection, ids: Sequence[int]) -> None:
    for table in (bodies, payloads, delivery_attempts):
        connection.execute(sa.delete(table).where(table.c.delivery_id.in_(ids)))
    connection.execute(sa.delete(deliveries).where(deliveries.c.id.in_(ids)))


def _forget_traces(store: Store, before: datetime, yesterday: datetime) -> None:
    for table, age, oldest in (
        (notices, notices.c.received_at, before),
        (attempts, attempts.c.at, before),
        (claims, claims.c.claimed_at, yesterday),
    ):
        old = sa.select(table.c.id).where(age < oldest).limit(CHUNK)
        _in_chunks(store, old, partial(_delete, table))
    with store.write() as connection:
        connection.execute(sa.delete(workers).where(workers.c.seen_at < yesterday))


def _delete(table: sa.Table, connection: sa.Connection, ids: Sequence[int]) -> None:
    connection.execute(sa.delete(table).where(table.c.id.in_(ids)))


def _in_chunks(
    store: Store,
    query: sa.Select[int],
    clear: Callable[[sa.Connection, Sequence[int]], None],
) -> int:
    n_cleared = 0
    while True:
        with store.read() as connection:
            ids = list(connection.execute(query).scalars())
        if not ids:
            return n_cleared
        with store.write() as connection:
            clear(connection, ids)
        n_cleared += len(ids)
