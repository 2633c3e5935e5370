from collections.abc import Iterator

import pytest

from forwarder.store import Store, audit, open_store
from forwarder.store.migrate import upgrade
from tests.web.console_desk import DATA_KEY, NOW
from tests.web.doors import NOWHERE, Doors

AUDIT = "/api/v1/audit"


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    opened = open_store(sqlite_url, [DATA_KEY], "web")
    upgrade(opened)
    yield opened
    opened.close()


def test_who_may_operate_reads_who_did_what(store: Store) -> None:
    doors = Doors(store)
    for number in range(3):
        audit.note(store, "anna", "replay", f"order {number}", NOW)
    client, key = doors.app.test_client(), doors.key("operate")

    first = client.get(f"{AUDIT}?who=anna&limit=2", headers=key).get_json()
    second = client.get(f"{AUDIT}?cursor={first['next']}", headers=key).get_json()

    assert ["order 2", "order 1"] == [one["subject"] for one in first["items"]]
    assert ["order 0"] == [one["subject"] for one in second["items"]]
    assert {"items": [], "next": None} == client.get(
        f"{AUDIT}?until=2020-01-01", headers=key
    ).get_json()


@pytest.mark.parametrize("scope", ["read", "events:write"])
def test_nobody_else_reads_it(store: Store, scope: str) -> None:
    doors = Doors(store)
    client = doors.app.test_client()

    assert 401 == client.get(AUDIT).status_code
    assert 403 == client.get(AUDIT, headers=doors.key(scope)).status_code


@pytest.mark.parametrize(
    ("query", "name"),
    [("limit=0", "limit"), ("since=soon", "since"), ("x=1", "x"), ("who=%00", "who")],
)
def test_a_filter_that_cannot_be_read_is_told(
    store: Store, query: str, name: str
) -> None:
    doors = Doors(store)
    key = doors.key("operate")

    reply = doors.app.test_client().get(f"{AUDIT}?{query}", headers=key)

    assert 422 == reply.status_code
    assert [name] == list(reply.get_json()["errors"])


def test_a_database_that_is_down_is_told() -> None:
    store = open_store(NOWHERE, [DATA_KEY], "web")
    reply = (
        Doors(store).app.test_client().get(AUDIT, headers={"Authorization": "Bearer x"})
    )

    assert (503, "30") == (reply.status_code, reply.headers["Retry-After"])
    store.close()
