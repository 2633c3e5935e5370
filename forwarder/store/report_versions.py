"""Keep finished reports as they were, and give the history of months."""

import zlib
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from forwarder.store.engine import Store
from forwarder.store.schema_versions import report_versions


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One finished report: its JSON and its page, as they were made.

    `stamp` is `provisional` or `final`; `inputs` the fingerprint of its inputs.
    """

    destination: str
    month: str
    stamp: str
    inputs: str
    made_at: datetime
    content: bytes = field(repr=False)
    page: str = field(repr=False)


def keep_version(store: Store, version: Version) -> bool:
    """Keep a report; return False if one of the very same inputs is there already."""
    insert = sqlite.insert if store.is_sqlite else postgresql.insert
    row = {
        "destination": version.destination,
        "month": version.month,
        "stamp": version.stamp,
        "inputs": version.inputs,
        "made_at": version.made_at,
        "content": version.content,
        "page": zlib.compress(version.page.encode()),
    }
    with store.write() as connection:
        kept = connection.execute(
            insert(report_versions)
            .values(row)
            .on_conflict_do_nothing()
            .returning(report_versions.c.id)
        ).first()
    return kept is not None


def list_versions(
    store: Store, destination: str, month: str | None = None
) -> list[Version]:
    """Return the kept reports of one destination, oldest first."""
    query = (
        sa.select(report_versions)
        .where(report_versions.c.destination == destination)
        .order_by(report_versions.c.month, report_versions.c.id)
    )
    if month is not None:
        query = query.where(report_versions.c.month == month)
    with store.read() as connection:
        rows = connection.execute(query).all()
    return [
        Version(
            destination=row.destination,
            month=row.month,
            stamp=row.stamp,
            inputs=row.inputs,
            made_at=row.made_at,
            content=row.content,
            page=zlib.decompress(row.page).decode(),
        )
        for row in rows
    ]


def latest_contents(store: Store, destination: str, before: str) -> dict[str, bytes]:
    """Return the JSON of the last version of each month before one, oldest month first.

    Limits: the last 24 months.
    """
    of = report_versions.c
    last = (
        sa.select(sa.func.max(of.id))
        .where(of.destination == destination, of.month < before)
        .group_by(of.month)
        .order_by(of.month.desc())
        .limit(HISTORY_MONTHS)
    )
    query = (
        sa.select(of.month, of.content)
        .where(of.id.in_(last.scalar_subquery()))
        .order_by(of.month)
    )
    with store.read() as connection:
        return {row.month: row.content for row in connection.execute(query)}


HISTORY_MONTHS = 24
