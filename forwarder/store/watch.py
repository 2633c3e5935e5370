"""What the service watches itself by: readings, volumes, and a few counts.

Each question is answered through an index or from a bounded number of rows: it is
asked every minute, also beside a million deliveries.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from forwarder.core.delivery import NoticeStatus, Status
from forwarder.store.cutoff import ANSWER_LOST
from forwarder.store.engine import Store
from forwarder.store.jobs import OF_DELIVERIES
from forwarder.store.schema import EPOCH, deliveries, duties, notices, workers
from forwarder.store.schema_alerts import measures
from forwarder.store.schema_jobs import jobs
from forwarder.store.upsert import insert_into

SAMPLE = 1_000  # the newest rows that a share is taken from


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """The last reading of a gauge. Units: the name ends in them."""

    name: str
    subject: str
    value: float
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What waits for a destination. `n_lost` of them are waiting since a lost answer.

    `oldest_at` is when the oldest was received, `oldest_lost_at` when the oldest of
    those was; None when there is none.
    """

    destination: str
    n: int
    n_lost: int
    oldest_at: datetime
    oldest_lost_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many of the newest were of a kind."""

    subject: str
    n: int
    n_all: int


def note_measure(
    store: Store, name: str, subject: str, value: float, now: datetime
) -> None:
    """Replace the last reading of a gauge."""
    row = {"name": name, "subject": subject, "value": value, "at": now}
    insert = insert_into(measures, store.engine)
    changes = {"value": insert.excluded.value, "at": insert.excluded.at}
    statement = insert.values(row).on_conflict_do_update(
        index_elements=["name", "subject"], set_=changes
    )
    with store.write() as connection:
        connection.execute(statement)


def all_measures(store: Store) -> list[Measure]:
    """Return the last reading of each gauge."""
    query = sa.select(measures).order_by(measures.c.name, measures.c.subject)
    with store.read() as connection:
        return [Measure(**row) for row in connection.execute(query).mappings()]


def forget_measures(store: Store, before: datetime) -> None:
    """Delete readings that nobody renewed since: their machine or rule is gone."""
    with store.write() as connection:
        connection.execute(sa.delete(measures).where(measures.c.at < before))


_PENDING = deliveries.c.status == sa.literal_column("'pending'")  # the index's words


def waiting(store: Store) -> list[Waiting]:
    """Return what waits, by destination, through the index of due rows."""
    table = deliveries.c
    is_lost = table.reason == ANSWER_LOST
    query = (
        sa.select(
            table.destination,
            sa.func.count().label("n"),
            sa.func.count().filter(is_lost).label("n_lost"),
            sa.func.min(table.received_at).label("oldest_at"),
            sa.func.min(table.received_at).filter(is_lost).label("oldest_lost_at"),
        )
        .where(_PENDING)
        .group_by(table.destination)
        .order_by(table.destination)
    )
    with store.read() as connection:
        return [Waiting(**row) for row in connection.execute(query).mappings()]


def refused_since(store: Store, since: datetime) -> dict[str, int]:
    """Return how many deliveries were refused since then, by reason.

    Through the index of refused rows, however many others there are.
    """
    query = (
        sa.select(deliveries.c.reason, sa.func.count().label("n"))
        .where(
            deliveries.c.status == sa.literal_column("'refused'"),
            deliveries.c.settled_at >= since,
        )
        .group_by(deliveries.c.reason)
        .order_by(deliveries.c.reason)
    )
    with store.read() as connection:
        return {row.reason: row.n for row in connection.execute(query)}


def refused_share(store: Store, since: datetime) -> list[Share]:
    """Return, by destination, the share refused among the newest that are settled."""
    table = deliveries.c
    newest = (
        sa.select(table.destination, table.status)
        .where(table.received_at >= since)
        .order_by(table.received_at.desc())
        .limit(SAMPLE)
        .subquery()
    )
    final = [Status.DELIVERED.value, Status.REFUSED.value]
    return _shares(
        store, newest, newest.c.destination, newest.c.status, final, Status.REFUSED
    )


def quarantined_share(store: Store, since: datetime) -> list[Share]:
    """Return, by endpoint, the share quarantined among the newest webhooks."""
    newest = (
        sa.select(notices.c.endpoint, notices.c.status)
        .where(notices.c.received_at >= since)
        .order_by(notices.c.received_at.desc())
        .limit(SAMPLE)
        .subquery()
    )
    every = [status.value for status in NoticeStatus]
    held = NoticeStatus.QUARANTINED
    return _shares(store, newest, newest.c.endpoint, newest.c.status, every, held)


def _shares(
    store: Store,
    newest: sa.Subquery,
    subject: sa.ColumnElement[str],
    status: sa.ColumnElement[str],
    counted: Sequence[str],
    wanted: str,
) -> list[Share]:
    query = (
        sa.select(
            subject.label("subject"),
            sa.func.count().filter(status == wanted).label("n"),
            sa.func.count().label("n_all"),
        )
        .select_from(newest)
        .where(status.in_(counted))
        .group_by(subject)
        .order_by(subject)
    )
    with store.read() as connection:
        return [Share(**row) for row in connection.execute(query).mappings()]


def conflicts(store: Store, since: datetime) -> list[Share]:
    """Return, by endpoint, how many of the newest webhooks came with another body."""
    newest = (
        sa.select(notices.c.endpoint, notices.c.is_conflict)
        .where(notices.c.received_at >= since)
        .order_by(notices.c.received_at.desc())
        .limit(SAMPLE)
        .subquery()
    )
    query = (
        sa.select(
            newest.c.endpoint.label("subject"),
            sa.func.count().filter(newest.c.is_conflict).label("n"),
            sa.func.count().label("n_all"),
        )
        .group_by(newest.c.endpoint)
        .order_by(newest.c.endpoint)
    )
    with store.read() as connection:
        return [Share(**row) for row in connection.execute(query).mappings()]


def forget_workers(store: Store, before: datetime) -> None:
    """Delete workers that nobody has seen since: each restart makes a new one."""
    with store.write() as connection:
        connection.execute(sa.delete(workers).where(workers.c.seen_at < before))


def forget_worker(store: Store, name: str) -> None:
    """Delete a worker that ended in order."""
    with store.write() as connection:
        connection.execute(sa.delete(workers).where(workers.c.name == name))


def last_duty(store: Store, job: str) -> datetime | None:
    """Return when a periodic job was last taken; None if never."""
    query = sa.select(sa.func.max(duties.c.done_at)).where(duties.c.job == job)
    with store.read() as connection:
        return connection.execute(query).scalar()


def forget_duties(store: Store, job: str, now: datetime) -> None:
    """Delete the notes of a frequent job, but for those of the last day."""
    before = now - timedelta(days=1)
    with store.write() as connection:
        connection.execute(
            sa.delete(duties).where(duties.c.job == job, duties.c.done_at < before)
        )


def refused_now(store: Store) -> dict[str, int]:
    """Return how many refused deliveries the log holds, by reason."""
    return refused_since(store, EPOCH)


def oldest_planned(store: Store) -> tuple[int, datetime] | None:
    """Return the first job that nobody has begun, and since when it waits."""
    query = sa.select(jobs.c.id, jobs.c.created_at).where(
        jobs.c.state == sa.literal_column("'planned'")
    )
    with store.read() as connection:
        row = connection.execute(query.order_by(jobs.c.id).limit(1)).first()
    return None if row is None else (row.id, row.created_at)


def n_remaining(store: Store) -> int:
    """Return how many deliveries the jobs that are not over have still to look at."""
    left = sa.func.sum(jobs.c.n_planned - jobs.c.n_done)
    query = sa.select(sa.func.coalesce(left, 0)).where(
        jobs.c.ended_at.is_(None), jobs.c.kind.in_(OF_DELIVERIES)
    )
    with store.read() as connection:
        return int(connection.execute(query).scalar_one())
