"""What may tie an event to a click, as keyed hashes: noted once, and found again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from forwarder.core.event import Event, Kind
from forwarder.store.claimed import open_event
from forwarder.store.engine import Store
from forwarder.store.funnel import UNDONE
from forwarder.store.schema import bodies, deliveries
from forwarder.store.schema_clicks import click_joins, click_marks
from forwarder.store.upsert import insert_into

TOKEN, EPIK, PERSON, CODE = "token", "epik", "person", "code"  # what a mark is of
CAMPAIGN = "campaign"  # likewise; of the page where an order's visit began
_CURSOR = "cursor"
BATCH = 500
COMMITTED_AFTER = timedelta(seconds=10)  # PostgreSQL may commit ids out of order


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """A delivery nobody has looked at for clicks. `event` None: it was cleared.

    `undoes` is the number of the order that it takes back, in whole or in part.
    """

    id: int
    event: Event | None = field(repr=False)
    undoes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """An event that may belong to a click, with its marks by what they are made of."""

    delivery_id: int
    endpoint: str
    kind: Kind
    order_id: str | None
    value_minor: int | None
    currency: str | None
    occurred_at: datetime
    marks: Mapping[str, frozenset[str]] = field(repr=False)


def fresh(store: Store, now: datetime) -> Sequence[Fresh]:
    """Return the next deliveries that nobody has looked at, in their order."""
    after = sa.select(sa.cast(click_marks.c.mark, sa.BigInteger)).where(
        click_marks.c.what == _CURSOR
    )
    query = (
        sa.select(
            deliveries.c.id,
            deliveries.c.destination,
            deliveries.c.kind,
            deliveries.c.event_id,
            deliveries.c.order_id,
            bodies.c.sealed.label("body"),
        )
        .outerjoin(bodies, bodies.c.delivery_id == deliveries.c.id)
        .where(
            deliveries.c.id > sa.func.coalesce(after.scalar_subquery(), 0),
            deliveries.c.received_at
            < (now if store.is_sqlite else now - COMMITTED_AFTER),
        )
        .order_by(deliveries.c.id)
        .limit(BATCH)
    )
    with store.read() as connection:
        rows = connection.execute(query).all()
    return [
        Fresh(
            id=row.id,
            event=open_event(store, row),
            undoes=row.order_id if row.kind in UNDONE else None,
        )
        for row in rows
    ]


def keep_marks(
    store: Store, marks: Iterable[tuple[int, str, str]], until_id: int, now: datetime
) -> None:
    """Keep (delivery, what, mark) and that all deliveries up to an id were seen."""
    rows = [
        {"delivery_id": one, "what": what, "mark": mark, "at": now}
        for one, what, mark in sorted(set(marks))
    ]
    rows.append({"delivery_id": 0, "what": _CURSOR, "mark": f"{until_id}", "at": now})
    insert = insert_into(click_marks, store.engine)
    with store.write() as connection:
        connection.execute(sa.delete(click_marks).where(click_marks.c.what == _CURSOR))
        connection.execute(insert.on_conflict_do_nothing(), rows)


def marked(store: Store, since: datetime, after_id: int) -> Sequence[Marked]:
    """Return events received since then with their marks, a batch by id."""
    c = deliveries.c
    ids = (
        sa.select(click_marks.c.delivery_id)
        .distinct()
        .where(click_marks.c.delivery_id > after_id, click_marks.c.at >= since)
        .order_by(click_marks.c.delivery_id)
        .limit(BATCH)
    )
    names = ("endpoint", "kind", "order_id", "value_minor", "currency", "occurred_at")
    with store.read() as connection:
        chosen = connection.execute(ids).scalars().all()
        rows = connection.execute(
            sa.select(c.id, *(c[name] for name in names)).where(
                c.id.in_(chosen), sa.not_(c.is_test)
            )
        ).all()
        marks = connection.execute(
            sa.select(click_marks).where(click_marks.c.delivery_id.in_(chosen))
        ).all()
    of: dict[int, dict[str, set[str]]] = {}
    for mark in marks:
        of.setdefault(mark.delivery_id, {}).setdefault(mark.what, set()).add(mark.mark)
    return [
        Marked(
            delivery_id=row.id,
            marks={what: frozenset(told) for what, told in of[row.id].items()},
            **{**{name: getattr(row, name) for name in names}, "kind": Kind(row.kind)},
        )
        for row in sorted(rows, key=lambda row: int(row.id))
    ]


def forget(store: Store, unjoined: datetime, joined: datetime) -> int:
    """Clear marks from before a time, so many at once; return how many.

    Those of joined events and of campaigns later: sums are made of them.
    """
    is_joined = click_marks.c.delivery_id.in_(sa.select(click_joins.c.delivery_id))
    is_over = sa.or_(
        click_marks.c.at < joined,
        sa.and_(
            click_marks.c.at < unjoined,
            click_marks.c.what != CAMPAIGN,
            sa.not_(is_joined),
        ),
    )
    old = sa.and_(is_over, click_marks.c.what != _CURSOR)
    chosen = (
        sa.select(click_marks.c.delivery_id)
        .distinct()
        .where(click_marks.c.delivery_id <= _last_before(store, unjoined), old)
        .order_by(click_marks.c.delivery_id)
        .limit(BATCH)
    )
    n_cleared = 0
    while True:
        with store.read() as connection:
            ids = connection.execute(chosen).scalars().all()
        if not ids:
            return n_cleared
        gone = sa.delete(click_marks).where(click_marks.c.delivery_id.in_(ids), old)
        with store.write() as connection:
            n_cleared += connection.execute(gone).rowcount


def _last_before(store: Store, at: datetime) -> int:
    """Return the last number whose event came before then: marks stand by number."""
    c = deliveries.c
    older = sa.select(c.id).where(c.received_at < at).order_by(c.received_at.desc())
    every = sa.select(sa.func.max(click_marks.c.delivery_id))  # the log is empty
    forgotten = sa.func.coalesce(
        sa.select(sa.func.min(c.id) - 1).scalar_subquery(), every.scalar_subquery()
    )
    with store.read() as connection:
        found = connection.execute(older.limit(1)).scalar()
        found = connection.scalar(sa.select(forgotten)) if found is None else found
    return found or 0
