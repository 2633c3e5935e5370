"""How each destination and each worker is: may we call, does anybody work."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from forwarder.store.engine import Store
from forwarder.store.schema import deliveries, destinations, workers

OK = "ok"
BLOCKED = "blocked"
PAUSED = "paused"  # by the platform's own wish, until `not_before`


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """One destination. `not_before` is None when it may be called now."""

    name: str
    state: str
    reason: str
    message: str
    since: datetime
    credential: str
    not_before: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits for one destination. `oldest_at` is when that one was received."""

    destination: str
    n_pending: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One worker process. `worked_at` is None when it has not sent anything yet."""

    name: str
    seen_at: datetime
    worked_at: datetime | None


def health_of(store: Store, name: str) -> Health | None:
    """Return the state of a destination; None when nothing was ever noted."""
    query = sa.select(destinations).where(destinations.c.name == name)
    with store.read() as connection:
        row = connection.execute(query).mappings().first()
    return None if row is None else Health(**row)


def all_health(store: Store) -> list[Health]:
    """Return the state of each destination that was ever called, by name."""
    with store.read() as connection:
        rows = (
            connection.execute(sa.select(destinations).order_by(destinations.c.name))
            .mappings()
            .all()
        )
    return [Health(**row) for row in rows]


def note_health(store: Store, health: Health) -> None:
    """Replace what is known of a destination."""
    row = {name: getattr(health, name) for name in Health.__slots__}
    _upsert(store, destinations, row, "name")


def note_worker(
    store: Store, name: str, now: datetime, *, has_worked: bool = False
) -> None:
    """Write down that a worker is there, and whether it has sent something."""
    row: dict[str, object] = {"name": name, "seen_at": now}
    if has_worked:
        row["worked_at"] = now
    _upsert(store, workers, row, "name")


def all_workers(store: Store) -> list[Worker]:
    """Return every worker that was ever seen, latest first."""
    query = sa.select(workers).order_by(workers.c.seen_at.desc())
    with store.read() as connection:
        rows = connection.execute(query).mappings().all()
    return [Worker(**row) for row in rows]


def backlogs(store: Store) -> list[Backlog]:
    """Return what waits, by destination, through the index of due rows."""
    query = (
        sa.select(
            deliveries.c.destination,
            sa.func.count().label("n_pending"),
            sa.func.min(deliveries.c.received_at).label("oldest_at"),
        )
        .where(deliveries.c.status == sa.literal_column("'pending'"))
        .group_by(deliveries.c.destination)
        .order_by(deliveries.c.destination)
    )
    with store.read() as connection:
        rows = connection.execute(query).mappings().all()
    return [Backlog(**row) for row in rows]


def _upsert(store: Store, table: sa.Table, row: dict[str, object], key: str) -> None:
    insert = sqlite.insert if store.is_sqlite else postgresql.insert
    changes = {name: value for name, value in row.items() if name != key}
    with store.write() as connection:
        connection.execute(
            insert(table)
            .values(row)
            .on_conflict_do_update(index_elements=[key], set_=changes)
        )


def oldest_due(store: Store, now: datetime) -> datetime | None:
    """Return since when the oldest delivery has been due; None when none is.

    Deliveries of a blocked or paused destination do not count: they wait rightly.
    """
    waiting = sa.select(destinations.c.name).where(
        sa.or_(destinations.c.state == BLOCKED, destinations.c.not_before > now)
    )
    query = sa.select(sa.func.min(deliveries.c.next_attempt_at)).where(
        deliveries.c.status == sa.literal_column("'pending'"),
        deliveries.c.enrich.is_(None),
        deliveries.c.next_attempt_at <= now,
        deliveries.c.destination.not_in(waiting),
    )
    with store.read() as connection:
        return connection.execute(query).scalar()
