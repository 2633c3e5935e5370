"""Keep what the tag's side says, and give our own side in the same words."""

from collections.abc import Iterator
from datetime import date, datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from forwarder.core.delivery import Status
from forwarder.core.event import Kind
from forwarder.core.reports import ServerRow, TagReport
from forwarder.store.engine import Store
from forwarder.store.schema import deliveries, tag_reports


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
    """Return the reports that touch these days, latest import first."""
    query = (
        sa.select(tag_reports.c.content)
        .where(
            tag_reports.c.first_on <= last_on.isoformat(),
            tag_reports.c.last_on >= first_on.isoformat(),
        )
        .order_by(tag_reports.c.imported_at.desc(), tag_reports.c.id.desc())
    )
    with store.read() as connection:
        contents = connection.execute(query).scalars().all()
    return [msgspec.json.decode(content, type=TagReport) for content in contents]


def server_rows(
    store: Store, destination: str, since: datetime, until: datetime
) -> Iterator[ServerRow]:
    """Give our own conversions for one destination that occurred in the period.

    Refunds and cancellations come along however late they are, since they may concern
    an order of the period.
    """
    table = deliveries.c
    is_reversal = table.kind.in_([Kind.REFUND.value, Kind.CANCEL.value])
    query = (
        sa.select(
            table.event_id,
            table.order_id,
            table.kind,
            table.occurred_at,
            table.has_click,
            table.value_minor,
            table.currency,
            table.status,
            table.reason,
        )
        .where(
            table.destination == destination,
            sa.or_(
                sa.and_(table.occurred_at >= since, table.occurred_at < until),
                sa.and_(is_reversal, table.occurred_at >= since),
            ),
        )
        .order_by(table.id)
    )
    with store.read() as connection:
        for row in connection.execute(query):
            yield ServerRow(
                event_id=row.event_id,
                order_id=row.order_id,
                kind=Kind(row.kind),
                occurred_at=row.occurred_at,
                # The click's own time is not known: one that the order itself carries
                # counts as inside every window.
                clicked_at=row.occurred_at if row.has_click else None,
                value_minor=row.value_minor,
                currency=row.currency,
                status=Status(row.status),
                reason=row.reason,
            )
