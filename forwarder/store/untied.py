"""Orders that name a campaign and that nothing ties to a click, added up by day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from forwarder.store.engine import Store
from forwarder.store.funnel import given_back_of, undone_of
from forwarder.store.join_marks import CAMPAIGN
from forwarder.store.schema import DAY_US, EPOCH, deliveries, us_of
from forwarder.store.schema_clicks import click_joins, click_marks


@dataclass(frozen=True, slots=True, kw_only=True)
class Untied:
    """Orders of one day, currency and campaign, which `mark` stands for.

    Units: `value_minor` is what was paid, less what was given back.
    """

    mark: str
    on: date
    currency: str | None
    n: int
    value_minor: int


def untied(
    store: Store, marks: Sequence[str], first: date, last: date
) -> Sequence[Untied]:
    """Return the orders of some days, both included, that bear one of these marks."""
    since = datetime.combine(first, time(), UTC)
    until = datetime.combine(last, time(), UTC) + timedelta(days=1)
    with store.read() as connection:
        rows = connection.execute(_sums(store, marks, since, until)).mappings().all()
    return [
        Untied(
            on=EPOCH.date() + timedelta(days=row["day"]),
            **{name: row[name] for name in ("mark", "currency", "n", "value_minor")},
        )
        for row in rows
    ]


def _sums(
    store: Store, marks: Sequence[str], since: datetime, until: datetime
) -> sa.Select[Any]:
    of = deliveries.c
    is_meant = (
        click_marks.c.what == CAMPAIGN,
        click_marks.c.mark.in_(marks),
        of.occurred_at >= since,
        of.occurred_at < until,
        sa.not_(of.is_test),
    )
    is_marked = of.id == click_marks.c.delivery_id
    back = given_back_of(
        sa.select(of.order_id).join(click_marks, is_marked).where(*is_meant)
    )
    is_of_order = sa.and_(
        back.c.order_id == of.order_id, back.c.endpoint == of.endpoint
    )
    day = (us_of(of.occurred_at) // DAY_US).label("day")
    groups = (click_marks.c.mark, day, of.currency)
    return (
        sa.select(*groups, sa.func.count().label("n"), _kept(store, back))
        .join(deliveries, is_marked)
        .outerjoin(click_joins, click_joins.c.delivery_id == of.id)
        .outerjoin(back, is_of_order)
        .where(*is_meant, click_joins.c.delivery_id.is_(None))
        .group_by(*groups)
        .order_by(*groups)
    )


def _kept(store: Store, back: sa.Subquery) -> sa.Label[int]:
    """Return the sum of what was paid and not given back: of no order below nothing."""
    value = sa.func.coalesce(deliveries.c.value_minor, 0)
    kept = value - undone_of(value, back, is_sqlite=store.is_sqlite)
    return sa.cast(sa.func.sum(kept), sa.BigInteger).label("value_minor")
