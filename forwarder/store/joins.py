"""Which click an event came from: what ties them, and what was found."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from forwarder.core.event import Kind
from forwarder.store.engine import Store
from forwarder.store.identity import click_identity
from forwarder.store.join_marks import PERSON, TOKEN, Marked
from forwarder.store.schema import deliveries
from forwarder.store.schema_clicks import click_joins, click_marks, clicks, links
from forwarder.store.seal import Unopenable


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
    """Keep what was found; return how many are new or different.

    An order that is tied stays as it is when it comes again, after the log forgot it.
    """
    if not joins:
        return 0
    ids = [one.of.delivery_id for one in joins]
    with store.write() as connection:
        tied = _tied_before(connection, [one.of for one in joins])
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
        rows = [
            _row(one, places.get(one.slug, ("", "")))
            for one in joins
            if _order(one.of) not in tied
        ]
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


_Order = tuple[str, str, str | None]


def _order(of: Marked) -> _Order:
    return of.endpoint, of.kind.value, of.order_id


def _tied_before(connection: sa.Connection, found: Sequence[Marked]) -> set[_Order]:
    """Return the orders of these events that are tied by another number."""
    of = click_joins.c
    query = sa.select(of.endpoint, of.kind, of.order_id).where(
        of.occurred_at.in_({one.occurred_at for one in found}),
        of.order_id.in_({one.order_id for one in found if one.order_id}),
        of.delivery_id.not_in({one.delivery_id for one in found}),
    )
    return {(row.endpoint, row.kind, row.order_id) for row in connection.execute(query)}


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
