"""The terms that the joins of both lists are written in."""

from typing import Any

import sqlalchemy as sa

from forwarder.core.delivery import Status
from forwarder.core.mirror import TagState
from forwarder.store.report_inputs import LATE
from forwarder.store.schema import MICROSECOND, deliveries

DAY_US = 86_400_000_000
Param = sa.BindParameter[Any]
TO: Param = sa.bindparam("to")
ENDPOINTS: Param = sa.bindparam("endpoints", expanding=True)
SINCE: Param = sa.bindparam("since", type_=sa.BigInteger)
UNTIL: Param = sa.bindparam("until", type_=sa.BigInteger)
ALIVE = TagState.ALIVE.value


def us(column: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    """Return a moment as its microseconds, without turning each into a time."""
    return sa.type_coerce(column, sa.BigInteger)


def is_late() -> sa.Case[int]:
    """Return 1 for what was sent more than an hour after it happened."""
    waited_us = us(deliveries.c.settled_at) - us(deliveries.c.occurred_at)
    return sa.case((waited_us > LATE // MICROSECOND, 1), else_=0)


def counted() -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions of a conversion of ours that counts in the period."""
    at_us = us(deliveries.c.occurred_at)
    return (
        deliveries.c.destination == TO,
        deliveries.c.status == Status.DELIVERED.value,
        at_us >= SINCE,
        at_us < UNTIL,
        is_first_of_its_order(),
    )


def is_first_of_its_order() -> sa.ColumnElement[bool]:
    """One order under two event ids counts once."""
    ours = deliveries.c
    return sa.or_(
        ours.order_id.is_(None),
        ours.order_id.not_in(shared_orders()),
        sa.not_(_earlier_of_ours()),
    )


def shared_orders() -> sa.Select[Any]:
    """Return the ids of orders that more than one delivery has."""
    again = deliveries.alias("again")
    return (
        sa.select(again.c.order_id)
        .where(again.c.order_id.is_not(None))
        .group_by(again.c.order_id)
        .having(sa.func.count() > 1)
    )


def _earlier_of_ours() -> sa.Exists:
    """One order under two event ids counts once."""
    twin, ours = deliveries.alias("twin"), deliveries.c
    return (
        sa.exists()
        .where(
            twin.c.order_id == ours.order_id,
            twin.c.kind == ours.kind,
            twin.c.endpoint == ours.endpoint,
            twin.c.destination == ours.destination,
            twin.c.status == Status.DELIVERED.value,
            twin.c.id < ours.id,
        )
        .correlate(deliveries)
    )
