from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from forwarder.core.delivery import Blocked, Refused
from forwarder.pipeline.drain import Desk, drain
from forwarder.store import open_store
from forwarder.store.migrate import upgrade
from tests.store.shop import an_event, take
from tests.web.console_desk import DATA_KEY, NOW
from tests.web.doors import Doors
from tests.web.test_api import check, told, worked

REPLAYS = "/api/v1/replays"
MAIN = "/api/v1/destinations/main"


@pytest.fixture
def doors(sqlite_url: str) -> Iterator[Doors]:
    """Three deliveries were refused."""
    store = open_store(sqlite_url, [DATA_KEY], "web")
    upgrade(store)
    made = Doors(store)
    take(store, *(an_event(number, at=NOW) for number in range(3)), at=NOW)
    made.destination.says = Refused("invalid")
    drain(made.destination, desk_of(made))
    yield made
    store.close()


def desk_of(doors: Doors) -> Desk:
    return Desk(store=doors.store, worker="w", clock=doors.clock, jitter=lambda: 0.5)


@pytest.fixture
def client(doors: Doors) -> FlaskClient:
    return doors.app.test_client()


@pytest.fixture
def operator(doors: Doors) -> Mapping[str, str]:
    return doors.key("operate")


@pytest.fixture
def reader(doors: Doors) -> Mapping[str, str]:
    return doors.key("read")


def start(client: FlaskClient, operator: Mapping[str, str], query: str) -> Any:  # noqa: ANN401
    reply = client.post(f"{REPLAYS}?{query}", headers=operator)
    assert 202 == reply.status_code
    check("Replayed", told(reply))
    return told(reply)["job"]


def test_a_replay_is_counted_started_and_seen_to_its_end(
    doors: Doors, client: FlaskClient, operator: Mapping[str, str]
) -> None:
    dry = client.post(f"{REPLAYS}?reason=invalid&dry_run=1", headers=operator)
    check("Replayed", told(dry))
    job = start(client, operator, "reason=invalid&rate=2&because=mended")
    worked(doors)
    half = told(client.get(f"{REPLAYS}/{job['id']}", headers=operator))
    doors.clock.now += timedelta(seconds=5)
    worked(doors)
    whole = told(client.get(f"{REPLAYS}/{job['id']}", headers=operator))

    assert ("planned", 3, "mended", 2) == (
        job["state"],
        job["planned"],
        job["reason"],
        job["rate_per_s"],
    )
    assert ("running", 2) == (half["state"], half["done"])
    assert ("done", 3) == (whole["state"], whole["done"])
    check("Job", whole)


def test_a_job_is_cancelled_once(
    doors: Doors, client: FlaskClient, operator: Mapping[str, str]
) -> None:
    job = start(client, operator, "status=refused&rate=1")
    worked(doors)
    path = f"{REPLAYS}/{job['id']}/cancel"
    replies = [client.post(path, headers=operator) for _ in range(2)]

    assert [200, 409] == [reply.status_code for reply in replies]
    assert [("cancelled", 1)] * 2 == [
        (told(reply)["state"], told(reply)["done"]) for reply in replies
    ]
    assert 404 == client.post(f"{REPLAYS}/99/cancel", headers=operator).status_code
    beyond = f"{REPLAYS}/{10**22}/cancel"
    assert 404 == client.post(beyond, headers=operator).status_code
    assert 404 == client.get(f"{REPLAYS}/99", headers=operator).status_code


def test_jobs_are_read_page_by_page(
    client: FlaskClient, operator: Mapping[str, str]
) -> None:
    for _ in range(3):
        start(client, operator, "status=refused")
    first = told(client.get(f"{REPLAYS}?limit=2", headers=operator))
    rest = told(client.get(f"{REPLAYS}?cursor={first['next']}", headers=operator))

    check("Jobs", first)
    assert ([3, 2], [1], None) == (
        [one["id"] for one in first["items"]],
        [one["id"] for one in rest["items"]],
        rest["next"],
    )
    bad = client.get(f"{REPLAYS}?limit=0", headers=operator)
    assert 422 == bad.status_code
    check("Errors", told(bad))


def test_a_destination_is_paused_and_resumed(
    doors: Doors, client: FlaskClient, operator: Mapping[str, str]
) -> None:
    paused = client.post(f"{MAIN}/pause?because=a+sale", headers=operator)
    listed = told(client.get("/api/v1/destinations", headers=operator))
    metrics = client.get("/metrics").text
    resumed = client.post(f"{MAIN}/resume", headers=operator)

    check("Destination", told(paused))
    check("Destinations", listed)
    assert ("paused", "a sale", "key:operate") == (
        told(paused)["state"],
        told(paused)["reason"],
        told(paused)["paused_by"],
    )
    assert (
        'forwarder_destination_state{destination="main",state="paused"} 1.0' in metrics
    )
    assert "active" == told(resumed)["state"]
    assert ["main"] == doors.nudged


def test_a_blocked_destination_is_told_as_such(
    doors: Doors, client: FlaskClient, operator: Mapping[str, str]
) -> None:
    take(doors.store, an_event(7, at=NOW), at=NOW)
    doors.destination.says = Blocked("auth", "no")
    drain(doors.destination, desk_of(doors))
    (place,) = told(client.get("/api/v1/destinations", headers=operator))["items"]

    assert ("blocked", "auth", 1) == (place["state"], place["reason"], place["pending"])


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/destinations/nowhere/pause", 404),
        ("/api/v1/destinations/nowhere/resume", 404),
        (f"{MAIN}/pause?because=%00", 422),
    ],
)
def test_what_cannot_be_paused_is_told(
    client: FlaskClient, operator: Mapping[str, str], path: str, status: int
) -> None:
    assert status == client.post(path, headers=operator).status_code


@pytest.mark.parametrize(
    "path", [REPLAYS, f"{REPLAYS}/1/cancel", f"{MAIN}/pause", f"{MAIN}/resume"]
)
def test_who_may_only_read_changes_nothing(
    client: FlaskClient, reader: Mapping[str, str], path: str
) -> None:
    assert 403 == client.post(path, headers=reader).status_code
