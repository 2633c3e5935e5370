"""What `doctor` asks of the database: does it answer, and how fast."""

import time

import sqlalchemy as sa

from forwarder.store.engine import Store
from forwarder.store.identity import notice_identity
from forwarder.store.schema import duties, notices
from forwarder.store.seal import Unopenable
from forwarder.store.writer import StoreDown

_COMMITS = 100
_NOTHING = sa.update(duties).where(sa.false()).values(period="")


def commits_per_s(store: Store) -> float:
    """Return how many empty commits a second the database takes. Raises: StoreDown."""
    started_s = time.perf_counter()
    try:
        for _ in range(_COMMITS):
            with store.write() as connection:
                connection.execute(_NOTHING)
    except sa.exc.SQLAlchemyError as error:
        raise StoreDown(type(error).__name__) from error
    return _COMMITS / (time.perf_counter() - started_s)


def has_wal_reset_bug(version: str) -> bool:
    """Say whether a SQLite version may lose commits when two processes write.

    Source: https://sqlite.org/wal.html#walresetbug (read 2026-11-21)
    """
    parts = tuple(int(part) for part in version.split("."))
    if parts >= (3, 51, 3) or parts < (3, 7, 0):
        return False
    return not ((3, 50, 7) <= parts < (3, 51, 0) or (3, 44, 6) <= parts < (3, 45, 0))


def opens_newest(store: Store) -> bool:
    """Say whether a data key opens what was sealed last; True when nothing is sealed.

    Raises: StoreDown.
    """
    query = (
        sa.select(notices.c.endpoint, notices.c.delivery_key, notices.c.sealed)
        .where(notices.c.sealed.is_not(None))
        .order_by(notices.c.id.desc())
        .limit(1)
    )
    with store.read() as connection:
        row = connection.execute(query).first()
    if row is None:
        return True
    try:
        store.sealer.open(row.sealed, notice_identity(row.endpoint, row.delivery_key))
    except Unopenable:
        return False
    return True
