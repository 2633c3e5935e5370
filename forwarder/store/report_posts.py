"""Send each finished report once: what is due, what is on its way, what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forwarder.store.engine import Store
from forwarder.store.schema_posts import report_posts
from forwarder.store.upsert import insert_into

AT_ONCE = 4  # each may take 10 s


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPost:
    """One finished report on its way through one channel.

    `started_at` without `sent_at`: somebody is sending it, or ended in the middle, and
    then nobody knows whether it left. It is not sent again by itself.
    """

    id: int
    version_id: int
    channel: str
    made_at: datetime
    due_at: datetime | None
    started_at: datetime | None
    sent_at: datetime | None
    attempts: int
    fault: str


_COLUMNS = [report_posts.c[name] for name in ReportPost.__slots__]


def plan_posts(
    connection: sa.Connection, version_id: int, channels: Sequence[str], now: datetime
) -> None:
    """Let a report be sent through these channels, unless that was planned before."""
    rows = [
        {"version_id": version_id, "channel": channel, "made_at": now, "due_at": now,
         "attempts": 0, "fault": ""}
        for channel in channels
    ]  # fmt: skip
    connection.execute(
        insert_into(report_posts, connection).on_conflict_do_nothing(), rows
    )


def claim_posts(store: Store, now: datetime) -> list[ReportPost]:
    """Return what is due, taken: nobody else gets it, not even after a crash."""
    due = (
        sa.select(report_posts.c.id)
        .where(report_posts.c.due_at <= now)
        .order_by(report_posts.c.due_at)
        .limit(AT_ONCE)
    )
    claim = (
        sa.update(report_posts)
        .where(report_posts.c.id.in_(due.with_for_update(skip_locked=True)))
        .values(due_at=None, started_at=now, attempts=report_posts.c.attempts + 1)
        .returning(*_COLUMNS)
    )
    with store.read() as connection:
        if connection.execute(due).first() is None:
            return []
    with store.write() as connection:
        rows = connection.execute(claim).mappings().all()
    return sorted((ReportPost(**row) for row in rows), key=lambda one: one.id)


def note_sent(store: Store, post_id: int, now: datetime) -> None:
    """Write down that a report has left."""
    _settle(store, post_id, {"sent_at": now, "fault": ""})


def note_failed(
    store: Store, post_id: int, fault: str, due_at: datetime | None
) -> None:
    """Write down why it did not leave, and when to try again; None: not any more."""
    _settle(store, post_id, {"started_at": None, "fault": fault, "due_at": due_at})


def _settle(store: Store, post_id: int, values: dict[str, Any]) -> None:
    query = sa.update(report_posts).where(
        report_posts.c.id == post_id, report_posts.c.started_at.is_not(None)
    )
    with store.write() as connection:
        connection.execute(query.values(values))


def posts_of(store: Store, version_id: int) -> list[ReportPost]:
    """Return what became of sending one report, by channel."""
    query = (
        sa.select(*_COLUMNS)
        .where(report_posts.c.version_id == version_id)
        .order_by(report_posts.c.channel)
    )
    with store.read() as connection:
        return [ReportPost(**row) for row in connection.execute(query).mappings()]


def failed_posts(store: Store) -> list[ReportPost]:
    """Return the newest ones that were given up after a day of attempts."""
    of = report_posts.c
    query = (
        sa.select(*_COLUMNS)
        .where(of.due_at.is_(None), of.started_at.is_(None), of.fault != "")
        .order_by(of.id.desc())
        .limit(AT_ONCE)
    )
    with store.read() as connection:
        return [ReportPost(**row) for row in connection.execute(query).mappings()]


def send_again(
    store: Store, version_id: int, channels: Sequence[str], now: datetime
) -> None:
    """Let a report be sent through these channels, whatever became of it before."""
    again = (
        sa.update(report_posts)
        .where(
            report_posts.c.version_id == version_id,
            report_posts.c.channel.in_(channels),
        )
        .values(due_at=now, started_at=None, sent_at=None, attempts=0, fault="")
    )
    with store.write() as connection:
        connection.execute(again)
        plan_posts(connection, version_id, channels, now)
