from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from forwarder.core.delivery import Blocked
from forwarder.pipeline.drain import Desk, drain
from forwarder.store import health, open_store
from forwarder.store.migrate import upgrade
from tests.store.shop import an_event, take
from tests.web.console_desk import DATA_KEY, NOW
from tests.web.doors import NOWHERE, Doors


@pytest.fixture
def doors(sqlite_url: str) -> Iterator[Doors]:
    store = open_store(sqlite_url, [DATA_KEY], "web")
    upgrade(store)
    yield Doors(store)
    store.close()


@pytest.fixture
def client(doors: Doors) -> FlaskClient:
    return doors.app.test_client()


@pytest.fixture
def down() -> Iterator[FlaskClient]:
    store = open_store(NOWHERE, [DATA_KEY], "web")
    yield Doors(store).app.test_client()
    store.close()


def test_it_is_alive_and_tells_its_version(client: FlaskClient) -> None:
    reply = client.get("/healthz")

    assert (200, {"ok": True, "version": "1.2.3"}) == (reply.status_code, reply.json)


def test_it_is_ready_while_work_goes_on(doors: Doors, client: FlaskClient) -> None:
    health.note_worker(doors.store, "w", NOW)
    reply = client.get("/readyz")

    assert (200, True, [], 0, None) == (
        reply.status_code,
        *(reply.json or {}).values(),
    )


def test_it_is_not_ready_without_worker(doors: Doors, client: FlaskClient) -> None:
    take(doors.store, an_event(1), at=NOW)
    reply = client.get("/readyz")

    told = reply.json or {}
    assert (503, False, 1) == (reply.status_code, told["ready"], told["pending"])
    assert "2026-11-21T12:00:00+00:00" == told["oldest_pending_at"]
    assert "start serve, or the worker" in told["troubles"][0]


def test_it_is_alive_and_not_ready_with_the_database_down(down: FlaskClient) -> None:
    reply = down.get("/readyz")

    assert 200 == down.get("/healthz").status_code
    assert (503, ["the database is down"]) == (
        reply.status_code,
        (reply.json or {})["troubles"],
    )


def test_what_waits_is_measured(doors: Doors, client: FlaskClient) -> None:
    take(doors.store, an_event(1), an_event(2), at=NOW - timedelta(seconds=90))
    doors.destination.says = Blocked("auth", "no")
    desk = Desk(store=doors.store, worker="w", clock=doors.clock, jitter=lambda: 0.5)
    drain(doors.destination, desk)
    text = client.get("/metrics").text

    assert 'forwarder_pending{destination="main"} 2.0' in text
    assert 'forwarder_oldest_pending_seconds{destination="main"} 90.0' in text
    assert 'forwarder_blocked{destination="main"} 1.0' in text
    assert "forwarder_store_up 1.0" in text


def test_the_counters_outlive_the_database(down: FlaskClient) -> None:
    reply = down.get("/metrics")

    assert 200 == reply.status_code
    assert "forwarder_store_up 0.0" in reply.text
    assert "forwarder_webhooks" in reply.text
    assert "forwarder_pending" not in reply.text
