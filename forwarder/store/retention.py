"""Clear what is no longer needed: people first, the log later."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import sqlalchemy as sa

from forwarder.core import failpoints
from forwarder.core.delivery import NoticeStatus, Status
from forwarder.store.engine import Store
from forwarder.store.schema import (
    attempts,
    bodies,
    claims,
    deliveries,
    delivery_attempts,
    duties,
    notices,
    payloads,
    workers,
)
from forwarder.store.schema_jobs import jobs

CHUNK = 500  # rows in one transaction: 40 ms, and the web waits 2 s for a lock
DUTIES = timedelta(days=70)  # a duty of a month is asked for until the next is over
OFTEN = ("reseal", "sweep")  # duties of minutes: nobody asks for yesterday's


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long things stay.

    `person` and `payload` count from settlement, `jobs` from the end of the job, the
    rest from receipt. `repeats` is how long a webhook that comes again
    is recognised.
    """

    person: timedelta
    notice: timedelta
    payload: timedelta
    history: timedelta
    log: timedelta
    repeats: timedelta
    jobs: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What one sweep cleared. Units: rows."""

    people: int = 0
    notices: int = 0
    payloads: int = 0
    history: int = 0
    log_lines: int = 0

    def __bool__(self) -> bool:
        """Say whether it cleared anything at all."""
        return any((self.people, self.notices, self.payloads, self.log_lines))


def sweep(store: Store, keep: Retention, now: datetime) -> Swept:
    """Clear everything whose time is over, and on SQLite from the disk as well."""
    swept = Swept(
        people=_clear_people(store, now - keep.person),
        notices=_clear_notices(store, now - keep.notice),
        payloads=_forget_of(store, payloads, now - keep.payload),
        history=_forget_of(store, delivery_attempts, now - keep.history),
        log_lines=_forget_deliveries(store, now - keep.log),
    )
    failpoints.reach("mid_sweep")
    _forget_notices(store, now - keep.repeats, now - keep.log)
    _forget_traces(store, now - keep.history, now - timedelta(days=1))
    _forget_jobs(store, now - keep.jobs)
    _forget_duties(store, now)
    if swept and store.is_sqlite:
        _empty_wal(store)
    return swept


def _empty_wal(store: Store) -> None:
    """Let go of the log of changes: it holds what was cleared until it is used again.

    Waits for nobody; with a reader at work the next sweep does it.
    """
    connection = store.engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.close()


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


def _forget_of(store: Store, table: sa.Table, before: datetime) -> int:
    """Drop what a table holds of deliveries that were settled before that time.

    Its rows are in the order of deliveries, so the oldest stand first: a number, and
    not a join, ends the search.
    """
    newest = (
        sa.select(deliveries.c.id)
        .where(deliveries.c.received_at < before)
        .order_by(deliveries.c.received_at.desc())
        .limit(1)
    )
    with store.read() as connection:
        last_id = connection.execute(newest).scalar()
    if last_id is None:
        return 0
    old = (
        sa.select(table.c.delivery_id)
        .distinct()
        .join(deliveries, deliveries.c.id == table.c.delivery_id)
        .where(table.c.delivery_id <= last_id, deliveries.c.settled_at < before)
        .order_by(table.c.delivery_id)
        .limit(CHUNK)
    )
    return _in_chunks(store, old, partial(_delete_of, table))


def _delete_of(table: sa.Table, connection: sa.Connection, ids: Sequence[int]) -> None:
    # Read again in this transaction: a replay may just have set one back.
    settled = sa.select(deliveries.c.id).where(
        deliveries.c.id.in_(ids), deliveries.c.settled_at.is_not(None)
    )
    connection.execute(sa.delete(table).where(table.c.delivery_id.in_(settled)))


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


def _forget_notices(store: Store, repeated: datetime, logged: datetime) -> None:
    """Drop what recognises a webhook; one that is held stays as long as the log."""
    is_held = notices.c.status == NoticeStatus.QUARANTINED.value
    is_old = sa.or_(
        sa.and_(notices.c.received_at < repeated, ~is_held),
        sa.and_(notices.c.received_at < logged, is_held),
    )
    is_any = notices.c.received_at < max(repeated, logged)  # its index's words
    old = sa.select(notices.c.id).where(is_any, is_old).limit(CHUNK)
    _in_chunks(store, old, partial(_delete, notices))


def _forget_traces(store: Store, before: datetime, yesterday: datetime) -> None:
    for table, age, oldest in (
        (attempts, attempts.c.at, before),
        (claims, claims.c.claimed_at, yesterday),
    ):
        old = sa.select(table.c.id).where(age < oldest).limit(CHUNK)
        _in_chunks(store, old, partial(_delete, table))
    with store.write() as connection:
        connection.execute(sa.delete(workers).where(workers.c.seen_at < yesterday))


def _forget_jobs(store: Store, before: datetime) -> None:
    old = sa.select(jobs.c.id).where(jobs.c.ended_at < before).limit(CHUNK)
    _in_chunks(store, old, partial(_delete, jobs))


def _forget_duties(store: Store, now: datetime) -> None:
    is_often = duties.c.job.in_(OFTEN)
    is_old = duties.c.done_at < now - timedelta(days=1)
    is_over = sa.or_(duties.c.done_at < now - DUTIES, sa.and_(is_often, is_old))
    with store.write() as connection:
        connection.execute(sa.delete(duties).where(is_over))


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
