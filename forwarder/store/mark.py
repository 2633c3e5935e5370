"""How far the database has come, so that somebody outside sees when it goes back."""

from datetime import datetime

import sqlalchemy as sa

from forwarder.store.engine import Store
from forwarder.store.schema import notices

# The number of the latest claim: it only grows, whatever retention clears.
_LAST_CLAIM = {
    True: sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'claims'"),
    False: sa.text("SELECT last_value FROM claims_id_seq"),
}


def last_claim(store: Store) -> int:
    """Return the highest number a claim ever had; 0 before the first."""
    with store.read() as connection:
        found = connection.execute(_LAST_CLAIM[store.is_sqlite]).scalar()
    return 0 if found is None else int(found)


def newest_notice_at(store: Store) -> datetime | None:
    """Return when the newest webhook came in; None when there is none."""
    query = sa.select(sa.func.max(notices.c.received_at))
    with store.read() as connection:
        return connection.execute(query).scalar()
