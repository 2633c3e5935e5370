import base64
from collections.abc import Iterator

import pytest

from forwarder.store import Store, open_store
from forwarder.store.migrate import upgrade

KEY = base64.urlsafe_b64encode(b"k" * 32).decode()


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """An empty store with its tables, on each database in turn."""
    opened = open_store(database_url, [KEY])
    upgrade(opened)
    yield opened
    opened.close()
