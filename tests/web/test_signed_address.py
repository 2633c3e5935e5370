"""Where the address is signed too, it is that of the settings, not of the request."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from forwarder.samples import TEST_SECRETS, load
from forwarder.sources import SOURCES
from forwarder.store import open_store
from forwarder.store.migrate import upgrade
from tests.pipeline.conftest import KEY
from tests.web.doors import Doors


@pytest.fixture
def doors(sqlite_url: str) -> Iterator[Doors]:
    store = open_store(sqlite_url, [KEY], "web")
    upgrade(store)
    yield Doors(store)
    store.close()


def test_an_address_behind_a_proxy_is_that_of_public_url(doors: Doors) -> None:
    secret = TEST_SECRETS["hubspot"]
    url = "https://events.example.com/hooks/hubspot"
    now = doors.clock()
    sample = replace(load("hubspot", "contact-creation"), url=url)
    right = SOURCES["hubspot"].sign(sample, secret, now)
    wrong = SOURCES["hubspot"].sign(
        replace(sample, url="http://localhost/hooks/hubspot"), secret, now
    )
    client = doors.app.test_client()
    answers = [
        client.post(
            "/hooks/hubspot",
            data=notice.body,
            headers={**notice.headers, "Host": "elsewhere.example"},
        ).status_code
        for notice in (wrong, right)
    ]

    assert [401, 200] == answers
