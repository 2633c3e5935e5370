"""Which events are not in the log yet."""

from collections.abc import Collection

import sqlalchemy as sa

from forwarder.store.engine import Store
from forwarder.store.schema import deliveries

CHUNK = 400  # SQLite takes 32,766 parameters in one statement, PostgreSQL 65,535

Key = tuple[str, str]


def unknown(store: Store, destination: str, keys: Collection[Key]) -> set[Key]:
    """Return those that no delivery to the destination has. Shape: event_id, kind."""
    rest = set(keys)
    ordered = sorted(rest)
    pair = sa.tuple_(deliveries.c.event_id, deliveries.c.kind)
    with store.read() as connection:
        for start in range(0, len(ordered), CHUNK):
            query = sa.select(deliveries.c.event_id, deliveries.c.kind).where(
                deliveries.c.destination == destination,
                pair.in_(ordered[start : start + CHUNK]),
            )
            rest -= {(row.event_id, row.kind) for row in connection.execute(query)}
    return rest
