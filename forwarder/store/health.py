"""How each destination and each worker is: may we call, does anybody work."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from forwarder.store.engine import Store
from forwarder.store.schema import deliveries, destinations, workers
from forwarder.store.upsert import insert_into

ACTIVE = "active"
BLOCKED = "blocked"  # by the platform, until a person acts: a bad token
RATE_LIMITED = "rate_limited"  # by the platform's own wish, until `not_before`
OPEN = "open"  # the breaker: it failed again and again, and is left alone
HALF_OPEN = "half_open"  # one event asks whether it is well again


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """One destination. `not_before` is None when it may be called now.

    `n_failures` counts the requests that failed since one was answered, the last of
    them at `failed_at`; `n_openings` how often it was left alone since, which sets how
    long the next time is. `max_age_s` is None until a worker has told how old an event
    may be. `paused_at` is None unless a person has paused it: that stands beside the
    state, which goes on meanwhile.
    """

    name: str
    state: str
    reason: str
    message: str
    since: datetime
    credential: str
    not_before: datetime | None
    n_failures: int = 0
    n_openings: int = 0
    failed_at: datetime | None = None
    max_age_s: int | None = None
    paused_at: datetime | None = None
    paused_by: str = ""
    pause_reason: str = ""


_PAUSE = frozenset({"paused_at", "paused_by", "pause_reason"})
_STANDING = [name for name in Health.__slots__ if name not in _PAUSE]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aging:
    """What comes near the age at which the platform takes it no more.

    `oldest_at` is when the oldest happened, `deadline_at` when that one is too old.
    """

    destination: str
    n_events: int
    oldest_at: datetime
    deadline_at: datetime


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


def write_health(store: Store, connection: sa.Connection, health: Health) -> None:
    """Replace what is known of a destination, inside a transaction of the caller."""
    row = {name: getattr(health, name) for name in _STANDING}
    _upsert(store, connection, destinations, row)


def note_worker(
    store: Store, name: str, now: datetime, *, has_worked: bool = False
) -> None:
    """Write down that a worker is there, and whether it has sent something."""
    row: dict[str, object] = {"name": name, "seen_at": now}
    if has_worked:
        row["worked_at"] = now
    with store.write() as connection:
        _upsert(store, connection, workers, row)


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


def _upsert(
    store: Store, connection: sa.Connection, table: sa.Table, row: dict[str, object]
) -> None:
    changes = {name: value for name, value in row.items() if name != "name"}
    connection.execute(
        insert_into(table, store.engine)
        .values(row)
        .on_conflict_do_update(index_elements=["name"], set_=changes)
    )


def near_deadline(store: Store, now: datetime, within: timedelta) -> list[Aging]:
    """Return, by destination, what will be too old to be sent within that time.

    Shape: destinations without such events are left out. What a worker has not told
    the largest age of yet is left out too: it has had nothing to send so far.
    """
    found = []
    for health in all_health(store):
        if health.max_age_s is not None:
            max_age = timedelta(seconds=health.max_age_s)
            aging = _aging(store, health.name, max_age, now + within - max_age)
            found += [] if aging is None else [aging]
    return found


def _aging(
    store: Store, destination: str, max_age: timedelta, before: datetime
) -> Aging | None:
    with store.read() as connection:
        row = connection.execute(_AGING, {"to": destination, "before": before}).one()
    if not row.n_events:
        return None
    return Aging(
        destination=destination,
        n_events=row.n_events,
        oldest_at=row.oldest_at,
        deadline_at=row.oldest_at + max_age,
    )


_AGING = sa.select(
    sa.func.count().label("n_events"),
    sa.func.min(deliveries.c.occurred_at).label("oldest_at"),
).where(
    deliveries.c.status == sa.literal_column("'pending'"),
    deliveries.c.destination == sa.bindparam("to"),
    deliveries.c.occurred_at
    < sa.bindparam("before", type_=deliveries.c.occurred_at.type),
)


def oldest_due(
    store: Store, now: datetime, names: Collection[str] | None = None
) -> datetime | None:
    """Return since when the oldest delivery has been due; None when none is.

    Deliveries of a destination that is not called now do not count: they wait rightly.
    Nor do those of one that is not among `names`, where these are given.
    """
    waiting = sa.select(destinations.c.name).where(
        sa.or_(
            destinations.c.state.in_([BLOCKED, OPEN, HALF_OPEN]),
            destinations.c.not_before > now,
            destinations.c.paused_at.is_not(None),
        )
    )
    query = sa.select(sa.func.min(deliveries.c.next_attempt_at)).where(
        deliveries.c.status == sa.literal_column("'pending'"),
        deliveries.c.enrich.is_(None),
        deliveries.c.next_attempt_at <= now,
        deliveries.c.destination.not_in(waiting),
    )
    if names is not None:
        query = query.where(deliveries.c.destination.in_(names))
    with store.read() as connection:
        return connection.execute(query).scalar()
