"""What operators do with the list: take it away, follow it, keep it, reveal."""

import csv
import gzip
import io
import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from forwarder.clicks.join import mark_new
from forwarder.core.delivery import Delivered, Refused
from forwarder.core.event import Person
from forwarder.store import audit, people, retention, views
from forwarder.store.audit import Wanted
from forwarder.store.retention import Retention
from forwarder.store.views import VIEWS_MAX, View
from forwarder.web.export import COLUMNS, pieces
from forwarder.web.words import GONE
from tests.web.console_desk import (
    NOW,
    PASSWORD,
    Desktop,
    event_of,
    open_alert,
    token_in,
)

LogIn = Callable[[str], FlaskClient]
LIST = "/console/deliveries"
EMAIL = "ada@example.com"


def post(client: FlaskClient, path: str, **form: str) -> tuple[int, str]:
    token = token_in(client.get("/console/login", follow_redirects=True).text)
    answer = client.post(path, data={**form, "token": token})
    return answer.status_code, answer.text


def noted(desktop: Desktop, action: str) -> list[tuple[str, str, str]]:
    trail = audit.entries(desktop.store, Wanted(action=action))
    return [(one.who, one.subject, one.detail) for one in trail.entries]


def test_the_list_is_taken_away_as_csv_with_the_filter_in_force(
    full: Desktop, log_in: LogIn
) -> None:
    answer = log_in("viewer").get(f"{LIST}.csv?status=refused&cursor=4&limit=1")
    rows = list(csv.DictReader(io.StringIO(answer.text)))

    assert (200, "text/csv") == (answer.status_code, answer.mimetype)
    assert "attachment; filename=" in answer.headers["Content-Disposition"]
    assert "no-store" == answer.headers["Cache-Control"]
    assert list(COLUMNS) == list(rows[0])
    assert ["4", "3"] == [row["id"] for row in rows]
    assert [("viewer", "deliveries", "csv status=refused")] == noted(full, "exported")


def test_no_cell_of_the_file_is_a_formula(desktop: Desktop, log_in: LogIn) -> None:
    desktop.take(event_of(1, event_id='=HYPERLINK("http://x")'))
    desktop.drain(Refused("invalid", "+1 @SUM(A1)"))
    text = log_in("viewer").get(f"{LIST}.csv").text
    row = next(csv.DictReader(io.StringIO(text)))

    assert '\'=HYPERLINK("http://x")' == row["event_id"]
    assert "'+1 @SUM(A1)" == row["message"]
    assert "no" == row["is_test"]


@pytest.mark.usefixtures("full")
def test_the_ndjson_holds_the_lines_of_the_json(log_in: LogIn) -> None:
    client = log_in("viewer")
    answer = client.get(f"{LIST}.ndjson?kind=checkout")
    lines = [json.loads(line) for line in answer.text.splitlines()]

    assert "application/x-ndjson" == answer.mimetype
    assert client.get(f"{LIST}.json?kind=checkout").get_json()["items"] == lines
    assert 422 == client.get(f"{LIST}.ndjson?status=lost").status_code


def test_a_file_has_every_page_of_the_log_and_comes_in_pieces(
    desktop: Desktop, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forwarder.web.export.PAGE_MAX", 2)
    monkeypatch.setattr("forwarder.web.export.LINES_A_PIECE", 2)
    for number in range(5):
        desktop.take(event_of(number))
    text = log_in("viewer").get(f"{LIST}.csv").text
    ids = [row["id"] for row in csv.DictReader(io.StringIO(text))]

    assert ["5", "4", "3", "2", "1"] == ids
    assert [""] == [*pieces([], "ndjson"), ""]


def test_a_filter_without_an_index_is_searched_part_by_part(
    full: Desktop, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forwarder.store.log.LOOKED_AT", 3)
    client = log_in("viewer")
    first = client.get(f"{LIST}?kind=signup")
    told = client.get(f"{LIST}.json?kind=signup").get_json()

    assert full.store
    assert "Nothing so far" in first.text
    assert ([], 7) == (told["items"], told["next"])
    assert 'href="/console/deliveries?kind=signup&amp;cursor=7"' in first.text
    second = client.get(f"{LIST}.json?kind=signup&cursor=7").get_json()
    assert ([5], 4) == ([line["id"] for line in second["items"]], second["next"])
    last = client.get(f"{LIST}.json?kind=signup&cursor=2&since=2026-11-21").get_json()
    assert ([], None) == (last["items"], last["next"])
    lines = client.get(f"{LIST}.ndjson?kind=signup").text.splitlines()
    assert [5] == [json.loads(line)["id"] for line in lines]


def test_ticked_lines_become_a_filter_of_their_own(
    full: Desktop, log_in: LogIn
) -> None:
    client = log_in("operator")
    plan = client.get("/console/jobs/new/replay?ids=&ids=3&ids=4&ids=9")
    shown = client.get(f"{LIST}.json?ids=3&ids=4").get_json()

    assert "chosen: <b>3 deliveries</b>" in plan.text
    assert "Send 2 deliveries again" in plan.text
    assert [4, 3] == [line["id"] for line in shown["items"]]
    nothing = client.get("/console/jobs/new/replay?ids=")
    assert (422, True) == (nothing.status_code, "tick at least one" in nothing.text)
    assert 422 == client.get(f"{LIST}?ids=3,x").status_code
    status, _ = post(
        client, "/console/jobs/new/discard", ids="3,4", planned="2", because="spam"
    )
    job = client.get("/console/jobs/1.json").get_json()
    assert (303, "3,4", 2) == (status, job["filter"]["ids"], job["planned"])
    assert full.store


def test_a_list_that_stands_open_learns_what_is_new_and_what_changed(
    desktop: Desktop, log_in: LogIn
) -> None:
    desktop.take(event_of(1))
    client = log_in("viewer")
    assert 'data-after="1"' in client.get(LIST).text
    desktop.drain(Delivered())
    desktop.take(event_of(2))
    desktop.take(event_of(3))
    told = client.get(f"{LIST}/live.json?after=1&shown=1").get_json()

    assert (2, 3) == (told["new"], told["after"])
    assert ["1"] == list(told["rows"])
    assert "delivered" in told["rows"]["1"]
    again = client.get(f"{LIST}/live.json?after=3&kind=signup").get_json()
    assert {"new": 0, "after": 3, "rows": {}} == again
    for wrong in ("", "?after=x", "?after=1&shown=a", "?after=1&colour=red"):
        assert 422 == client.get(f"{LIST}/live.json{wrong}").status_code


@pytest.mark.usefixtures("full")
def test_only_a_list_that_grows_at_its_top_is_followed(log_in: LogIn) -> None:
    client = log_in("viewer")

    for query in ("", "?status=refused", "?limit=2"):
        assert "data-live=" in client.get(f"{LIST}{query}").text
    for query in ("?cursor=5", "?until=2027-01-01", "?ids=3"):
        assert "data-live=" not in client.get(f"{LIST}{query}").text


def test_an_open_list_does_not_keep_a_session_alive(
    full: Desktop, log_in: LogIn
) -> None:
    client = log_in("viewer")
    for _ in range(5):
        full.clock.now += timedelta(minutes=25)
        answer = client.get(f"{LIST}/live.json?after=1")

    assert 401 == answer.status_code
    assert "log in" in answer.get_json()["error"]


def test_a_list_is_kept_under_a_name_and_is_nobody_elses(
    full: Desktop, log_in: LogIn
) -> None:
    client = log_in("viewer")
    query = "status=refused&cursor=7&reason=invalid"
    assert 303 == post(client, "/console/views", name=" Bad  ones", query=query)[0]
    page = client.get(LIST).text

    assert "View Bad ones is kept: this list." in page
    assert (
        'href="/console/deliveries?status=refused&amp;reason=invalid">Bad ones' in page
    )
    kept = client.get("/console/views.json").get_json()["items"]
    assert [("Bad ones", "status=refused&reason=invalid")] == [
        (one["name"], one["query"]) for one in kept
    ]
    assert [] == views.list_views(full.store, "operator")
    post(client, "/console/views", name="Bad ones", query="status=skipped")
    assert "now is this list" in client.get(LIST).text
    assert 303 == post(client, "/console/views/remove", name="Bad ones")[0]
    assert 404 == post(client, "/console/views/remove", name="Bad ones")[0]


def test_a_view_holds_a_filter_and_nobody(full: Desktop, log_in: LogIn) -> None:
    client = log_in("viewer")
    wrong = [
        {"name": "x", "query": "status=lost"},
        {"name": "x", "query": f"order={EMAIL}"},
        {"name": EMAIL, "query": ""},
        {"name": "  ", "query": ""},
        {"name": "n" * 61, "query": ""},
        {"query": ""},
    ]

    assert [422] * 6 == [post(client, "/console/views", **one)[0] for one in wrong]
    for number in range(VIEWS_MAX):
        view = View(name=str(number), query="", saved_at=NOW)
        views.save(full.store, "viewer", view)
    status, text = post(client, "/console/views", name="one more", query="")
    assert (409, True) == (status, "remove one" in text)


def test_the_page_of_a_delivery_shows_a_person_masked(
    full: Desktop, log_in: LogIn
) -> None:
    client = log_in("viewer")
    page = client.get(f"{LIST}/4").text

    assert full.store
    assert "••••••" in page
    assert "<dt>E-mail address</dt>" in page
    assert EMAIL not in page
    assert "192.0.2.7" not in page
    assert "needs the role operator" in page
    assert EMAIL not in client.get(f"{LIST}/4.json").text
    assert EMAIL not in client.get(f"{LIST}.csv").text


def test_a13_a_person_is_revealed_once_with_a_reason_and_an_entry(
    full: Desktop, log_in: LogIn
) -> None:
    client = log_in("operator")
    status, text = post(client, f"{LIST}/4/reveal", because="the buyer asked")

    assert 200 == status
    assert EMAIL in text
    assert "192.0.2.7" in text
    assert "shopify:my-shop:4:checkout" in text  # the request as it came
    assert [("operator", "delivery 4", "the buyer asked")] == noted(full, "revealed")
    assert EMAIL not in client.get(f"{LIST}/4").text
    answer = client.get(f"{LIST}/4/reveal")
    assert (404, "no-store") == (answer.status_code, answer.headers["Cache-Control"])


def test_nothing_is_revealed_without_a_reason_a_role_or_a_token(
    full: Desktop, log_in: LogIn
) -> None:
    stranger = full.app.test_client().post(f"{LIST}/4/reveal", data={"because": "x"})
    browser = log_in("operator")
    silent, told = post(browser, f"{LIST}/4/reveal", because="  ")
    forged = browser.post(f"{LIST}/4/reveal", data={"because": "x", "token": "no"})
    unknown, _ = post(browser, f"{LIST}/99/reveal", because="x")

    assert 303 == stranger.status_code
    assert (422, 400, 404) == (silent, forged.status_code, unknown)
    assert "Say why in a few words" in told
    assert [] == noted(full, "revealed")


def test_a11_a_viewer_who_tries_all_the_same_is_refused_and_noted(
    full: Desktop, log_in: LogIn
) -> None:
    client = log_in("viewer")
    for path in ("reveal", "replay"):
        status, text = post(client, f"{LIST}/4/{path}", because="curious")
        assert (403, False) == (status, EMAIL in text)

    assert [
        ("viewer", f"{LIST}/4/replay", "needs the role operator"),
        ("viewer", f"{LIST}/4/reveal", "needs the role operator"),
    ] == noted(full, "was refused")


def test_what_was_cleared_is_not_revealed_and_the_page_says_so(
    full: Desktop, log_in: LogIn
) -> None:
    client = log_in("operator")
    day, at_once = timedelta(days=99), timedelta(0)
    keep = Retention(
        person=at_once,
        notice=at_once,
        payload=day,
        history=day,
        log=day,
        repeats=day,
        jobs=day,
    )
    retention.sweep(full.store, keep, full.clock.now + timedelta(seconds=1))
    page = client.get(f"{LIST}/4").text
    status, text = post(client, f"{LIST}/4/reveal", because="x")

    assert f"{GONE.capitalize()}." in page
    assert "Show once" not in page
    assert (410, True) == (status, "Nothing is left to show" in text)


def test_a_page_that_stood_open_since_before_the_log_in_changes_nothing(
    full: Desktop, log_in: LogIn
) -> None:
    client = log_in("operator")
    stale = token_in(client.get(f"{LIST}/4").text)
    post(client, "/console/logout")
    expired = client.post(f"{LIST}/4/replay", data={"token": stale})
    form = {"name": "operator", "password": PASSWORD}
    post(client, "/console/login", **form)
    answer = client.post(f"{LIST}/4/replay", data={"token": stale})

    assert (303, True) == (expired.status_code, "/login" in expired.location)
    assert 400 == answer.status_code
    assert "too old to act on: open it again, then try again" in answer.text
    assert "refused" == client.get(f"{LIST}/4.json").get_json()["status"]
    assert [] == full.nudged


def test_two_operators_send_the_same_delivery_again_once(
    full: Desktop, log_in: LogIn
) -> None:
    first = log_in("operator")
    second = full.app.test_client()
    page = second.get("/console/login").text
    form = {"name": "operator", "password": PASSWORD}
    second.post("/console/login", data={**form, "token": token_in(page)})
    answers = [post(one, f"{LIST}/4/replay") for one in (first, second)]

    assert [303, 409] == [status for status, _ in answers]
    assert "It is not settled yet: it is sent by itself." in answers[1][1]


def test_styles_and_scripts_weigh_under_60_kb_and_stand_in_two_files(
    client: FlaskClient,
) -> None:
    page = client.get("/console/login").text
    found = re.findall(r'(?:src|href)="(/console/static/[^"]+\.(?:js|css)[^"]*)"', page)
    n_bytes = 0
    for at in found:
        with client.get(at) as answer:
            n_bytes += len(gzip.compress(answer.data, 9))

    assert ["console.css", "console.js"] == [
        at.partition("?")[0].rpartition("/")[2] for at in found
    ]
    assert n_bytes < 60_000


def test_a08_every_list_is_there_as_csv_too(full: Desktop, log_in: LogIn) -> None:
    client = log_in("admin")
    open_alert(full)
    audit.note(full.store, "ada", "paused", "=main", NOW)
    post(
        client, "/console/jobs/new/discard", status="refused", planned="2", because="x"
    )
    found = {
        name: list(csv.DictReader(io.StringIO(client.get(f"/console/{name}.csv").text)))
        for name in ("deliveries", "jobs", "alerts", "audit")
    }

    assert {"deliveries": 9, "jobs": 1, "alerts": 1} == {
        name: len(rows) for name, rows in found.items() if name != "audit"
    }
    assert "'=main" in [row["subject"] for row in found["audit"]]
    assert {"status": "refused"} == json.loads(found["jobs"][0]["filter"])
    for name in found:
        assert f"/console/{name}.csv" in client.get(f"/console/{name}").text


@pytest.mark.usefixtures("full")
def test_a_person_is_found_by_a_hash_and_never_stands_in_an_address(
    full: Desktop, log_in: LogIn
) -> None:
    full.take(event_of(60, person=Person(email=("grace@example.com",))))
    mark_new(full.store, full.clock.now + timedelta(minutes=1))
    client = log_in("viewer")
    page = client.get(f"{LIST}?kind=checkout").text
    form = {"token": token_in(page), "query": "kind=checkout&cursor=4"}
    sent = [
        client.post(f"{LIST}/person", data={**form, "value": " Grace@Example.com"}),
        client.post("/console/find", data={**form, "reference": "grace@example.com"}),
        client.post(f"{LIST}/person", data={**form, "value": "nobody@example.com"}),
    ]
    marks = people.marks_of(full.store, ["grace@example.com"])[0]
    narrowed, whole, nobody = (str(one.headers["Location"]) for one in sent)
    found = client.get(narrowed).text

    assert f"{LIST}?kind=checkout&person={marks}" == narrowed
    assert f"{LIST}?person={marks}" == whole
    assert ["60"] == re.findall(r"shopify:my-shop:(\d+):checkout</span>", found)
    assert "person: <b>the one looked for</b>" in found
    assert "grace" not in (narrowed + whole + found).lower()
    assert "A person is found for 7 days" in client.get(nobody).text
    keep = {**form, "name": "one of them", "query": narrowed.partition("?")[2]}
    assert "Keep view" not in found
    assert 422 == client.post("/console/views", data=keep).status_code
    client.get(narrowed.replace("deliveries?", "deliveries.csv?"))
    told = "csv kind=checkout&person=-"
    assert [("viewer", "deliveries", told)] == noted(full, "exported")
    empty = client.post(f"{LIST}/person", data={**form, "value": " "})
    assert (422, True) == (
        empty.status_code,
        "an e-mail address or a phone number" in empty.text,
    )


@pytest.mark.usefixtures("full")
def test_the_attempts_of_a_delivery_lead_to_all_of_their_request(
    log_in: LogIn,
) -> None:
    client = log_in("viewer")
    page = client.get(f"{LIST}/1").text

    assert '<a href="/console/deliveries?batch=1">2 events</a>' in page
    lines = client.get(f"{LIST}.json?batch=1").get_json()["items"]
    assert [2, 1] == [line["id"] for line in lines]
    rid, http = f"{LIST}?request_id=rid-0001", f"{LIST}?http=4xx"
    assert 'name="request_id" type="text" value="rid-0001"' in client.get(rid).text
    shown = client.get(http).text
    assert "answer: <b>4xx: turned down</b>" in shown
    assert "selected>4xx: turned down" in shown
    for wrong in ("http=600", "http=4x", "batch=0", "person=ada", "request_id=%00"):
        assert 422 == client.get(f"{LIST}?{wrong}").status_code
