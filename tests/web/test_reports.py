"""The monthly reports in the console and the API: the list, one report, one more."""

import json
import re
from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient

from forwarder.store import Store, audit, open_store, report_requests
from forwarder.store.audit import Wanted
from forwarder.store.migrate import upgrade
from forwarder.store.report_posts import claim_posts, note_failed, send_again
from forwarder.store.report_versions import Version, keep_version
from tests.web.console_desk import DATA_KEY, NOW, Desktop, token_in
from tests.web.doors import Doors
from tests.web.report_desk import keep_report

LogIn = Callable[[str], FlaskClient]
REPORTS = "/api/v1/reports"


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    opened = open_store(sqlite_url, [DATA_KEY], "web")
    upgrade(opened)
    yield opened
    opened.close()


def test_the_list_shows_each_month_with_its_gap_and_band(
    desktop: Desktop, log_in: LogIn
) -> None:
    keep_report(desktop.store, "2026-09", n_both=28)
    first = keep_report(desktop.store, "2026-10", "provisional", n_both=19)
    last = keep_report(desktop.store)
    client = log_in("viewer")

    page = client.get("/console/reports").text
    told = client.get("/console/reports.json").get_json()

    assert ["2026-10", "2026-09"] == [one["month"] for one in told["items"]]
    newest = told["items"][0]
    assert [last, first] == [one["id"] for one in newest["versions"]]
    low, high = newest["told"]["gap"]["bands"]["95"]
    assert low < newest["told"]["gap"]["value"] < high
    assert newest["told"]["server"] == 28 * 31
    assert f"{round(100 * newest['told']['gap']['value']):+d}%" in page
    assert f"{round(100 * low):+d}% to {round(100 * high):+d}%" in page
    assert f'href="/console/reports/{first}"' in page
    assert "do not agree" in page
    assert "Make one now" not in page  # a viewer may not


def test_a_report_is_shown_as_it_was_made_without_any_style_of_its_own(
    desktop: Desktop, log_in: LogIn
) -> None:
    number = keep_report(desktop.store)
    client = log_in("viewer")

    page = client.get(f"/console/reports/{number}").text
    body = page.partition('<div class="report">')[2]

    assert "<h1>Attribution gap, 2026-10</h1>" in body
    assert "<svg" in body
    assert 1 == page.count("<main")
    assert [] == re.findall(r"<style|\sstyle=|<script(?! src)", page)
    assert 'href="/console/reports/style.css"' in page
    style = client.get("/console/reports/style.css")
    assert ("text/css", 200) == (style.mimetype, style.status_code)
    told = client.get(f"/console/reports/{number}.json").get_json()
    assert ("2026-10", "final", number) == (told["month"], told["stamp"], told["id"])
    assert told["report"][0]["month"] == "2026-10"


@pytest.mark.parametrize(
    ("form", "begins"),
    [
        ("html", "<!doctype html>"),
        ("md", "# Attribution gap, 2026-10"),
        ("csv", "month,from,to"),
        ("json", "["),
    ],
)
def test_a_report_can_be_taken_along(
    desktop: Desktop, log_in: LogIn, form: str, begins: str
) -> None:
    number = keep_report(desktop.store)

    answer = log_in("viewer").get(f"/console/reports/{number}/report.{form}")

    assert answer.text.startswith(begins)
    assert f'"gap-2026-10-final.{form}"' in answer.headers["Content-Disposition"]


def test_a_form_that_was_not_kept_is_told(desktop: Desktop, log_in: LogIn) -> None:
    old = Version(destination="main", month="2026-09", stamp="final", inputs="x",
                  made_at=NOW, content=b"[]", page="")  # fmt: skip
    number = keep_version(desktop.store, old)
    client = log_in("viewer")

    assert 404 == client.get(f"/console/reports/{number}/report.md").status_code
    assert 200 == client.get(f"/console/reports/{number}").status_code
    assert "2026-09" in client.get("/console/reports").text
    for unknown in ("99", str(2**63)):
        assert 404 == client.get(f"/console/reports/{unknown}").status_code


def test_an_operator_asks_for_a_report_and_sees_that_it_is_made(
    desktop: Desktop, log_in: LogIn
) -> None:
    client = log_in("operator")
    token = token_in(client.get("/console/reports").text)
    form = {"token": token, "month": "2026-10"}

    pages = [
        client.post("/console/reports/make", data=form, follow_redirects=True).text
        for _ in range(2)
    ]

    assert "A worker makes the report of 2026-10." in pages[0]
    assert "The report of 2026-10 is being made already." in pages[1]
    assert "a worker is at it" in pages[1]
    (entry,) = audit.entries(desktop.store, Wanted(action="report asked for")).entries
    assert ("operator", "main 2026-10") == (entry.who, entry.subject)


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"month": "2026-13"}, 422), ({"month": ""}, 422), ({"destination": "x"}, 404)],
)
def test_what_is_no_month_or_place_is_refused(
    desktop: Desktop, log_in: LogIn, changes: dict[str, str], status: int
) -> None:
    client = log_in("operator")
    token = token_in(client.get("/console/reports").text)
    form = {"token": token, "month": "2026-10"} | changes

    assert status == client.post("/console/reports/make", data=form).status_code
    assert [] == report_requests.recent_requests(desktop.store, "main")
    assert 404 == client.get("/console/reports?destination=x").status_code


def test_what_hindered_the_sending_stands_beside_the_report(
    desktop: Desktop, log_in: LogIn
) -> None:
    number = keep_report(desktop.store)
    send_again(desktop.store, number, ("email", "webhook"), NOW)
    failed, _ = claim_posts(desktop.store, NOW)
    note_failed(desktop.store, failed.id, "the mail server: TimeoutError", None)
    client = log_in("viewer")

    page = client.get(f"/console/reports/{number}").text
    sent = client.get(f"/console/reports/{number}.json").get_json()["sent"]

    assert "the mail server: TimeoutError" in page
    assert f"forwarder reconcile send {number}" in page
    assert "on its way since" in page
    assert ["email", "webhook"] == [one["channel"] for one in sent]


def test_a_script_reads_the_months_and_a_report(store: Store) -> None:
    doors = Doors(store)
    client, key = doors.app.test_client(), doors.key("read")
    first = keep_report(store, stamp="provisional", n_both=19)
    last = keep_report(store)

    months = client.get(REPORTS, headers=key).get_json()["items"]
    newest = client.get(f"{REPORTS}/2026-10", headers=key).get_json()
    older = client.get(f"{REPORTS}/2026-10?stamp=provisional", headers=key).get_json()

    assert ["2026-10"] == [one["month"] for one in months]
    assert (last, first) == (newest["id"], older["id"])
    assert json.loads(json.dumps(newest["report"]))[0]["counts"]["server"] == 28 * 31


def test_a_script_that_may_operate_asks_for_a_report(store: Store) -> None:
    doors = Doors(store)
    client, key = doors.app.test_client(), doors.key("operate")
    path = f"{REPORTS}?month=2026-10"

    answers = [client.post(path, headers=key) for _ in range(2)]

    assert [(202, True), (202, False)] == [
        (one.status_code, one.get_json()["is_new"]) for one in answers
    ]
    (asked,) = report_requests.recent_requests(store, "main")
    assert ("key:operate", "2026-10") == (asked.who, asked.month)
    assert 403 == client.post(path, headers=doors.key("read")).status_code


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/2026-13", 422),
        ("GET", "/2026-10?stamp=last", 422),
        ("GET", "/2026-10", 404),
        ("GET", "/2026-10?destination=x", 422),
        ("GET", "?destination=x", 422),
        ("POST", "", 422),
        ("POST", "?month=2026-10&destination=x", 422),
    ],
)
def test_what_a_script_asks_wrongly_is_told(
    store: Store, method: str, path: str, status: int
) -> None:
    doors = Doors(store)
    key = doors.key("operate")

    answer = doors.app.test_client().open(
        f"{REPORTS}{path}", method=method, headers=key
    )

    assert status == answer.status_code
    assert {"error", "errors"} & answer.get_json().keys()
