import base64
from collections.abc import Iterator

import pytest

from forwarder.store import Store, open_store
from forwarder.store.migrate import upgrade
from tests.pipeline.stand_in import Bench

KEY = base64.urlsafe_b64encode(b"k" * 32).decode()


def opened(url: str) -> Iterator[Store]:
    store = open_store(url, [KEY])
    upgrade(store)
    yield store
    store.close()


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    """An empty store with its tables. What differs by database is tested in store/."""
    yield from opened(sqlite_url)


@pytest.fixture
def bench(store: Store) -> Bench:
    return Bench(store)


@pytest.fixture
def any_bench(database_url: str) -> Iterator[Bench]:
    """The same on each database in turn."""
    for store in opened(database_url):
        yield Bench(store)
