"""Turn a period into numbers of deliveries: those are in order, and cost nothing."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forwarder.store.engine import Store
from forwarder.store.schema import deliveries

TOGETHER = 10_000  # numbers by which the order of receipt may differ from theirs


def numbers_between(
    store: Store, since: datetime | None, until: datetime | None
) -> tuple[int, int]:
    """Return a number below all deliveries of a period, and one behind them.

    A little more than the period lies between them. (0, 0) where nothing does.
    """
    numbers = sa.select(deliveries.c.id)
    at = deliveries.c.received_at
    lowest = sa.select(sa.func.min(deliveries.c.id))
    if since is not None:
        lowest = numbers.where(at >= since).order_by(at).limit(1)
    highest = sa.select(sa.func.max(deliveries.c.id))
    if until is not None:
        highest = numbers.where(at < until).order_by(at.desc()).limit(1)
    with store.read() as connection:
        low_id = connection.execute(lowest).scalar()
        top_id = connection.execute(highest).scalar()
    if low_id is None or top_id is None:
        return 0, 0
    return (
        low_id if since is None else max(1, low_id - TOGETHER),
        top_id + (1 if until is None else TOGETHER),
    )


def newest_since(since: datetime, n: int, *names: str) -> sa.Select[Any]:
    """Return how to ask for the newest deliveries since a time, at most `n`.

    By their numbers, as the table lies: through the index of times each row is looked
    up by itself, which for 50,000 takes twice as long.
    """
    of = deliveries.c
    first = (
        sa.select(of.id)
        .where(of.received_at >= since)
        .order_by(of.received_at)
        .limit(1)
        .correlate(None)
    )
    return (
        sa.select(*(of[name] for name in names))
        .where(
            of.id >= first.scalar_subquery() - TOGETHER,
            of.received_at >= since,
        )
        .order_by(of.id.desc())
        .limit(n)
    )
