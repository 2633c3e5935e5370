"""What clicks led to, added up inside the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forwarder.core.event import Kind
from forwarder.store.engine import Store
from forwarder.store.schema import deliveries
from forwarder.store.schema_clicks import click_counts, click_joins

UNDONE = (Kind.REFUND.value, Kind.CANCEL.value, Kind.DISPUTE.value)
RUNNING = ("lemonsqueezy",)  # sources whose refunds tell the sum paid back so far
# What one of these gives back; of a whole order it is more than any order costs.
BACK_MINOR: sa.ColumnElement[int] = sa.case(
    (deliveries.c.kind == Kind.CANCEL.value, sa.literal(2**53)),
    else_=sa.func.coalesce(deliveries.c.value_minor, sa.literal(2**53)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Led:
    """Events of one kind, tier and currency that came from one link's clicks.

    Units: `value_minor` with what was given back, `undone_minor` is that;
    `repeat_minor` is what people who had bought before paid, less what they got back.
    """

    slug: str
    kind: Kind
    tier: int
    currency: str | None
    n: int
    n_repeat: int
    value_minor: int
    undone_minor: int
    repeat_minor: int


def led(
    store: Store, since: datetime, until: datetime, *, by_first: bool = False
) -> Sequence[Led]:
    """Return what each link led to, by kind; the last click counts, or the first."""
    of = click_joins.c
    given_back = given_back_of(
        sa.select(of.order_id).where(of.occurred_at >= since, of.occurred_at < until)
    )
    slug = (of.first_slug if by_first else of.slug).label("slug")
    groups = (slug, of.kind, of.tier, of.currency)
    is_of_sale = sa.and_(
        given_back.c.order_id == of.order_id,
        given_back.c.endpoint == of.endpoint,
        of.kind == Kind.CHECKOUT.value,
    )
    query = (
        sa.select(*groups, *_sums(given_back, is_sqlite=store.is_sqlite))
        .outerjoin(given_back, is_of_sale)
        .where(
            of.occurred_at >= since,
            of.occurred_at < until,
            of.kind.not_in(UNDONE),
        )
        .group_by(*groups)
        .order_by(*groups)
    )
    with store.read() as connection:
        rows = connection.execute(query).mappings().all()
    return [Led(**{**row, "kind": Kind(row["kind"])}) for row in rows]


def _sums(
    given_back: sa.Subquery, *, is_sqlite: bool
) -> tuple[sa.ColumnElement[Any], ...]:
    of = click_joins.c
    value = sa.func.coalesce(of.value_minor, 0)
    undone = undone_of(value, given_back, is_sqlite=is_sqlite)
    repeat = sa.case((of.is_repeat, value - undone), else_=0)
    return (
        sa.func.count().label("n"),
        _sum(sa.case((of.is_repeat, 1), else_=0), "n_repeat"),
        _sum(value, "value_minor"),
        _sum(undone, "undone_minor"),
        _sum(repeat, "repeat_minor"),
    )


def undone_of(
    value: sa.ColumnElement[int], given_back: sa.Subquery, *, is_sqlite: bool
) -> sa.ColumnElement[int]:
    """Return what of an order's value was given back: of none more than it cost."""
    least = sa.func.min if is_sqlite else sa.func.least
    return least(value, sa.func.coalesce(given_back.c.minor, 0))


def given_back_of(orders: sa.Select[Any]) -> sa.Subquery:
    """Return, by order, what was refunded; an order that was cancelled, all of it.

    Shape: `orders` are the numbers of those that are asked for; they lead to the rows,
    so that not every refund there ever was is read.
    """
    c = deliveries.c
    is_running = sa.func.max(c.source).in_(RUNNING)  # one endpoint, one source
    minor = sa.case(
        (is_running, sa.func.max(BACK_MINOR)), else_=sa.func.sum(BACK_MINOR)
    )
    return (
        sa.select(c.order_id, c.endpoint, sa.cast(minor, sa.BigInteger).label("minor"))
        .where(
            c.kind.in_(UNDONE),
            c.order_id.in_(orders.correlate(None)),
            c.order_id.is_not(None),
        )
        .group_by(c.order_id, c.endpoint)
        .subquery("given_back")
    )


def _sum(column: Any, name: str) -> sa.ColumnElement[int]:  # noqa: ANN401  SQLAlchemy's
    return sa.cast(sa.func.sum(column), sa.BigInteger).label(name)


def landings(store: Store, since: datetime, until: datetime) -> Mapping[str, int]:
    """Return how many visits began on a page of the shop itself, by link."""
    query = (
        sa.select(click_counts.c.slug, _sum(click_counts.c.n_landings, "n"))
        .where(
            click_counts.c.on_day >= f"{since:%Y-%m-%d}",
            click_counts.c.on_day < f"{until:%Y-%m-%d}",
        )
        .group_by(click_counts.c.slug)
    )
    with store.read() as connection:
        return {row.slug: row.n for row in connection.execute(query)}
