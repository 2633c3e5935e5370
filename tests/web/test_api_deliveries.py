"""The log as a file, and a person in clear, for scripts."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from forwarder.clicks.join import mark_new
from forwarder.store import audit, open_store
from forwarder.store.audit import Wanted
from forwarder.store.migrate import upgrade
from tests.store.shop import an_event, take
from tests.web.console_desk import DATA_KEY, NOW
from tests.web.doors import Doors
from tests.web.test_api import check, told

LIST = "/api/v1/deliveries"
EMAIL = "ada1@example.org"
BECAUSE = {"because": "the buyer asked"}


@pytest.fixture
def doors(sqlite_url: str) -> Iterator[Doors]:
    """Three deliveries wait."""
    store = open_store(sqlite_url, [DATA_KEY], "web")
    upgrade(store)
    take(store, *(an_event(number, at=NOW) for number in range(3)), at=NOW)
    yield Doors(store)
    store.close()


@pytest.fixture
def client(doors: Doors) -> FlaskClient:
    return doors.app.test_client()


def test_the_log_is_read_as_a_file_with_a_filter(
    doors: Doors, client: FlaskClient
) -> None:
    reader = doors.key("read")
    sheet = client.get(f"{LIST}.csv?order=1", headers=reader)
    lines = client.get(f"{LIST}.ndjson?ids=1,3", headers=reader).text.splitlines()

    assert ["1"] == [row["order_id"] for row in csv.DictReader(io.StringIO(sheet.text))]
    assert [3, 1] == [json.loads(line)["id"] for line in lines]
    for one in map(json.loads, lines):
        check("Line", one)
    noted = audit.entries(doors.store, Wanted(action="exported")).entries
    assert {("key:read", "csv order=1"), ("key:read", "ndjson ids=1,3")} == {
        (one.who, one.detail) for one in noted
    }
    for wrong in ("status=lost", "limit=5", "cursor=2", "ids=x"):
        assert 422 == client.get(f"{LIST}.csv?{wrong}", headers=reader).status_code


def test_a_person_is_told_to_who_may_operate_and_says_why(
    doors: Doors, client: FlaskClient
) -> None:
    operator, reader = doors.key("operate"), doors.key("read")
    path = f"{LIST}/2/reveal"
    refused = client.post(path, json=BECAUSE, headers=reader)
    shown = client.post(path, json=BECAUSE, headers=operator)

    assert (403, False) == (refused.status_code, EMAIL in refused.text)
    check("Revealed", told(shown))
    assert [EMAIL] == told(shown)["person"]["email"]
    assert "orders/paid" == told(shown)["request"]["headers"]["x-topic"]
    noted = audit.entries(doors.store, Wanted(action="revealed")).entries
    assert [("key:operate", "delivery 2", "the buyer asked")] == [
        (one.who, one.subject, one.detail) for one in noted
    ]
    assert EMAIL not in client.get(f"{LIST}/2", headers=operator).text


@pytest.mark.parametrize(
    ("body", "status"),
    [("", 400), ("{}", 422), ('{"because": " "}', 422), ('{"because": 1}', 422)],
)
def test_nobody_is_told_without_a_reason(
    doors: Doors, client: FlaskClient, body: str, status: int
) -> None:
    answer = client.post(f"{LIST}/2/reveal", data=body, headers=doors.key("operate"))

    assert (status, False) == (answer.status_code, EMAIL in answer.text)
    assert () == tuple(audit.entries(doors.store, Wanted(action="revealed")).entries)


def test_a_delivery_that_is_not_there_reveals_nobody(
    doors: Doors, client: FlaskClient
) -> None:
    operator = doors.key("operate")

    answer = client.post(f"{LIST}/99/reveal", json=BECAUSE, headers=operator)
    assert 404 == answer.status_code


def test_a_person_is_looked_for_in_the_body_and_then_by_the_marks(
    doors: Doors, client: FlaskClient
) -> None:
    reader = doors.key("read")
    mark_new(doors.store, NOW + timedelta(minutes=1))
    path = f"{LIST}/person"
    found = client.post(path, json={"value": EMAIL}, headers=reader)
    marks = told(found)["person"]
    lines = client.get(f"{LIST}?person={marks}", headers=reader)

    check("Found", told(found))
    assert ([2], 7) == (
        [one["id"] for one in told(found)["items"]],
        told(found)["found_for_days"],
    )
    assert told(found)["items"] == told(lines)["items"]
    nobody = client.post(path, json={"value": "ada@example.net"}, headers=reader)
    assert [] == told(nobody)["items"]
    for wrong in ({}, {"value": " "}, {"value": EMAIL, "limit": 1}):
        refused = client.post(path, json=wrong, headers=reader)
        assert (422, False) == (refused.status_code, EMAIL in refused.text)
    refused = client.get(f"{LIST}?person={EMAIL}", headers=reader)
    assert (422, False) == (refused.status_code, EMAIL in refused.text)
    assert 401 == client.post(path, json={"value": EMAIL}).status_code
