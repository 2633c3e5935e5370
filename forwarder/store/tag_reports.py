"""Keep what the tag's side says, and give our own side in the same words."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from forwarder.core.columns import NOT_TOLD, REVERSALS, ServerColumns
from forwarder.core.reports import TagReport
from forwarder.store.engine import Store
from forwarder.store.schema import deliveries, tag_reports, to_us
from forwarder.store.schema_clicks import click_joins

ROWS_AT_ONCE = 10_000  # a month may hold millions


def save_tag_report(store: Store, report: TagReport, now: datetime) -> bool:
    """Keep a report; return False if the very same one is there already."""
    insert = sqlite.insert if store.is_sqlite else postgresql.insert
    row = {
        "fingerprint": report.fingerprint,
        "level": report.level.value,
        "first_on": report.first_on.isoformat(),
        "last_on": report.last_on.isoformat(),
        "imported_at": now,
        "content": msgspec.json.encode(report),
    }
    with store.write() as connection:
        saved = connection.execute(
            insert(tag_reports)
            .values(row)
            .on_conflict_do_nothing()
            .returning(tag_reports.c.id)
        ).first()
    return saved is not None


def load_tag_reports(store: Store, first_on: date, last_on: date) -> list[TagReport]:
    """Return the reports that touch these days, latest import last."""
    query = (
        sa.select(tag_reports.c.content)
        .where(
            tag_reports.c.first_on <= last_on.isoformat(),
            tag_reports.c.last_on >= first_on.isoformat(),
        )
        .order_by(tag_reports.c.imported_at, tag_reports.c.id)
    )
    with store.read() as connection:
        contents = connection.execute(query).scalars().all()
    return [msgspec.json.decode(content, type=TagReport) for content in contents]


def server_columns(
    store: Store, destination: str, since: datetime, until: datetime
) -> ServerColumns:
    """Return our own conversions for one destination that occurred in the period.

    An order that was refunded, cancelled or disputed is marked, however late that was.
    """
    given = {"to": destination, "since": to_us(since), "until": to_us(until)}
    made = ServerColumns()
    with store.read() as connection:
        shared = _shared_orders(connection, given)
        undone = set(connection.execute(_UNDONE, given).scalars())
        rows = connection.execution_options(yield_per=ROWS_AT_ONCE).execute(
            _SERVER_COLUMNS, given
        )
        for part in rows.partitions():
            _take(made, part)
    made.order.extend(shared.get(number, 0) for number in made.event)
    made.is_reversed.extend(number in undone for number in made.event)
    made.hops.extend([-1] * len(made))
    return made


def _shared_orders(
    connection: sa.Connection, given: dict[str, object]
) -> dict[int, int]:
    """Return a number of its order for each delivery that shares it with another."""
    numbers: dict[tuple[str, str], int] = {}
    return {
        row.id: numbers.setdefault((row.endpoint, row.order_id), len(numbers) + 1)
        for row in connection.execute(_SHARED, given)
    }


def _take(made: ServerColumns, rows: Sequence[sa.Row[Any]]) -> None:
    event, at_us, clicked_us, minor, *words = zip(*rows, strict=True)
    made.event.extend(event)
    made.at_us.extend(at_us)
    made.click_us.extend(clicked_us)
    made.value_minor.extend(minor)
    targets = (made.kind, made.currency, made.status, made.reason)
    for target, column in zip(targets, words, strict=True):
        target.extend(made.numbers(column))


_AT_US: sa.ColumnElement[int] = sa.type_coerce(deliveries.c.occurred_at, sa.BigInteger)
_OTHER = deliveries.alias("other")
_HERE = deliveries.c.destination == sa.bindparam("to")
_REPEATED = (
    sa.select(_OTHER.c.order_id)
    .where(_OTHER.c.order_id.is_not(None))
    .group_by(_OTHER.c.order_id)
    .having(sa.func.count() > 1)
)
_SHARED = sa.select(
    deliveries.c.id,
    deliveries.c.endpoint,  # two shops may use the same numbers
    deliveries.c.order_id,
).where(_HERE, deliveries.c.order_id.in_(_REPEATED))
_UNDONE = (
    sa.select(deliveries.c.id)
    .join(
        _OTHER,
        sa.and_(
            _OTHER.c.order_id == deliveries.c.order_id,
            _OTHER.c.endpoint == deliveries.c.endpoint,
        ),
    )
    .where(
        _HERE,
        _OTHER.c.destination == sa.bindparam("to"),
        _OTHER.c.kind.in_([kind.value for kind in REVERSALS]),
    )
)
_SERVER_COLUMNS = (
    sa.select(
        deliveries.c.id,  # the table holds an event once per destination
        _AT_US,
        # Where the click's own time is not known, one that the order itself carries
        # counts as inside every window.
        sa.func.coalesce(
            sa.type_coerce(click_joins.c.clicked_at, sa.BigInteger),
            sa.case((deliveries.c.has_click, _AT_US), else_=sa.literal(NOT_TOLD)),
        ),
        sa.func.coalesce(deliveries.c.value_minor, NOT_TOLD),
        deliveries.c.kind,
        deliveries.c.currency,
        deliveries.c.status,
        deliveries.c.reason,
    )
    .select_from(
        deliveries.outerjoin(click_joins, click_joins.c.delivery_id == deliveries.c.id)
    )
    .where(
        deliveries.c.destination == sa.bindparam("to"),
        sa.bindparam("since") <= _AT_US,
        sa.bindparam("until") > _AT_US,
    )
)
