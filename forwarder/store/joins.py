"""Which click an event came from: what ties them, and what was found."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from forwarder.core.event import Event, Kind
from forwarder.store.claimed import open_event
from forwarder.store.engine import Store
from forwarder.store.identity import click_identity
from forwarder.store.schema import bodies, deliveries
from forwarder.store.schema_clicks import click_joins, click_marks, clicks, links
from forwarder.store.seal import Unopenable

TOKEN, EPIK, PERSON, CODE = "token", "epik", "person", "code"  # what a mark is of
CAMPAIGN = "campaign"  # likewise; of the page where an order's visit began
_CURSOR = "cursor"
BATCH = 500
COMMITTED_AFTER = timedelta(seconds=10)  # PostgreSQL may commit ids out of order


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """A delivery nobody has looked at for clicks. `event` None: it was cleared."""

    id: int
    event: Event | None = field(repr=False)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A click that an event may have come from."""

    id: str
    slug: str
    at: datetime
    mark: str = field(repr=False)
    sealed: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """An event and the click it came from; the first click of the way beside it.

    Of tier 4 no click is known: the times are the event's own.
    """

    of: Marked
    tier: int
    slug: str
    clicked_at: datetime
    first_slug: str
    first_clicked_at: datetime
    is_repeat: bool = False


def has_links(store: Store) -> bool:
    """Say whether there is any link at all: without one nothing is looked at."""
    with store.read() as connection:
        return connection.execute(sa.select(links.c.slug).limit(1)).first() is not None


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
    return [Fresh(id=row.id, event=open_event(store, row)) for row in rows]


def keep_marks(
    store: Store, marks: Iterable[tuple[int, str, str]], until_id: int, now: datetime
) -> None:
    """Keep (delivery, what, mark) and that all deliveries up to an id were seen."""
    rows = [
        {"delivery_id": one, "what": what, "mark": mark, "at": now}
        for one, what, mark in sorted(set(marks))
    ]
    rows.append({"delivery_id": 0, "what": _CURSOR, "mark": f"{until_id}", "at": now})
    insert = (sqlite.insert if store.is_sqlite else postgresql.insert)(click_marks)
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


def clicks_by(store: Store, what: str, marks: Iterable[str]) -> Sequence[Found]:
    """Return the clicks with these digests of tokens or marks, oldest first."""
    column = clicks.c.token_sha256 if what == TOKEN else clicks.c.epik_mac
    query = (
        sa.select(
            clicks.c.id, clicks.c.slug, clicks.c.at, column.label("mark"),
            clicks.c.sealed,
        )
        .where(column.in_(sorted(marks)))
        .order_by(clicks.c.at, clicks.c.id)
    )  # fmt: skip
    with store.read() as connection:
        rows = connection.execute(query).mappings().all()
    return [Found(**row) for row in rows]


def clicks_of_people(store: Store, marks: Iterable[str]) -> Sequence[Found]:
    """Return the clicks that earlier events of these people came from, oldest first."""
    query = (
        sa.select(
            click_joins.c.slug, click_joins.c.clicked_at.label("at"), click_marks.c.mark
        )
        .join(click_joins, click_joins.c.delivery_id == click_marks.c.delivery_id)
        .where(
            click_marks.c.what == PERSON,
            click_marks.c.mark.in_(sorted(marks)),
            click_joins.c.tier < 3,  # noqa: PLR2004  not from one guess to the next
        )
        .order_by(click_joins.c.clicked_at)
    )
    with store.read() as connection:
        rows = connection.execute(query).mappings().all()
    return [Found(id="", **row) for row in rows]


def first_orders(store: Store, marks: Iterable[str]) -> Mapping[str, datetime]:
    """Return when each of these people bought first, of the orders still marked."""
    query = (
        sa.select(click_marks.c.mark, sa.func.min(deliveries.c.occurred_at).label("at"))
        .join(deliveries, deliveries.c.id == click_marks.c.delivery_id)
        .where(
            click_marks.c.what == PERSON,
            click_marks.c.mark.in_(sorted(marks)),
            deliveries.c.kind == Kind.CHECKOUT.value,
            sa.not_(deliveries.c.is_test),
        )
        .group_by(click_marks.c.mark)
    )
    with store.read() as connection:
        return {row.mark: row.at for row in connection.execute(query)}


def click_id(store: Store, found: Found) -> str:
    """Return Pinterest's id that a click brought; empty if none, or it is sealed."""
    try:
        told = store.sealer.open(found.sealed or b"", click_identity(found.id))
    except Unopenable:
        return ""
    epik: str = msgspec.json.decode(told)["epik"]
    return epik


def keep(store: Store, joins: Sequence[Join], now: datetime) -> int:
    """Keep what was found; return how many are new or different."""
    if not joins:
        return 0
    ids = [one.of.delivery_id for one in joins]
    with store.write() as connection:
        known = {
            row["delivery_id"]: row
            for row in connection.execute(
                sa.select(click_joins).where(click_joins.c.delivery_id.in_(ids))
            ).mappings()
        }
        places = {
            row.slug: (row.campaign, row.pin_id)
            for row in connection.execute(sa.select(links))
        }
        rows = [_row(one, places.get(one.slug, ("", ""))) for one in joins]
        new = [row for row in rows if not _is_known(row, known)]
        if new:
            connection.execute(
                sa.delete(click_joins).where(
                    click_joins.c.delivery_id.in_([row["delivery_id"] for row in new])
                )
            )
            connection.execute(
                sa.insert(click_joins), [{**row, "joined_at": now} for row in new]
            )
    return len(new)


def _row(join: Join, place: tuple[str, str]) -> dict[str, Any]:
    of = join.of
    return {
        "delivery_id": of.delivery_id,
        "slug": join.slug,
        "campaign": place[0],
        "pin_id": place[1],
        "tier": join.tier,
        "clicked_at": join.clicked_at,
        "first_slug": join.first_slug,
        "first_clicked_at": join.first_clicked_at,
        "endpoint": of.endpoint,
        "kind": of.kind.value,
        "order_id": of.order_id,
        "value_minor": of.value_minor,
        "currency": of.currency,
        "is_repeat": join.is_repeat,
        "occurred_at": of.occurred_at,
    }


def _is_known(row: Mapping[str, Any], known: Mapping[int, sa.RowMapping]) -> bool:
    """Say whether nothing changed; a campaign stays as it was when it was joined."""
    before = known.get(row["delivery_id"])
    told = (
        "slug", "tier", "clicked_at", "first_clicked_at", "value_minor", "is_repeat",
    )  # fmt: skip
    return before is not None and all(before[name] == row[name] for name in told)


def note_clicks(store: Store, delivery_ids: Sequence[int]) -> None:
    """Let the log say that these deliveries carry a click id."""
    statement = sa.update(deliveries).where(deliveries.c.id.in_(delivery_ids))
    with store.write() as connection:
        connection.execute(statement.values(has_click=True))


def forget(store: Store, unjoined: datetime, joined: datetime) -> int:
    """Clear marks from before a time; return how many.

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
    with store.write() as connection:
        return connection.execute(sa.delete(click_marks).where(old)).rowcount
