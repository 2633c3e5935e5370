"""`/api/v1/kpi` and `/api/v1/experiments`: the board and the tests it asks for."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient

from forwarder.core.experiment import Shown
from forwarder.core.kpi import Task
from forwarder.store import experiments, kpi_tasks, open_store
from forwarder.store.migrate import upgrade
from tests.web.console_desk import DATA_KEY, NOW
from tests.web.doors import Doors

PLAN: dict[str, Any] = {
    "name": "spring",
    "objective": "visits",
    "variable": "headline",
    "rate": 0.002,
    "variants": [
        {"name": "plain", "value": "Ten ideas"},
        {"name": "how", "value": "How to plan ten"},
    ],
}
TWO_THINGS: list[dict[str, Any]] = [
    one | {"attributes": {"image": one["name"]}} for one in PLAN["variants"]
]
DAYS = {
    "days": [
        {
            "date": f"2026-11-{day:02}",
            "variant": variant,
            "impressions": 3000,
            "successes": n,
        }
        for day in range(1, 9)
        for variant, n in (("plain", 6), ("how", 24))
    ]
}


@pytest.fixture
def doors(sqlite_url: str) -> Iterator[Doors]:
    store = open_store(sqlite_url, [DATA_KEY], "web")
    upgrade(store)
    yield Doors(store)
    store.close()


@pytest.fixture
def client(doors: Doors) -> FlaskClient:
    return doors.app.test_client()


def test_the_board_is_read_with_its_tasks(doors: Doors, client: FlaskClient) -> None:
    today = NOW.date()
    task = Task(
        rule="ocr_drop", month="2026-10", opened_on=today, earliest_on=today,
        due_on=today,
    )  # fmt: skip
    kpi_tasks.open_task(doors.store, task)
    key = doors.key("operate")
    found = client.get("/api/v1/kpi?month=2026-10", headers=key).get_json()
    path = "/api/v1/kpi/tasks/2026-10/ocr_drop/close"
    closed = client.post(path, headers=key, json={"note": "won", "dismissed": True})
    after = client.get("/api/v1/kpi?month=2026-10", headers=key).get_json()["tasks"][0]

    assert ("2026-10", []) == (found["month"], found["do_next"])
    assert "ocr_drop" == found["tasks"][0]["rule"]
    assert {"closed": True} == closed.get_json()
    assert (True, "won", "key:operate") == (
        after["dismissed"],
        after["note"],
        after["who"],
    )
    assert 404 == client.post(path, headers=key, json={"note": "again"}).status_code
    assert 422 == client.post(path, headers=key, json={"note": "  "}).status_code


def test_an_experiment_is_planned_recorded_and_decided(
    doors: Doors, client: FlaskClient
) -> None:
    key = doors.key("operate")
    made = client.post("/api/v1/experiments", headers=key, json=PLAN).get_json()
    url = "/api/v1/experiments/spring"
    told = client.post(f"{url}/days", headers=key, json=DAYS).get_json()
    found = client.get(url, headers=key).get_json()
    listed = client.get("/api/v1/experiments", headers=key).get_json()["items"]

    assert ("collecting", 0) == (made["state"], made["day"])
    assert (16, "conclusive", "how") == (
        told["recorded"],
        told["state"],
        told["winner"],
    )
    assert [found] == listed
    for name in ("autumn", "%00", "a%20b"):
        assert 404 == client.get(f"/api/v1/experiments/{name}", headers=key).status_code


@pytest.mark.parametrize(
    ("change", "field", "told"),
    [
        ({"objective": "impressions"}, "objective", "impressions are no goal"),
        ({"variants": PLAN["variants"][:1]}, "variants", "at least two variants"),
        ({"rate": 1}, "rate", ""),
        ({"name": "a/b"}, "name", "letters"),
        ({"variable": "everything"}, "variable", ""),
        ({"variants": "two"}, "variants", ""),
        ({"variants": TWO_THINGS}, "variants", "differ in headline and image"),
        ({"variants": [{**TWO_THINGS[0], "attributes": {"x": ""}}]}, "variants", ""),
    ],
)
def test_a_plan_that_tells_nothing_is_refused_by_field(
    doors: Doors, client: FlaskClient, change: dict[str, Any], field: str, told: str
) -> None:
    key = doors.key("operate")
    reply = client.post("/api/v1/experiments", headers=key, json=PLAN | change)

    assert 422 == reply.status_code
    assert told in str(reply.get_json()["errors"][field])


OF_NOBODY = (
    b'{"days": [{"date": "2026-11-01", "variant": "no", "impressions": 1, '
    b'"successes": 0}]}'
)


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b'{"days": []}', b'{"days": [{"variant": "no"}]}', OF_NOBODY],
)
def test_days_that_cannot_be_read_are_refused_whole(
    doors: Doors, client: FlaskClient, body: bytes
) -> None:
    key = doors.key("operate")
    client.post("/api/v1/experiments", headers=key, json=PLAN)
    reply = client.post("/api/v1/experiments/spring/days", headers=key, data=body)

    assert 422 == reply.status_code
    url = "/api/v1/experiments/autumn/days"
    assert 404 == client.post(url, headers=key, json=DAYS).status_code


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"successes": 5000}, "plain on 2026-11-01 has more successes than"),
        ({"date": "2026-11-20"}, "record days until 2026-11-19"),
    ],
)
def test_a_day_that_would_spoil_the_verdict_is_refused_with_all_others(
    doors: Doors, client: FlaskClient, change: dict[str, Any], told: str
) -> None:
    key = doors.key("operate")
    client.post("/api/v1/experiments", headers=key, json=PLAN)
    days = {"days": [*DAYS["days"][2:], DAYS["days"][0] | change]}
    reply = client.post("/api/v1/experiments/spring/days", headers=key, json=days)

    assert 422 == reply.status_code
    assert told in reply.get_json()["errors"]["days"][0]
    assert 0 == client.get("/api/v1/experiments/spring", headers=key).json["day"]


def test_an_experiment_that_holds_a_mistyped_day_can_still_be_read(
    doors: Doors, client: FlaskClient
) -> None:
    key = doors.key("operate")
    client.post("/api/v1/experiments", headers=key, json=PLAN)
    client.post("/api/v1/experiments/spring/days", headers=key, json=DAYS)
    client.post("/api/v1/experiments", headers=key, json=PLAN | {"name": "summer"})
    slips = [
        Shown(
            variant=n, on=date(2026, 11, 1 + day), impressions=1000, successes=2 + wrong
        )
        for n, day, wrong in ((0, 0, 0), (1, 0, 0), (0, 1, 5000), (1, 1, 0))
    ]
    experiments.record(doors.store, "summer", slips)
    listed = client.get("/api/v1/experiments", headers=key).get_json()["items"]

    assert {"spring", "summer"} == {one["name"] for one in listed}
    [summer] = [one for one in listed if one["name"] == "summer"]
    assert (1, None) == (summer["day"], summer["days_to_verdict"])
    assert "plain: more successes than impressions" in " ".join(summer["warnings"])


def test_whatever_goes_wrong_programs_are_answered_in_json(
    doors: Doors, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = doors.key("read")
    monkeypatch.setattr("forwarder.web.api_kpi.board_of", lambda *_: 1 / 0)
    doors.app.config["PROPAGATE_EXCEPTIONS"] = False
    broken = client.get("/api/v1/kpi", headers=key)
    nowhere = client.get("/api/v1/nothing", headers=key)
    not_so = client.put("/api/v1/kpi", headers=key)

    assert [500, 404, 405] == [one.status_code for one in (broken, nowhere, not_so)]
    assert {"error": "the fault is on our side and was logged"} == broken.get_json()
    assert nowhere.get_json()["error"]
    assert not_so.get_json()["error"]
    assert "GET" in not_so.headers["Allow"]


def test_who_may_only_read_plans_nothing(doors: Doors, client: FlaskClient) -> None:
    key = doors.key("read")

    assert 403 == client.post("/api/v1/experiments", headers=key, json=PLAN).status_code
    assert 401 == client.get("/api/v1/kpi").status_code
    assert 422 == client.get("/api/v1/kpi?month=last", headers=key).status_code
    assert 200 == client.get("/api/v1/kpi", headers=key).status_code
