"""Reports that a person wants made now: asked for at a door, made by a worker."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from forwarder.store.engine import Store
from forwarder.store.schema_posts import report_requests

LEASE = timedelta(minutes=10)  # a month of a million takes some seconds
ATTEMPTS_MAX = 3
KEPT = timedelta(days=90)
SHOWN_MAX = 5
GIVEN_UP = "the workers ended in the middle: see `forwarder doctor`"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRequest:
    """Who wants the report of which month. `due_at` None: it is over.

    `outcome` says what came of it, empty while nothing has.
    """

    id: int
    destination: str
    month: str
    who: str
    asked_at: datetime
    due_at: datetime | None
    attempts: int
    outcome: str
    version_id: int | None


_COLUMNS = [report_requests.c[name] for name in ReportRequest.__slots__]


def ask(store: Store, destination: str, month: str, who: str, now: datetime) -> bool:
    """Ask for a report; False when it is being made already."""
    of = report_requests.c
    waiting = sa.select(of.id).where(
        of.destination == destination, of.month == month, of.due_at.is_not(None)
    )
    row = {"destination": destination, "month": month, "who": who, "asked_at": now}
    with store.write() as connection:
        connection.execute(sa.delete(report_requests).where(of.asked_at < now - KEPT))
        if connection.execute(waiting).first() is not None:
            return False
        connection.execute(
            sa.insert(report_requests).values(
                **row, due_at=now, attempts=0, outcome="", version_id=None
            )
        )
    return True


def claim_request(store: Store, now: datetime) -> ReportRequest | None:
    """Return the next one, leased; None when nothing is asked for."""
    of = report_requests.c
    due = sa.select(of.id).where(of.due_at <= now).order_by(of.due_at).limit(1)
    claim = (
        sa.update(report_requests)
        .where(of.id.in_(due.with_for_update(skip_locked=True)))
        .values(due_at=now + LEASE, attempts=of.attempts + 1)
        .returning(*_COLUMNS)
    )
    with store.read() as connection:
        if connection.execute(due).first() is None:
            return None
    with store.write() as connection:
        row = connection.execute(claim).mappings().first()
    return None if row is None else ReportRequest(**row)


def note_made(
    store: Store, request: ReportRequest, outcome: str, version_id: int | None
) -> None:
    """Write down what came of it."""
    values = {"due_at": None, "outcome": outcome, "version_id": version_id}
    query = sa.update(report_requests).where(report_requests.c.id == request.id)
    with store.write() as connection:
        connection.execute(query.values(values))


def recent_requests(store: Store, destination: str) -> list[ReportRequest]:
    """Return what was asked for last, newest first."""
    of = report_requests.c
    query = (
        sa.select(*_COLUMNS)
        .where(of.destination == destination)
        .order_by(of.id.desc())
        .limit(SHOWN_MAX)
    )
    with store.read() as connection:
        return [ReportRequest(**row) for row in connection.execute(query).mappings()]
