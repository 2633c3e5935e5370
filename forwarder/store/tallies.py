"""Counters of all processes in sum: counted in memory, added to the table now and then.

Every web process and every worker counts for itself and adds what is new since its
last turn, so that whichever process is asked tells the same totals, and a restart sets
none of them back. What a process counted in the seconds before a crash is lost.
"""

from collections.abc import Iterable

import sqlalchemy as sa

from forwarder.core.tally import Tally, tally
from forwarder.store.engine import Store
from forwarder.store.schema_alerts import tallies
from forwarder.store.upsert import insert_into


def flush(store: Store, counted: Tally = tally) -> None:
    """Add what this process counted to the table. Raises: StoreDown; nothing is lost.

    In the order of the keys, so that two processes at once can not lock each other out.
    In a transaction of its own: who gives up waiting for `commit` does not know whether
    it was written, and would count twice.
    """
    new = counted.take()
    if not new:
        return
    rows = [
        {"name": name, "labels": "\n".join(labels), "value": float(value)}
        for (name, labels), value in sorted(new.items())
    ]
    try:
        with store.write() as connection:
            _add(connection, rows)
    except BaseException:
        counted.put_back(new)
        raise


def _add(connection: sa.Connection, rows: list[dict[str, object]]) -> None:
    insert = insert_into(tallies, connection)
    total = tallies.c.value + insert.excluded.value
    statement = insert.on_conflict_do_update(
        index_elements=["name", "labels"], set_={"value": total}
    )
    connection.execute(statement, rows)


def totals(
    store: Store, name: str | None = None
) -> Iterable[tuple[str, tuple[str, ...], float]]:
    """Return the counters of that name, or all: name, label values and how much."""
    query = sa.select(tallies).order_by(tallies.c.name, tallies.c.labels)
    if name is not None:
        query = query.where(tallies.c.name == name)
    with store.read() as connection:
        rows = connection.execute(query).all()
    return [
        (row.name, tuple(row.labels.split("\n")) if row.labels else (), row.value)
        for row in rows
    ]
