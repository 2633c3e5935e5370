from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from forwarder.alerts.channels import NotSent
from forwarder.alerts.readings import Known
from forwarder.alerts.watching import Post
from forwarder.store import Store, open_store
from forwarder.store.alerts import Message
from forwarder.store.migrate import upgrade
from tests.store.conftest import KEY


@dataclass(slots=True)
class Ear:
    """A channel that remembers what it was told, and fails when asked to."""

    name: str = "ear"
    heard: list[Message] = field(default_factory=list)
    is_deaf: bool = False

    def send(self, message: Message, now: datetime) -> None:
        del now
        if self.is_deaf:
            raise NotSent("nobody listens")
        self.heard.append(message)


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    opened = open_store(sqlite_url, [KEY])
    upgrade(opened)
    yield opened
    opened.close()


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def post(store: Store, ear: Ear) -> Post:
    """A watchman over one shop and one destination."""
    return Post(
        store=store,
        known=Known(
            endpoints=frozenset({"my-shop"}),
            destinations=frozenset({"main"}),
            has_beat=False,
        ),
        channels=[ear],
        off=frozenset(),
        public_url="https://events.example.com",
    )
