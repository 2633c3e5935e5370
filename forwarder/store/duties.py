"""Let one of several beats run a periodic job, once per period."""

from datetime import datetime

import sqlalchemy as sa

from forwarder.store.engine import Store
from forwarder.store.schema import duties
from forwarder.store.upsert import insert_into


def take_duty(store: Store, job: str, period: str, now: datetime) -> bool:
    """Return True to exactly one caller per job and period, whoever asks first."""
    row = {"job": job, "period": period, "done_at": now}
    # Not by `rowcount`: for an insert PostgreSQL's driver does not tell it.
    statement = insert_into(duties, store.engine).values(row).on_conflict_do_nothing()
    with store.write() as connection:
        taken = connection.execute(statement.returning(duties.c.job)).first()
    return taken is not None


def is_taken(store: Store, job: str, period: str) -> bool:
    """Say whether somebody has taken this job for the period."""
    query = sa.select(duties.c.job).where(
        duties.c.job == job, duties.c.period == period
    )
    with store.read() as connection:
        return connection.execute(query).first() is not None
