"""What a month's report needs beside the two lists, counted inside the database."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from forwarder.core.delivery import Status
from forwarder.core.event import Kind
from forwarder.store.engine import Store
from forwarder.store.schema import MICROSECOND, deliveries, from_us, to_us, us_of
from forwarder.store.schema_clicks import click_joins
from forwarder.store.schema_report import mirror_events

LATE = timedelta(hours=1)


def began_at(store: Store, destination: str) -> datetime | None:
    """Return when our own log begins; None when it is empty."""
    oldest = sa.func.min(us_of(deliveries.c.occurred_at))
    query = sa.select(oldest).where(deliveries.c.destination == destination)
    with store.read() as connection:
        found = connection.execute(query).scalar()
    return None if found is None else from_us(found)


def knows_before(store: Store, destination: str, until: datetime) -> bool:
    """Say whether we know of an event, or of the click behind one, before this time."""
    events = sa.select(deliveries.c.id).where(
        deliveries.c.destination == destination, deliveries.c.occurred_at < until
    )
    joins = sa.select(click_joins.c.delivery_id).where(click_joins.c.clicked_at < until)
    query = sa.select(sa.or_(sa.exists(events), sa.exists(joins)))
    with store.read() as connection:
        return bool(connection.execute(query).scalar())


def mirror_began_at(store: Store, endpoints: Sequence[str]) -> datetime | None:
    """Return when the first browser reported for these shops; None when none did."""
    return _mirrored_at(store, endpoints, sa.func.min(_RECEIVED_US))


def mirror_last_at(store: Store, endpoints: Sequence[str]) -> datetime | None:
    """Return when the last browser reported for these shops; None when none did."""
    return _mirrored_at(store, endpoints, sa.func.max(_RECEIVED_US))


_RECEIVED_US: sa.ColumnElement[int] = us_of(mirror_events.c.received_at)


def _mirrored_at(
    store: Store, endpoints: Sequence[str], us: sa.ColumnElement[int]
) -> datetime | None:
    query = sa.select(us).where(mirror_events.c.endpoint.in_(endpoints))
    with store.read() as connection:
        found = connection.execute(query).scalar()
    return None if found is None else from_us(found)


def late_counts(
    store: Store, destination: str, since: datetime, until: datetime
) -> dict[Kind, tuple[int, int]]:
    """Return, by kind, how many accepted events went over an hour late, of all."""
    at_us, settled_us = (
        us_of(column) for column in (deliveries.c.occurred_at, deliveries.c.settled_at)
    )
    is_late = settled_us - at_us > LATE // MICROSECOND
    query = (
        sa.select(
            deliveries.c.kind,
            sa.func.sum(sa.case((is_late, 1), else_=0)).label("n_late"),
            sa.func.count().label("n"),
        )
        .where(
            deliveries.c.destination == destination,
            deliveries.c.status == Status.DELIVERED.value,
            sa.not_(deliveries.c.is_test),
            at_us >= to_us(since),
            at_us < to_us(until),
        )
        .group_by(deliveries.c.kind)
    )
    with store.read() as connection:
        rows = connection.execute(query).all()
    return {Kind(row.kind): (int(row.n_late), row.n) for row in rows}
