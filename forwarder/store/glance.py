"""What the console asks at a glance, each from a bounded number of rows."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from forwarder.core.delivery import Status
from forwarder.store.engine import Store
from forwarder.store.inbox_sql import TRIED, is_posted
from forwarder.store.numbers import newest_since
from forwarder.store.schema import NOT_POSTED, deliveries, notices, us_of
from forwarder.store.schema_alerts import volumes

LOOKED_AT = 50_000  # the newest rows: 40 ms; a million take 800
WEBHOOKS_READ = 2_000  # the newest; each row is as large as its sealed request
FRESH_WITHIN = timedelta(hours=1)  # later, Pinterest counts an event as offline


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What was not sent at an endpoint for one reason, from the first to the last.

    Of deliveries the reason is a word, of webhooks a sentence of their adapter.
    `newest_id` is the number of the last.
    """

    endpoint: str
    source: str
    reason: str
    n: int
    oldest_at: datetime
    newest_at: datetime
    newest_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """What came since a time and what became of it, among the newest rows.

    Shops posted `n_webhooks`; `n_fetched` were asked for there, `n_tests` are samples
    that an operator sent here: the events are of all three. `n_fresh` of the delivered
    ones were taken within an hour of having happened. `is_whole` is False where there
    were more rows than are looked at.
    """

    n_webhooks: int
    n_fetched: int
    n_tests: int
    by_status: Mapping[str, int]
    n_fresh: int
    is_whole: bool

    @property
    def n_events(self) -> int:
        """How many deliveries came of all that came in."""
        return sum(self.by_status.values())

    @property
    def n_delivered(self) -> int:
        """How many of them the platform took."""
        return self.by_status.get(Status.DELIVERED.value, 0)


def refused_groups(store: Store) -> Sequence[Group]:
    """Return what was refused by endpoint and reason, the most first.

    Through the index of refused rows; the newest of them where they are very many.
    """
    table = deliveries.c
    newest = _newest(deliveries, table.status == sa.literal_column("'refused'"))
    return _groups(store, newest)


def held_groups(store: Store) -> Sequence[Group]:
    """Return the quarantined webhooks by endpoint and reason, the most first."""
    held = notices.c.status == sa.literal_column("'quarantined'")
    return _groups(store, _newest(notices, held))


def _newest(table: sa.Table, condition: sa.ColumnElement[bool]) -> sa.Subquery:
    names = ("id", "endpoint", "source", "reason", "received_at")
    query = sa.select(*(table.c[name] for name in names)).where(condition)
    return query.order_by(table.c.id.desc()).limit(LOOKED_AT).subquery()


def _groups(store: Store, newest: sa.Subquery) -> Sequence[Group]:
    keys = (newest.c.endpoint, newest.c.source, newest.c.reason)
    n = sa.func.count().label("n")
    ends = (
        sa.func.min(newest.c.received_at).label("oldest_at"),
        sa.func.max(newest.c.received_at).label("newest_at"),
        sa.func.max(newest.c.id).label("newest_id"),
    )
    query = sa.select(*keys, n, *ends).group_by(*keys).order_by(n.desc(), *keys)
    with store.read() as connection:
        return [Group(**row) for row in connection.execute(query).mappings()]


def funnel(store: Store, since: datetime) -> Funnel:
    """Return what came since then and what became of it, among the newest rows."""
    names = ("status", "occurred_at", "settled_at")
    rows = newest_since(since, LOOKED_AT, *names).subquery()
    late_us = FRESH_WITHIN // timedelta(microseconds=1)
    way_us = us_of(rows.c.settled_at) - us_of(rows.c.occurred_at)
    query = sa.select(
        rows.c.status,
        sa.func.count().label("n"),
        sa.func.count().filter(way_us <= late_us).label("n_fresh"),
    ).group_by(rows.c.status)
    webhooks = sa.select(notices.c.id).where(notices.c.received_at >= since)
    counted = sa.select(sa.func.count()).select_from(
        webhooks.order_by(notices.c.received_at.desc()).limit(LOOKED_AT).subquery()
    )
    with store.read() as connection:
        found = connection.execute(query).all()
        n_notices = connection.execute(counted).scalar_one()
        n_others, n_tests = connection.execute(_not_posted(since)).one()
    by_status = {row.status: row.n for row in found}
    fresh = {row.status: row.n_fresh for row in found}
    return Funnel(
        n_webhooks=max(0, n_notices - n_others),
        n_fetched=n_others - n_tests,
        n_tests=n_tests,
        by_status=by_status,
        n_fresh=fresh.get(Status.DELIVERED.value, 0),
        is_whole=max(n_notices, sum(by_status.values())) < LOOKED_AT,
    )


def _not_posted(since: datetime) -> sa.Select[int, int]:
    """Return how to count what no shop posted, and the tests among it."""
    rows = sa.select(notices.c.delivery_key).where(
        notices.c.received_at >= since, NOT_POSTED
    )
    newest = rows.order_by(notices.c.received_at.desc()).limit(LOOKED_AT).subquery()
    is_test = newest.c.delivery_key.like(f"{TRIED}%")
    return sa.select(sa.func.count(), sa.func.count().filter(is_test)).select_from(
        newest
    )


def last_received(store: Store) -> Mapping[str, datetime]:
    """Return when each endpoint last took a genuine webhook.

    Limits: an endpoint whose last one is not among the newest is told to the hour, and
    not at all where that was longer ago than hours are counted for.
    """
    hour = sa.func.max(volumes.c.hour).label("at")
    old = sa.select(volumes.c.endpoint, hour).where(volumes.c.n > 0)
    columns = (notices.c.endpoint, notices.c.received_at, notices.c.delivery_key)
    rows = sa.select(*columns)
    newest = rows.order_by(notices.c.id.desc()).limit(WEBHOOKS_READ).subquery()
    latest = sa.func.max(newest.c.received_at).label("at")
    posted = sa.select(newest.c.endpoint, latest).where(
        is_posted(newest.c.delivery_key)
    )
    new = posted.group_by(newest.c.endpoint)
    with store.read() as connection:
        known = {
            row.endpoint: row.at
            for row in connection.execute(old.group_by(volumes.c.endpoint))
        }
        return known | {row.endpoint: row.at for row in connection.execute(new)}


def events_by_hour(store: Store, since: datetime) -> Mapping[datetime, int]:
    """Return how many events came in each hour since then; none where none did."""
    n = sa.func.sum(volumes.c.n)
    query = sa.select(volumes.c.hour, n).where(volumes.c.hour >= since)
    with store.read() as connection:
        rows = connection.execute(query.group_by(volumes.c.hour)).all()
    return {hour: int(total) for hour, total in rows}


def busy_hours(store: Store, since: datetime) -> Mapping[str, Sequence[datetime]]:
    """Return the hours since then in which each endpoint sent anything, in order."""
    query = (
        sa.select(volumes.c.endpoint, volumes.c.hour)
        .where(volumes.c.hour >= since, volumes.c.n > 0)
        .distinct()
        .order_by(volumes.c.endpoint, volumes.c.hour)
    )
    found: defaultdict[str, list[datetime]] = defaultdict(list)
    with store.read() as connection:
        for row in connection.execute(query):
            found[row.endpoint].append(row.hour)
    return dict(found)
