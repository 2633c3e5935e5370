"""Who came by which first click, and what they ordered since: kept, and added up.

People are recognised by keyed hashes of e-mail and phone alone, for a year after their
first click. What they ordered stays without them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
import sqlalchemy as sa

from forwarder.store.engine import Store
from forwarder.store.funnel import BACK_MINOR, RUNNING, UNDONE
from forwarder.store.schema import DAY_US, deliveries, us_of
from forwarder.store.schema_customers import (
    customer_marks,
    customer_orders,
    customers,
)
from forwarder.store.upsert import insert_into

_NAMES: Final = [column.name for column in customers.columns]
HORIZONS: Final = (30, 90, 365)  # days after the first click
YEAR: Final = timedelta(days=HORIZONS[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Somebody and the first click known of them, on the link `slug`."""

    id: int
    slug: str
    clicked_at: datetime
    endpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """An order of a customer. Units: `value_minor`, nought where it was not told."""

    delivery_id: int
    customer: int
    endpoint: str
    order_id: str | None
    currency: str | None
    value_minor: int
    occurred_at: datetime
    is_repeat: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What the customers of one link ordered until so many days after their click.

    Units: minor, less what was given back. Each order is in one line: that of the
    first horizon that holds it.
    """

    slug: str
    days: int
    currency: str | None
    is_repeat: bool
    n: int
    minor: int


def known(store: Store, marks: Collection[str]) -> Mapping[str, Customer]:
    """Return the customers that these marks are of, by mark."""
    query = (
        sa.select(customer_marks.c.mark, customers)
        .join(customers, customers.c.id == customer_marks.c.customer)
        .where(customer_marks.c.mark.in_(sorted(marks)))
    )
    with store.read() as connection:
        rows = connection.execute(query).mappings().all()
    return {
        row["mark"]: Customer(**{name: row[name] for name in _NAMES}) for row in rows
    }


def orders_of(store: Store, ids: Collection[int]) -> Sequence[Ordered]:
    """Return the orders of these customers, the oldest first."""
    of = customer_orders.c
    query = (
        sa.select(*(of[name] for name in Ordered.__dataclass_fields__))
        .where(of.customer.in_(sorted(ids)))
        .order_by(of.occurred_at, of.delivery_id)
    )
    with store.read() as connection:
        rows = connection.execute(query).mappings().all()
    return [Ordered(**row) for row in rows]


def keep(
    store: Store,
    found: Iterable[Customer],
    marks: Mapping[str, int],
    orders: Sequence[Ordered],
) -> None:
    """Keep customers, their marks and their orders; what is there is brought up to now.

    What was given back for new orders before is looked up.
    """
    with store.write() as connection:
        _replace(connection, customers, "id", [_row(one) for one in found])
        _replace(
            connection,
            customer_marks,
            "mark",
            [{"mark": mark, "customer": customer} for mark, customer in marks.items()],
        )
        _add(connection, orders)
        _take_back(connection, [one.order_id for one in orders])


def _add(connection: sa.Connection, orders: Sequence[Ordered]) -> None:
    """Keep each order once: the log forgets it, and a shop may tell it again."""
    if not orders:
        return
    insert = insert_into(customer_orders, connection).on_conflict_do_nothing()
    rows = [{**_row(one), "undone_minor": 0, "undone_by": None} for one in orders]
    connection.execute(insert, rows)
    repeats = [one.delivery_id for one in orders if one.is_repeat]
    connection.execute(
        sa.update(customer_orders)
        .where(customer_orders.c.delivery_id.in_(repeats))
        .values(is_repeat=True)
    )


def _row(one: Customer | Ordered) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__dataclass_fields__}


def _replace(
    connection: sa.Connection,
    table: sa.Table,
    key: str,
    rows: Sequence[Mapping[str, Any]],
) -> None:
    if not rows:
        return
    insert = insert_into(table, connection)
    update = {name: insert.excluded[name] for name in rows[0] if name != key}
    connection.execute(
        insert.on_conflict_do_update(index_elements=[key], set_=update), rows
    )


def take_back(store: Store, order_ids: Collection[str]) -> None:
    """Note what was given back for these orders by now."""
    if order_ids:
        with store.write() as connection:
            _take_back(connection, order_ids)


def _take_back(connection: sa.Connection, order_ids: Iterable[str | None]) -> None:
    """Add what the log tells to what was noted: it forgets, and shops tell it again."""
    of, wanted = customer_orders.c, sorted({one for one in order_ids if one})
    told = _told_back(connection, wanted) if wanted else {}
    query = sa.select(customer_orders).where(of.order_id.in_(wanted))
    for row in connection.execute(query).all() if told else ():
        known: dict[str, int] = orjson.loads(row.undone_by or "{}")
        back = _most(known, told.get((row.endpoint, row.order_id), {}))
        if back != known:
            minor = max(row.undone_minor, min(row.value_minor, sum(back.values())))
            text = orjson.dumps(back).decode()
            connection.execute(
                sa.update(customer_orders)
                .where(of.delivery_id == row.delivery_id)
                .values(undone_minor=minor, undone_by=text)
            )


def _told_back(
    connection: sa.Connection, order_ids: Sequence[str]
) -> Mapping[tuple[str, str], dict[str, int]]:
    """Return what the log tells to be given back, by order and event. Units: minor.

    Events that tell the sum so far are one, by the name of their source.
    """
    c, found = deliveries.c, dict[tuple[str, str], dict[str, int]]()
    by = sa.case((c.source.in_(RUNNING), c.source), else_=c.event_id)
    query = sa.select(c.endpoint, c.order_id, by, BACK_MINOR).where(
        c.kind.in_(UNDONE), c.order_id.in_(order_ids)
    )
    for endpoint, order_id, name, minor in connection.execute(query):
        of_order = found.setdefault((endpoint, order_id), {})
        of_order.update(_most(of_order, {name: minor}))
    return found


def _most(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    """Return both as one, of each name the larger amount."""
    return {
        name: max(one.get(name, 0), other.get(name, 0)) for name in {**one, **other}
    }


def brought(store: Store, since: datetime, until: datetime) -> Sequence[Brought]:
    """Return what people ordered until a time whose first click was since another."""
    of, who = customer_orders.c, customers.c
    after = us_of(of.occurred_at) - us_of(who.clicked_at)
    *shorter, longest = HORIZONS
    days = sa.case(*((after <= n * DAY_US, n) for n in shorter), else_=longest).label(
        "days"
    )
    groups = (who.slug, days, of.currency, of.is_repeat)
    left = sa.func.sum(of.value_minor - of.undone_minor)
    query = (
        sa.select(
            *groups,
            sa.func.count().label("n"),
            sa.cast(left, sa.BigInteger).label("minor"),
        )
        .join(customers, who.id == of.customer)
        .where(who.clicked_at >= since, who.clicked_at < until, of.occurred_at < until)
        .group_by(*groups)
        .order_by(*groups)
    )
    with store.read() as connection:
        rows = connection.execute(query).mappings().all()
    return [Brought(**row) for row in rows]


def people(store: Store, since: datetime, until: datetime) -> Mapping[str, list[int]]:
    """Return how many first clicked each link between two times.

    Shape: all of them, then those whose 30, 90 and 365 days were over by `until`.
    """
    who = customers.c
    over = (
        sa.func.sum(sa.case((who.clicked_at < until - timedelta(days=n), 1), else_=0))
        for n in HORIZONS
    )
    query = (
        sa.select(who.slug, sa.func.count(), *over)
        .where(who.clicked_at >= since, who.clicked_at < until)
        .group_by(who.slug)
    )
    with store.read() as connection:
        rows = connection.execute(query).all()
    return {slug: [int(n) for n in numbers] for slug, *numbers in rows}


def forget(store: Store, before: datetime) -> int:
    """Clear the marks of people whose first click is older; return how many."""
    old = sa.select(customers.c.id).where(customers.c.clicked_at < before)
    clear = sa.delete(customer_marks).where(customer_marks.c.customer.in_(old))
    with store.write() as connection:
        return connection.execute(clear).rowcount


def erase(store: Store, marks: Collection[str] | None, endpoint: str | None) -> None:
    """Take people away with all their orders: those with these marks, at any endpoint.

    Without marks everybody first seen at an endpoint, or at all, and its orders.
    """
    with store.write() as connection:
        if marks is not None:
            take_away(connection, marks)
            return
        everybody, of = sa.select(customers.c.id), customer_orders.c.endpoint
        if endpoint is not None:
            everybody = everybody.where(customers.c.endpoint == endpoint)
            connection.execute(sa.delete(customer_orders).where(of == endpoint))
        _delete(connection, everybody)


def take_away(connection: sa.Connection, marks: Collection[str]) -> None:
    """Take away whoever has one of these marks, with all their orders."""
    of = customer_marks.c
    mine = sa.select(of.customer).where(of.mark.in_(sorted(marks)))
    _delete(connection, connection.execute(mine).scalars().all())


def _delete(connection: sa.Connection, ids: Sequence[int] | sa.Select[int]) -> None:
    for column in (
        customer_orders.c.customer,
        customer_marks.c.customer,
        customers.c.id,  # last: a query over it says whom
    ):
        connection.execute(sa.delete(column.table).where(column.in_(ids)))
