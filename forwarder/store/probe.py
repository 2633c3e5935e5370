"""Try a write after one was not taken: room may have come back meanwhile."""

from datetime import datetime

import sqlalchemy as sa

from forwarder.store.engine import Store
from forwarder.store.schema import to_us
from forwarder.store.writer import StoreDown

N_ROWS = 64
ROW_BYTES = 1_000
_JOB = "write probe"
_FORGET = sa.text("DELETE FROM duties WHERE job = :job")
_WRITE = sa.text(
    "INSERT INTO duties (job, period, done_at) VALUES (:job, :period, :at)"
)


def write_fault(store: Store, now: datetime) -> str:
    """Return why writes are not taken, empty when they are.

    Asks the database only after a write was not taken, so that the service is seen to
    be ready again also when nobody posts to it any more.
    """
    if not store.write_fault:
        return ""
    try:
        store.commit(lambda connection: _write(connection, to_us(now)))
        store.commit(_forget)
    except StoreDown:
        return store.write_fault
    return ""


def _write(connection: sa.Connection, at_us: int) -> None:
    """Take as much room as some orders do: a few bytes find a place in a full file."""
    _forget(connection)
    rows = [
        {"job": _JOB, "period": f"{number:{ROW_BYTES}}", "at": at_us}
        for number in range(N_ROWS)
    ]
    connection.execute(_WRITE, rows)


def _forget(connection: sa.Connection) -> None:
    connection.execute(_FORGET, {"job": _JOB})
