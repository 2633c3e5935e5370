"""What clicks and browsers left of a person: find it again, and take it away."""

from collections.abc import Sequence

import sqlalchemy as sa

from forwarder.core.event import Person
from forwarder.store import customers
from forwarder.store.engine import Store
from forwarder.store.join_marks import EPIK, PERSON, TOKEN
from forwarder.store.people import by_mark, marks_of
from forwarder.store.schema import deliveries
from forwarder.store.schema_clicks import click_joins, click_marks, clicks
from forwarder.store.schema_customers import customer_orders
from forwarder.store.schema_report import mirror_events


def deliveries_of(
    store: Store, person: Person | None, endpoint: str | None
) -> list[int]:
    """Return the deliveries that clicks are tied to, of a person or of everybody.

    The ties outlive the person's data: what a click led to is known for longer. An
    endpoint of None means all.
    """
    query = sa.select(deliveries.c.id).join(
        click_marks, click_marks.c.delivery_id == deliveries.c.id
    )
    if person is not None:
        marks = marks_of(store, (*person.email, *person.phone))
        query = query.where(by_mark(marks))
    if endpoint is not None:
        query = query.where(deliveries.c.endpoint == endpoint)
    with store.read() as connection:
        return sorted(set(connection.execute(query).scalars()))


def take_away(connection: sa.Connection, ids: Sequence[int]) -> None:
    """Part these deliveries from their clicks and from what browsers told of them.

    The clicks stay as counts, without token, click id and addresses; what browsers
    told stays without the ids; the orders leave the funnels of their links.
    """
    marks = connection.execute(
        sa.select(click_marks.c.what, click_marks.c.mark).where(
            click_marks.c.delivery_id.in_(ids)
        )
    ).all()
    for what, column in ((TOKEN, clicks.c.token_sha256), (EPIK, clicks.c.epik_mac)):
        mine = [row.mark for row in marks if row.what == what]
        connection.execute(
            sa.update(clicks)
            .where(column.in_(mine))
            .values(token_sha256=None, epik_mac=None, sealed=None)
        )
    customers.take_away(connection, {one.mark for one in marks if one.what == PERSON})
    for table in (click_marks, click_joins, customer_orders):
        connection.execute(sa.delete(table).where(table.c.delivery_id.in_(ids)))
    _unname(connection, ids)


def _unname(connection: sa.Connection, ids: Sequence[int]) -> None:
    """Leave what browsers told without the ids of event and order."""
    of = deliveries.c
    rows = connection.execute(
        sa.select(of.endpoint, of.event_id, of.order_id).where(of.id.in_(ids))
    ).all()
    for endpoint in sorted({row.endpoint for row in rows}):
        mine = [row for row in rows if row.endpoint == endpoint]
        is_told = sa.or_(
            mirror_events.c.event_id.in_([row.event_id for row in mine]),
            mirror_events.c.order_id.in_([row.order_id for row in mine]),
        )
        connection.execute(
            sa.update(mirror_events)
            .where(mirror_events.c.endpoint == endpoint, is_told)
            .values(event_id=None, order_id=None)
        )
