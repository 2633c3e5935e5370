"""The page of a source and its twins: a test sent, a shop asked for what was missed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from forwarder.core.source import Options
from forwarder.store import audit, jobs, log, open_store
from forwarder.store.log import Filter
from forwarder.store.migrate import upgrade
from forwarder.web.desk import EXTENSION, WebDesk
from tests.web.console_desk import DATA_KEY, NOW, Desktop, token_in
from tests.web.doors import Doors
from tests.web.shop_desk import orders, with_key, with_samples, work
from tests.web.test_api import check
from tests.web.test_console_setup import text_of

LogIn = Callable[[str], FlaskClient]
PAGE = "/console/sources/my-shop"


def change(desktop: Desktop, **what: object) -> None:
    desk = desktop.app.extensions[EXTENSION]
    desktop.app.extensions[EXTENSION] = replace(desk, **what)


@pytest.fixture
def operator(desktop: Desktop, log_in: LogIn) -> FlaskClient:
    with_key(desktop)
    return log_in("operator")


def press(client: FlaskClient, path: str, **form: str) -> TestResponse:
    token = token_in(client.get("/console/").text)
    return client.post(path, data={"token": token, **form})


def noted(desktop: Desktop) -> list[tuple[str, str, str]]:
    found = audit.entries(desktop.store, audit.Wanted()).entries
    return [
        (one.who, one.action, one.subject)
        for one in found
        if "logged" not in one.action
    ]


def test_a_test_leads_to_its_event_and_ends_as_one(
    desktop: Desktop, operator: FlaskClient
) -> None:
    page = operator.get(PAGE).text
    answer = press(operator, f"{PAGE}/test", case="orders-paid")

    assert "<option>orders-create</option>" in page
    assert "<option>shop-redact</option>" not in page
    assert (303, "/console/deliveries/1") == (answer.status_code, answer.location)
    event = operator.get("/console/deliveries/1").text
    assert "This is the test" in text_of(event)
    assert '<span class="tag">test</span>' in event
    (line,) = log.list_deliveries(desktop.store, Filter()).lines
    assert line.is_test
    assert line.event_id.startswith("test:shopify:my-shop:")
    assert ["main"] == desktop.nudged
    assert [("operator", "test sent", "my-shop")] == noted(desktop)
    # It is no webhook of the shop, which is still waited for.
    assert "waiting" == operator.get(f"{PAGE}.json").get_json()["state"]
    assert "nothing received lately" in text_of(operator.get("/console/sources").text)


def test_a_test_that_cannot_be_sent_says_what_to_set(
    desktop: Desktop, operator: FlaskClient
) -> None:
    change(
        desktop, sample=lambda *_: "the secret of [endpoints.my-shop] is not set yet"
    )
    unset = press(operator, f"{PAGE}/test", case="orders-paid")
    unknown = press(operator, f"{PAGE}/test", case="shop-redact")
    change(desktop, sample=lambda *_: orders(0)[0], samples=lambda _: ["orders-paid"])
    endpoint = desktop.app.extensions[EXTENSION].endpoints["my-shop"]
    change(desktop, endpoints={"my-shop": replace(endpoint, secrets=["other"])})
    forged = press(operator, f"{PAGE}/test", case="orders-paid")
    change(desktop, endpoints={"my-shop": replace(endpoint, is_paused=True)})
    paused = press(operator, f"{PAGE}/test", case="orders-paid")

    for answer, words in (
        (unset, "the secret of [endpoints.my-shop] is not set yet"),
        (unknown, "name one of the samples: "),
        (forged, "it was turned away as a webhook would be"),
        (paused, "is paused in the settings"),
    ):
        assert 409 == answer.status_code
        assert f"Nothing was sent: {words}" in text_of(answer.text) or words in (
            text_of(answer.text)
        )
    assert [] == log.list_deliveries(desktop.store, Filter()).lines
    assert [] == noted(desktop)


def test_a_shop_is_asked_counted_and_what_is_missing_is_taken_in_once(
    desktop: Desktop, operator: FlaskClient
) -> None:
    told = orders(1, 2, 3, 6, 30)
    asked = press(operator, f"{PAGE}/missed", since="2026-11-01", what="orders")
    job = asked.location
    waiting = operator.get(job).text

    assert (303, "/console/jobs/1") == (asked.status_code, job)
    assert 'data-waits="planned"' in waiting
    assert '<noscript><meta http-equiv="refresh"' in waiting
    assert "orders of my-shop" in text_of(waiting)
    again = press(operator, f"{PAGE}/missed", since="2026-11-01")
    assert (409, True) == (again.status_code, "being asked right now" in again.text)
    work(desktop, told)
    page = operator.get(job).text
    assert "data-waits" not in page
    assert "4 events are missing here" in text_of(page)
    assert "5 records told by the shop." in text_of(page)
    assert [] == log.list_deliveries(desktop.store, Filter()).lines

    taken = press(operator, f"{PAGE}/missed/1")
    work(desktop, told)
    page = text_of(operator.get(taken.location).text)
    assert "4 of 4 missing events taken in" in page
    lines = log.list_deliveries(desktop.store, Filter()).lines
    assert {NOW - timedelta(days=day) for day in (1, 2, 3, 6)} == {
        line.occurred_at for line in lines
    }
    assert [
        ("operator", "missing imported", "my-shop"),
        ("operator", "import of missing asked for", "my-shop"),
        ("operator", "shop asked", "my-shop"),
    ] == noted(desktop)

    press(operator, f"{PAGE}/missed")
    work(desktop, told)
    none = text_of(operator.get("/console/jobs/3").text)
    assert "0 events are missing here" in none
    assert "So there is nothing to take in." in none
    assert 409 == press(operator, f"{PAGE}/missed/3").status_code
    assert 409 == press(operator, f"{PAGE}/missed/99").status_code
    all_of_them = operator.get("/console/sources").text
    assert "shopify tries again for some time; ask it for what" in text_of(all_of_them)
    assert f'href="{PAGE}#missed"' in all_of_them
    source = text_of(operator.get(PAGE).text)
    assert "Take in what was missed, job 2 done" in source
    listed = text_of(operator.get("/console/jobs").text)
    assert "4 missing" in listed
    told_of = operator.get("/console/jobs/1.json").get_json()
    check("Job", told_of)
    counts = {"known": 0, "missing": 4, "too_old": 0, "outside": 1}
    assert {"checkout": counts} == told_of["shop"]["by_kind"]


def test_what_is_too_old_is_counted_and_a_cancelled_job_takes_nothing_in(
    desktop: Desktop, operator: FlaskClient
) -> None:
    told = orders(1, 9)
    press(operator, f"{PAGE}/missed", since="2026-11-01")
    work(desktop, told)
    page = text_of(operator.get("/console/jobs/1").text)
    press(operator, f"{PAGE}/missed/1")
    cancelled = press(operator, "/console/jobs/2/cancel")
    work(desktop, told)

    assert "1 of the missing too old to be sent: kept, skipped" in page
    assert 303 == cancelled.status_code
    assert "0 of 2 missing events taken in" in (
        text_of(operator.get("/console/jobs/2").text)
    )
    assert [] == log.list_deliveries(desktop.store, Filter()).lines


def test_a_shop_that_cannot_be_asked_says_what_to_set(
    desktop: Desktop, operator: FlaskClient
) -> None:
    assert 409 == press(operator, f"{PAGE}/missed", since="2036-01-01").status_code
    soon = press(operator, f"{PAGE}/missed", since="soon")
    assert (422, True) == (soon.status_code, "such as 2026-11-21" in soon.text)
    endpoint = desktop.app.extensions[EXTENSION].endpoints["my-shop"]
    bare = replace(endpoint, options=Options(shop="my-shop"))
    change(desktop, endpoints={"my-shop": bare})
    refused = press(operator, f"{PAGE}/missed")
    page = text_of(operator.get(PAGE).text)
    change(desktop, endpoints={"my-shop": replace(endpoint, source_name="tally")})
    other = text_of(operator.get(PAGE).text)
    never = press(operator, f"{PAGE}/missed")

    assert 409 == refused.status_code
    assert "set api_key in [endpoints.my-shop]" in text_of(refused.text)
    assert "as api_key of [endpoints.my-shop], restart, and come back" in page
    assert "Count what was missed" not in page
    assert "tally cannot be asked afterwards" in other
    assert 409 == never.status_code
    assert [] == jobs.list_jobs(desktop.store)


def test_a_viewer_sees_both_and_presses_neither(
    desktop: Desktop, log_in: LogIn
) -> None:
    desktop.app.extensions[EXTENSION] = with_samples(desktop.app.extensions[EXTENSION])
    client = log_in("viewer")
    page = client.get(PAGE).text

    assert "Send this test" not in page
    assert "To send one needs the role operator." in text_of(page)
    assert 403 == press(client, f"{PAGE}/test", case="orders-paid").status_code
    assert 403 == press(client, f"{PAGE}/missed").status_code


@pytest.fixture
def doors(sqlite_url: str) -> Iterator[Doors]:
    store = open_store(sqlite_url, [DATA_KEY], "web")
    upgrade(store)
    made = Doors(store)
    desk: WebDesk = with_samples(made.app.extensions[EXTENSION])
    known = dict(desk.endpoints)
    key = Options(shop="shopify", api_key="shpat_x")
    known["shopify"] = replace(known["shopify"], options=key)
    made.app.extensions[EXTENSION] = replace(desk, endpoints=known)
    yield made
    store.close()


def test_the_api_does_the_same(doors: Doors) -> None:
    client, key = doors.app.test_client(), doors.key("operate")
    weak = doors.key("read")

    def post(path: str, headers: Mapping[str, str] = key) -> TestResponse:
        return client.post(f"/api/v1/sources/{path}", headers=headers)

    tried = post("shopify/test?case=orders-paid")
    check("Tried", tried.get_json())
    assert (1, True) == (
        tried.get_json()["accepted"],
        tried.get_json()["its_events"][0]["is_test"],
    )
    assert 409 == post("shopify/test").status_code
    asked = post("shopify/missed?since=2026-11-01&what=orders")
    assert (202, "ask") == (asked.status_code, asked.get_json()["job"]["kind"])
    check("AskedShop", asked.get_json())
    assert 409 == post("shopify/missed").status_code
    assert 409 == post("shopify/missed/1").status_code
    assert 409 == post("tally/missed").status_code
    assert 422 == post("shopify/missed?what=all&since=soon").status_code
    for path in ("test", "missed", "missed/1"):
        assert 404 == post(f"nobody/{path}").status_code
        assert 403 == post(f"shopify/{path}", weak).status_code
    source = client.get("/api/v1/sources/shopify", headers=key).get_json()
    check("Source", source)
    assert "orders-paid" in source["tests"]
    assert ["all", "orders", "people"] == source["can_be_asked_for"]
