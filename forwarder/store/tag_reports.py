"""Keep what the tag's side says: daily totals, as they were imported."""

from datetime import date, datetime

import msgspec
import sqlalchemy as sa

from forwarder.core.reports import TagReport
from forwarder.store.engine import Store
from forwarder.store.schema import tag_reports
from forwarder.store.upsert import insert_into


def save_tag_report(store: Store, report: TagReport, now: datetime) -> bool:
    """Keep a report; return False if the very same one is there already."""
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
            insert_into(tag_reports, store.engine)
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
