"""A store of its own for the tests that make whole reports."""

import base64

import sqlalchemy as sa

from forwarder.store import Store, open_store
from forwarder.store.schema import deliveries

KEY = base64.urlsafe_b64encode(b"k" * 32).decode()


def open_new(url: str) -> Store:
    return open_store(url, [KEY])


def settle_all(store: Store) -> None:
    """Let the platform have taken everything at once."""
    delivered = {"status": "delivered", "settled_at": deliveries.c.occurred_at}
    with store.write() as connection:
        connection.execute(sa.update(deliveries).values(delivered))
