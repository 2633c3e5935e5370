import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from forwarder.core.delivery import Blocked
from forwarder.core.tally import CALL_S, Tally, tally
from forwarder.pipeline.drain import Desk, drain
from forwarder.store import health, open_store
from forwarder.store.migrate import upgrade
from forwarder.store.tallies import flush
from forwarder.web import collect
from tests.store.shop import an_event, take
from tests.web.console_desk import DATA_KEY, NOW
from tests.web.doors import NOWHERE, Doors

ROOT = Path(__file__).resolve().parents[2]


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

    told = reply.get_json()
    assert (200, True, "1.2.3") == (reply.status_code, told["ok"], told["version"])
    assert 12 == len(told["instance"])


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
    tally.take()
    down.post("/hooks/nobody")
    reply = down.get("/metrics")

    assert 200 == reply.status_code
    assert "forwarder_store_up 0.0" in reply.text
    name = "forwarder_webhooks_received_total"
    assert f'{name}{{endpoint="unknown",result="unknown"}} 1.0' in reply.text
    assert "forwarder_pending" not in reply.text


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """What a scrape holds, read as Prometheus reads it."""
    return {
        (one.name, frozenset(one.labels.items())): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def of(text: str, name: str, **labels: str) -> float | None:
    return samples(text).get((name, frozenset(labels.items())))


def test_every_metric_of_the_page_is_scraped_and_every_other_documented(
    client: FlaskClient,
) -> None:
    assert collect.collected is not None  # the door loads it; its counter is there
    text = client.get("/metrics").text
    told = {
        family.name
        for family in text_string_to_metric_families(text)
        if family.name.startswith("forwarder_")
    }
    page = (ROOT / "docs/monitoring.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `(forwarder_\w+)` \|", page, re.MULTILINE))

    assert told == {name.removesuffix("_total") for name in documented}


def test_counts_of_other_processes_are_in_the_sum(
    doors: Doors, client: FlaskClient
) -> None:
    tally.take()
    other = Tally()
    other.add("forwarder_webhooks_received_total", ("shopify", "accepted"), 41)
    other.observe("forwarder_delivery_duration_seconds", ("main",), 0.3, CALL_S)
    other.observe("forwarder_delivery_duration_seconds", ("main",), 99, CALL_S)
    flush(doors.store, other)
    client.post("/hooks/shopify", headers={}, data=b"{}")
    tally.add("forwarder_webhooks_received_total", ("shopify", "accepted"))
    text = client.get("/metrics").text

    name = "forwarder_delivery_duration_seconds"
    received = "forwarder_webhooks_received_total"
    assert 42 == of(text, received, endpoint="shopify", result="accepted")
    assert 1 == of(text, received, endpoint="shopify", result="bad_signature")
    assert 0 == of(text, f"{name}_bucket", destination="main", le="0.25")
    assert 1 == of(text, f"{name}_bucket", destination="main", le="0.5")
    assert 1 == of(text, f"{name}_bucket", destination="main", le="30")
    assert 2 == of(text, f"{name}_bucket", destination="main", le="+Inf")
    assert 2 == of(text, f"{name}_count", destination="main")
    assert 99.3 == of(text, f"{name}_sum", destination="main")


def test_the_gauges_are_read_once_in_fifteen_seconds(
    doors: Doors, client: FlaskClient
) -> None:
    depth = "forwarder_outbox_depth"
    assert 0 == of(client.get("/metrics").text, depth, state="pending")
    take(doors.store, an_event(1), at=NOW)
    assert 0 == of(client.get("/metrics").text, depth, state="pending")
    doors.clock.now += timedelta(seconds=15)

    text = client.get("/metrics").text
    assert 1 == of(text, depth, state="pending")
    assert 15 == of(text, "forwarder_outbox_oldest_age_seconds")


def test_what_a_worker_does_is_counted_once(doors: Doors, client: FlaskClient) -> None:
    tally.take()
    take(doors.store, an_event(1), an_event(2), at=NOW)
    desk = Desk(store=doors.store, worker="w", clock=doors.clock, jitter=lambda: 0.5)
    drain(doors.destination, desk)
    text = client.get("/metrics").text

    name = "forwarder_events_total"
    assert 2 == of(text, name, destination="main", state="delivered")
    assert 2 == of(text, "forwarder_end_to_end_seconds_count", destination="main")
    sent = {"destination": "main", "class": "ok"}
    assert 1 == of(text, "forwarder_delivery_attempts_total", **sent)
    assert 2 == of(text, "forwarder_batch_size_sum")
