"""`/api/v1/alerts`: what is wrong, and who knows of it."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from forwarder.alerts.conditions import WARN, Condition
from forwarder.alerts.states import Telling, update
from forwarder.store import open_store
from forwarder.store.migrate import upgrade
from tests.web.console_desk import DATA_KEY, NOW
from tests.web.doors import Doors

TELLING = Telling(channels=["email"], public_url="https://events.example.com")
WRONG = Condition(subject="box", severity=WARN, summary="5% free.", mend="Make room.")


@pytest.fixture
def doors(sqlite_url: str) -> Iterator[Doors]:
    store = open_store(sqlite_url, [DATA_KEY], "web")
    upgrade(store)
    yield Doors(store)
    store.close()


@pytest.fixture
def client(doors: Doors) -> FlaskClient:
    update(doors.store, "disk", [WRONG], TELLING, NOW)
    return doors.app.test_client()


def test_alerts_are_listed_and_shown(doors: Doors, client: FlaskClient) -> None:
    key = doors.key("read")
    [one] = client.get("/api/v1/alerts", headers=key).get_json()["items"]
    shown = client.get(f"/api/v1/alerts/{one['id']}", headers=key).get_json()

    assert ("disk", "box", "open", "2026-11-21T12:00:00Z") == (
        one["rule"],
        one["subject"],
        one["state"],
        one["opened_at"],
    )
    assert one.items() <= shown.items()
    assert [("open", "5% free.")] == [(c["state"], c["note"]) for c in shown["history"]]
    assert [("email", "opened", 0)] == [
        (m["channel"], m["what"], m["attempts"]) for m in shown["messages"]
    ]
    assert (
        []
        == client.get("/api/v1/alerts?state=resolved", headers=key).get_json()["items"]
    )


@pytest.mark.parametrize(
    ("action", "state"),
    [
        ("acknowledge", "acknowledged"),
        ("ignore?hours=48", "ignored"),
        ("ignore", "ignored"),
        ("resolve", "resolved"),
    ],
)
def test_an_operator_changes_the_state(
    doors: Doors, client: FlaskClient, action: str, state: str
) -> None:
    reply = client.post(f"/api/v1/alerts/1/{action}", headers=doors.key("operate"))
    told = reply.get_json()

    assert (200, state, "key:operate") == (
        reply.status_code,
        told["state"],
        told["who"],
    )
    assert (told["ignored_until"] == "2026-11-23T12:00:00Z") == ("48" in action)


def test_who_may_only_read_changes_nothing(doors: Doors, client: FlaskClient) -> None:
    key = doors.key("read")

    assert 403 == client.post("/api/v1/alerts/1/ignore", headers=key).status_code
    assert 401 == client.get("/api/v1/alerts").status_code
    assert "open" == client.get("/api/v1/alerts/1", headers=key).get_json()["state"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("2/acknowledge", 404),
        ("99999999999999999999999/resolve", 404),
        ("1/ignore?hours=0", 422),
        ("1/ignore?hours=9000", 422),
        ("1/ignore?hours=two", 422),
        ("1/ignore?hours=²", 422),
    ],
)
def test_what_cannot_be_done_is_told(
    doors: Doors, client: FlaskClient, path: str, status: int
) -> None:
    key = doors.key("operate")

    assert status == client.post(f"/api/v1/alerts/{path}", headers=key).status_code


def test_what_is_over_cannot_be_changed(doors: Doors, client: FlaskClient) -> None:
    key = doors.key("operate")
    update(doors.store, "disk", [], TELLING, NOW)

    assert 409 == client.post("/api/v1/alerts/1/ignore", headers=key).status_code


@pytest.mark.parametrize("path", ["", "/2", "/99999999999999999999999", "?state=bad"])
def test_what_is_not_there_is_told(
    doors: Doors, client: FlaskClient, path: str
) -> None:
    reply = client.get(f"/api/v1/alerts{path}", headers=doors.key("read"))

    expected = {"": 200, "?state=bad": 422}.get(path, 404)
    assert expected == reply.status_code
