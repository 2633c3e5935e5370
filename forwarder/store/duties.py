"""Let one of several beats run a periodic job, once per period."""

from datetime import datetime

from sqlalchemy.dialects import postgresql, sqlite

from forwarder.store.engine import Store
from forwarder.store.schema import duties


def take_duty(store: Store, job: str, period: str, now: datetime) -> bool:
    """Return True to exactly one caller per job and period, whoever asks first."""
    insert = sqlite.insert if store.is_sqlite else postgresql.insert
    row = {"job": job, "period": period, "done_at": now}
    with store.write() as connection:
        result = connection.execute(insert(duties).values(row).on_conflict_do_nothing())
    return result.rowcount == 1
