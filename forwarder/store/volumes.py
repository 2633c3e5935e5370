"""How many events came per hour: what a quiet hour is judged by.

Counted from the log in steps of at most an hour, each exactly once, whoever does it.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from forwarder.store.engine import Store
from forwarder.store.schema import deliveries
from forwarder.store.schema_alerts import measures, volumes
from forwarder.store.upsert import insert_into

HOUR = timedelta(hours=1)
KEPT = timedelta(weeks=9)
LAG = timedelta(minutes=2)  # a commit may come this much after the time it notes
COUNTED_TO = "volumes_counted"  # its time is the mark
STEPS_MAX = 200  # at the first time eight weeks are counted, over some minutes

Hours = Mapping[datetime, int]


def count_volumes(store: Store, now: datetime) -> datetime:
    """Count what came since the last time; return up to when everything is counted."""
    upto = now - LAG
    for _ in range(STEPS_MAX):
        reached = _count_step(store, now, upto)
        if reached >= upto:
            break
    with store.write() as connection:
        connection.execute(sa.delete(volumes).where(volumes.c.hour < now - KEPT))
    return reached


def _count_step(store: Store, now: datetime, upto: datetime) -> datetime:
    """Count one hour, or what of it is over; the mark moves in the same commit."""
    with store.write() as connection:
        start = _mark(connection, now)
        end = min(start.replace(minute=0, second=0, microsecond=0) + HOUR, upto)
        if end <= start:
            return start
        hour = start.replace(minute=0, second=0, microsecond=0)
        for row in connection.execute(_COUNT, {"start": start, "end": end}):
            key = {"endpoint": row.endpoint, "kind": row.kind, "hour": hour}
            connection.execute(_add(store), {**key, "n": row.n})
        connection.execute(_set_mark(store, end))
    return end


def _mark(connection: sa.Connection, now: datetime) -> datetime:
    """Return up to when was counted; locks it, so that two never count the same."""
    query = sa.select(measures.c.at).where(measures.c.name == COUNTED_TO)
    found: datetime | None = connection.execute(query.with_for_update()).scalar()
    if found is not None:
        return max(found, now - KEPT)
    oldest = connection.execute(sa.select(sa.func.min(deliveries.c.received_at)))
    first: datetime | None = oldest.scalar()
    return now - LAG if first is None else max(first, now - KEPT)


def _set_mark(store: Store, end: datetime) -> sa.sql.expression.Executable:
    insert = insert_into(measures, store.engine)
    row = {"name": COUNTED_TO, "subject": "", "value": 0.0, "at": end}
    return insert.values(row).on_conflict_do_update(
        index_elements=["name", "subject"], set_={"at": end}
    )


_COUNT = (
    sa.select(deliveries.c.endpoint, deliveries.c.kind, sa.func.count().label("n"))
    .where(
        deliveries.c.received_at >= sa.bindparam("start"),
        deliveries.c.received_at < sa.bindparam("end"),
    )
    .group_by(deliveries.c.endpoint, deliveries.c.kind)
)


def _add(store: Store) -> sa.sql.expression.Executable:
    insert = insert_into(volumes, store.engine)
    return insert.on_conflict_do_update(
        index_elements=["endpoint", "kind", "hour"],
        set_={"n": volumes.c.n + insert.excluded.n},
    )


def volumes_by_hour(store: Store) -> dict[tuple[str, str], Hours]:
    """Return the events of each hour by endpoint and kind, without empty hours."""
    found: defaultdict[tuple[str, str], dict[datetime, int]] = defaultdict(dict)
    with store.read() as connection:
        for row in connection.execute(sa.select(volumes)):
            found[row.endpoint, row.kind][row.hour] = row.n
    return dict(found)
