"""Floor 2: transactions, leases, sealing, schema, migrations; the only SQL.

Gives out frozen dataclasses only, never a row. Each module is one subject: `inbox`
writes notices down, `outbox` says who sends what, `log` answers operators.
"""

from collections.abc import Callable, Sequence

from forwarder.store.engine import Store, connect
from forwarder.store.seal import Sealer

__all__ = ["Store", "open_store"]


def open_store(
    database_url: str,
    data_keys: Sequence[str],
    role: str = "worker",
    pool: int = 10,
    reload: Callable[[], Sequence[str] | None] | None = None,
) -> Store:
    """Return the store; no connection is made yet. Raises: BadKey.

    `reload` returns the data keys anew once they have changed.
    """
    return Store(connect(database_url, role, pool), Sealer(data_keys, reload))
