"""The pages beside the delivery list: what they show, what they do, who may."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from forwarder.alerts import states
from forwarder.core.delivery import Delivered
from forwarder.core.event import Person
from forwarder.core.tally import Tally, tally
from forwarder.pipeline import overview as standing
from forwarder.pipeline.replay import Asker, start_discard
from forwarder.store import audit, health, jobs, taken, tallies, volumes
from forwarder.store.audit import Wanted
from forwarder.store.jobs import Scope, State
from forwarder.web.desk import EXTENSION
from tests.web.console_desk import (
    NOW,
    Desktop,
    event_of,
    open_alert,
    quarantine,
    token_in,
)

LogIn = Callable[[str], FlaskClient]
PATHS = ("overview", "refused", "sources", "destinations", "jobs", "alerts")


def post(client: FlaskClient, path: str, **form: str) -> TestResponse:
    token = token_in(client.get("/console/").text)
    return client.post(path, data={**form, "token": token}, follow_redirects=True)


def said(desktop: Desktop) -> list[tuple[str, str, str]]:
    """What the audit log holds of the operator, newest first, without the log-in."""
    trail = audit.entries(desktop.store, Wanted(who="operator"))
    found = [(one.action, one.subject, one.detail) for one in trail.entries]
    return [one for one in found if one[0] != "logged in"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.usefixtures("desktop")
def test_every_page_opens_on_an_empty_console_and_says_what_is_next(
    path: str, log_in: LogIn
) -> None:
    client = log_in("viewer")
    page = client.get(f"/console/{path if path != 'overview' else ''}")
    twin = client.get(f"/console/{path}.json")

    assert 200 == page.status_code
    assert f'href="/console/{path}.json"' in page.text
    assert 1 == page.text.count('aria-current="page"')
    assert 200 == twin.status_code
    assert "application/json" == twin.mimetype


@pytest.mark.usefixtures("full")
def test_the_bar_leads_to_every_page_this_user_may_open(log_in: LogIn) -> None:
    bar = log_in("viewer").get("/console/").text.partition('class="places"')[2]
    bar = bar.partition("</nav>")[0]

    delivery = ["Overview", "Deliveries", "Refused", "Jobs", "Alerts"]
    results = ["What to change", "Experiments", "Reports", "Links"]
    labels = [*delivery, *results, "Sources", "Match quality", "Destinations"]
    places = [bar.index(f">{label}<") for label in labels]
    assert sorted(places) == places
    assert "Audit log" not in bar


def test_the_overview_says_yes_when_all_is_well(
    desktop: Desktop, log_in: LogIn
) -> None:
    desktop.take(event_of(1))
    desktop.take(event_of(2, occurred_at=NOW - timedelta(hours=5)))
    desktop.drain(Delivered())
    health.note_worker(desktop.store, "w", desktop.clock.now, has_worked=True)
    client = log_in("viewer")
    page = client.get("/console/").text
    told = client.get("/console/overview.json").get_json()

    assert "Yes. Webhooks are taken and deliveries are sent." in page
    assert "<b>50.0 %</b>" in page
    assert "A webhook that came more than once is counted once." in page
    assert ("good", 2, 2, 1) == (
        told["state"],
        told["webhooks"],
        told["by_status"]["delivered"],
        told["delivered_within_an_hour"],
    )


def test_the_overview_tells_how_long_the_platform_takes_to_say_yes(
    desktop: Desktop, log_in: LogIn
) -> None:
    tally.take()  # what other tests counted
    for number in range(1, 20):
        desktop.take(event_of(number))
    desktop.clock.now += timedelta(seconds=2)
    desktop.drain(Delivered())
    desktop.take(event_of(20))
    desktop.take(event_of(21))
    desktop.clock.now += timedelta(hours=2)
    desktop.drain(Delivered())
    tallies.flush(desktop.store)
    client = log_in("viewer")
    page = client.get("/console/").text
    told = client.get("/console/overview.json").get_json()["taken"]

    assert ["2026-11-21T12:00:00Z", "2026-11-21T14:00:00Z"] == [
        hour["since"] for hour in told["by_hour"]
    ]
    assert (19, 1.75, 2.42) == tuple(
        told["by_hour"][0][name] for name in ("events", "p50_s", "p95_s")
    )
    assert (2, "2026-11-21T13:00:00Z") == (told["1h"]["events"], told["1h"]["since"])
    assert (21, 1.83) == (told["24h"]["events"], told["24h"]["p50_s"])
    assert "half of 21 events within <b>1.8 s</b>, 95 % within" in page
    taken.forget(desktop.store, NOW + timedelta(hours=1))
    left = taken.by_hour(desktop.store, NOW)
    assert [NOW + timedelta(hours=2)] == list(left)
    client.post("/console/deliveries/1/replay", data={"token": token_in(page)})
    desktop.drain(Delivered())
    tallies.flush(desktop.store)
    assert left == taken.by_hour(desktop.store, NOW)


def test_the_overview_says_no_and_what_needs_a_person(
    blocked: Desktop, log_in: LogIn
) -> None:
    client = log_in("viewer")
    page = client.get("/console/").text

    assert "No: something needs you." in page
    assert "Nothing is sent to main. Pinterest does not accept the token." in page
    assert "Make a new conversion access token in Ads Manager" in page
    assert "The platform said: Authentication failed." in page
    assert "trouble" == client.get("/console/overview.json").get_json()["state"]
    assert blocked.store.is_writing


def test_the_overview_tells_of_each_shop_and_each_hour(
    full: Desktop, log_in: LogIn
) -> None:
    volumes.count_volumes(full.store, NOW + timedelta(hours=3))
    full.clock.now = NOW + timedelta(hours=2)
    client = log_in("viewer")
    page = client.get("/console/").text
    told = client.get("/console/overview.json").get_json()

    assert "<dt>Last of my-shop (UTC)</dt>" in page
    assert "the oldest for 2 hours" in page
    assert "at most 9 events an hour" in page
    assert {"my-shop": "2026-11-21T12:00:00Z"} == told["last_received_by"]
    hours = {one["hour"]: one["events"] for one in told["events_by_hour"]}
    assert (24, 9, 0) == (
        len(hours),
        hours["2026-11-21T12:00:00Z"],
        hours["2026-11-21T13:00:00Z"],
    )


def test_a_blocked_destination_says_what_to_do_and_which_token_it_has(
    blocked: Desktop, log_in: LogIn
) -> None:
    page = log_in("viewer").get("/console/destinations").text

    assert "<strong>What to do:</strong> Make a new conversion access token" in page
    assert f"<code>{blocked.destination.credential[:12]}</code>" in page


def test_a_refusal_is_told_from_first_to_last_with_a_sample(
    full: Desktop, log_in: LogIn
) -> None:
    client = log_in("viewer")
    page = client.get("/console/refused").text
    told = client.get("/console/refused.json").get_json()["refused"]

    assert '<a href="/console/deliveries/4">The last one' in page
    assert {"invalid": 4, "no_identity": 3} == {
        one["reason"]: one["newest_id"] for one in told
    }
    assert {"2026-11-21T12:00:00Z"} == {one["oldest_at"] for one in told}
    late = client.get("/console/deliveries/4").text
    assert "<dt>Too old from (UTC)</dt>" in late
    assert "Too old from" not in client.get("/console/deliveries/2").text
    assert full.store.is_writing


def test_the_overview_tells_of_open_alerts(full: Desktop, log_in: LogIn) -> None:
    alert_id = open_alert(full)
    page = log_in("viewer").get("/console/").text

    assert "It works, and something wants a look." in page
    assert f'href="/console/alerts/{alert_id}"' in page


def test_the_overview_tells_what_holds_a_destination(
    full: Desktop, log_in: LogIn
) -> None:
    client = log_in("viewer")
    before = client.get("/console/").text
    standing.pause(full.store, "main", "ada", "a sale", full.clock.now)
    page = client.get("/console/").text

    assert "main is paused" not in before
    assert "main is paused since" in page
    assert "<code>forwarder destinations resume main</code> lets it go on." in page


def test_every_page_says_that_the_sandbox_runs(desktop: Desktop, log_in: LogIn) -> None:
    client = log_in("viewer")
    page = "/console/destinations"
    without = client.get(page).text
    here = desktop.app.extensions[EXTENSION]
    desktop.app.extensions[EXTENSION] = replace(here, is_sandbox=True)

    assert "The sandbox runs" not in without
    assert "The sandbox runs: nothing reaches Pinterest." in client.get(page).text


@pytest.mark.usefixtures("desktop")
def test_the_overview_of_a_new_service_leads_to_the_first_webhook(
    desktop: Desktop, log_in: LogIn
) -> None:
    health.note_worker(desktop.store, "w", desktop.clock.now)
    page = log_in("viewer").get("/console/").text

    assert "It is ready, and no shop has posted so far." in page
    assert 'href="/console/sources"' in page


def test_what_was_refused_stands_by_reason_with_its_remedy_and_list(
    full: Desktop, log_in: LogIn
) -> None:
    quarantine(full)
    client = log_in("operator")
    page = client.get("/console/refused").text
    told = client.get("/console/refused.json").get_json()

    assert "Pinterest found a fault in it" in page
    assert "Mend it in the shop" in page
    link = "/console/deliveries?status=refused&amp;reason=invalid"
    assert f'href="{link}">1 delivery</a>' in page
    assert 200 == client.get(link.replace("&amp;", "&")).status_code
    assert (
        "/console/jobs/new/reparse?endpoint=my-shop&amp;reason=no+order+in+it" in page
    )
    assert {("invalid", 1), ("no_identity", 1)} == {
        (one["reason"], one["count"]) for one in told["refused"]
    }
    assert ["no order in it"] == [one["reason"] for one in told["quarantined"]]


@pytest.mark.usefixtures("full")
def test_a_viewer_sees_no_button_that_would_be_refused(log_in: LogIn) -> None:
    client = log_in("viewer")
    pages = [client.get(f"/console/{path}").text for path in ("refused", "deliveries")]
    pages.append(client.get("/console/destinations").text)

    for page in pages:
        assert "jobs/new" not in page
        assert "/pause" not in page


def test_a_source_tells_its_address_its_last_webhook_and_what_it_usually_does(
    full: Desktop, log_in: LogIn
) -> None:
    start = full.clock.now
    for hour in range(24):
        full.clock.now = start + timedelta(hours=hour)
        full.take(event_of(100 + hour))
    full.clock.now = start + timedelta(hours=24)
    volumes.count_volumes(full.store, full.clock.now)
    counted = Tally()
    labels = ("my-shop", "bad_signature")
    counted.add("forwarder_webhooks_received_total", labels, 7)
    tallies.flush(full.store, counted)
    client = log_in("viewer")
    page = client.get("/console/sources").text
    told = client.get("/console/sources.json").get_json()["items"][0]

    assert "https://events.example.com/hooks/my-shop" in page
    assert "7 wrong signature" in page
    assert "60 minutes between hours with webhooks" in page
    assert "receiving" in page
    assert 3600 == told["usual_gap_s"]
    assert {"bad_signature": 7} == told["turned_away"]
    assert {"invalid": 1, "no_identity": 1} == told["refused"]


def test_a_source_that_is_quiet_for_longer_than_usual_says_so(
    full: Desktop, log_in: LogIn
) -> None:
    start = full.clock.now
    for hour in range(12):
        full.clock.now = start + timedelta(hours=hour)
        full.take(event_of(100 + hour))
    volumes.count_volumes(full.store, full.clock.now)
    full.clock.now += timedelta(hours=6)

    assert (
        "quiet for longer than usual" in log_in("viewer").get("/console/sources").text
    )


def test_a_destination_is_paused_with_a_reason_and_goes_on(
    full: Desktop, log_in: LogIn
) -> None:
    client = log_in("operator")
    page = post(client, "/console/destinations/main/pause", because="new token").text

    assert "main is paused." in page
    assert "by operator: new token" in page
    assert "look" == client.get("/console/overview.json").get_json()["state"]
    assert (
        409 == post(client, "/console/destinations/main/pause", because="x").status_code
    )
    page = post(client, "/console/destinations/main/resume").text
    assert "main is called again" in page
    assert ["main"] == full.nudged
    assert 409 == post(client, "/console/destinations/main/resume").status_code
    assert [
        ("destination resumed", "main", ""),
        ("destination paused", "main", "new token"),
    ] == said(full)


@pytest.mark.parametrize(
    ("path", "because", "status"),
    [("main", " ", 422), ("main", "x" * 501, 422), ("other", "why", 404)],
)
def test_a_pause_needs_a_reason_and_a_destination(
    full: Desktop, log_in: LogIn, path: str, because: str, status: int
) -> None:
    client = log_in("operator")
    answer = post(client, f"/console/destinations/{path}/pause", because=because)

    assert status == answer.status_code
    assert [] == said(full)


def test_a_blocked_destination_is_told_in_words(
    blocked: Desktop, log_in: LogIn
) -> None:
    client = log_in("operator")
    page = client.get("/console/destinations").text

    assert "Pinterest does not accept the token" in page
    assert "Try it now" in page
    assert "2 deliveries" in page
    assert blocked.nudged == []


def test_all_of_a_filter_is_counted_first_and_then_sent_again(
    full: Desktop, log_in: LogIn
) -> None:
    client = log_in("operator")
    plan = client.get("/console/jobs/new/replay?status=refused&reason=invalid")
    told = client.get("/console/jobs/new/replay.json?status=refused").get_json()

    assert "Send 1 delivery again" in plan.text
    assert {"planned": 2, "delivered_before": 0, "skipped": {}} == told
    assert [] == jobs.list_jobs(full.store)
    form = {"status": "refused", "reason": "invalid", "planned": "1", "rate": "5"}
    page = post(client, "/console/jobs/new/replay", **form, because="mended").text
    job = jobs.list_jobs(full.store)[0]
    assert "The job is written down." in page
    assert "<b>0</b> of 1" in page
    assert ("operator", "mended", 5, 1) == (
        job.who,
        job.reason,
        job.rate_per_s,
        job.n_planned,
    )
    assert "invalid" == job.scope.wanted.reason
    assert ["main"] == full.nudged
    assert [("replay", "job 1", "1 planned; mended")] == said(full)


def test_a_plan_that_has_clearly_grown_is_asked_again(
    full: Desktop, log_in: LogIn
) -> None:
    client = log_in("operator")
    answer = post(client, "/console/jobs/new/replay", status="refused", planned="1")

    assert 409 == answer.status_code
    assert "There is more than this page showed before." in answer.text
    assert 'name="planned" value="2"' in answer.text
    assert [] == jobs.list_jobs(full.store)


def test_a_discard_wants_a_reason_and_keeps_what_was_typed(
    full: Desktop, log_in: LogIn
) -> None:
    client = log_in("operator")
    path = "/console/jobs/new/discard"
    assert "Discard 2 deliveries" in client.get(f"{path}?status=refused").text
    answer = post(client, path, status="refused", planned="2", because=" ")

    assert 409 == answer.status_code
    assert "Say why" in answer.text
    page = post(client, path, status="refused", planned="2", because="no use").text
    assert "waits for a worker" in page
    assert [("discard", "job 1", "2 planned; no use")] == said(full)


def test_a_plan_without_a_filter_warns(full: Desktop, log_in: LogIn) -> None:
    page = log_in("operator").get("/console/jobs/new/replay").text

    assert "No filter is set:" in page
    assert "2 deliveries" in page
    assert "delivered or skipped already" in page
    assert full.nudged == []


def test_quarantined_webhooks_are_read_again(full: Desktop, log_in: LogIn) -> None:
    quarantine(full)
    client = log_in("operator")
    query = {"endpoint": "my-shop", "reason": "no order in it"}
    plan = client.get("/console/jobs/new/reparse", query_string=query)

    assert "Read 1 webhook again" in plan.text
    post(client, "/console/jobs/new/reparse", **query, planned="1")
    assert "reparse" == jobs.list_jobs(full.store)[0].kind.value


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("replay?since=yesterday", 422),
        ("replay?nonsense=1", 422),
        ("reparse?order=1", 422),
        ("erase", 404),
        ("replay?status=pending", 200),
    ],
)
def test_a_plan_over_a_wrong_filter_says_what_is_wrong(
    log_in: LogIn, path: str, status: int
) -> None:
    answer = log_in("operator").get(f"/console/jobs/new/{path}")

    assert status == answer.status_code
    assert "Traceback" not in answer.text


def test_nothing_is_started_where_nothing_is_left(full: Desktop, log_in: LogIn) -> None:
    client = log_in("operator")
    path = "/console/jobs/new/replay"

    assert "So there is nothing to do." in client.get(f"{path}?order=none").text
    assert 409 == post(client, path, order="none", planned="0").status_code
    assert [] == jobs.list_jobs(full.store)


def test_jobs_are_listed_page_by_page_and_one_is_cancelled(
    full: Desktop, log_in: LogIn
) -> None:
    for number in range(jobs.PAGE + 1):
        start_discard(full.store, Scope(), Asker(who=f"user {number}"), NOW)
    client = log_in("operator")
    first = client.get("/console/jobs").text
    told = client.get("/console/jobs.json").get_json()
    older = client.get(f"/console/jobs.json?cursor={told['next']}").get_json()

    assert f'href="/console/jobs?cursor={told["next"]}"' in first
    assert ([1], None) == ([one["id"] for one in older["items"]], older["next"])
    page = post(client, "/console/jobs/1/cancel").text
    assert "It ends after the piece in hand." in page
    job = jobs.find(full.store, 1)
    assert job is not None
    assert State.CANCELLED is job.state
    assert 409 == post(client, "/console/jobs/1/cancel").status_code
    assert 404 == client.get("/console/jobs/999").status_code
    assert 404 == client.get(f"/console/jobs/{2**70}").status_code
    assert 422 == client.get("/console/jobs?cursor=x").status_code


def test_an_alert_is_acknowledged_ignored_and_resolved(
    full: Desktop, log_in: LogIn
) -> None:
    alert_id = open_alert(full)
    client = log_in("operator")
    path = f"/console/alerts/{alert_id}"

    assert "quarantined" in client.get("/console/alerts").text
    assert "It is noted that you know." in post(client, f"{path}/acknowledge").text
    assert "It is ignored" in post(client, f"{path}/ignore", hours="8").text
    told = client.get(f"{path}.json").get_json()
    assert "2026-11-21T20:00:00Z" == told["ignored_until"]
    assert ["open", "acknowledged", "ignored"] == [h["state"] for h in told["history"]]
    assert "It is resolved." in post(client, f"{path}/resolve").text
    assert 409 == post(client, f"{path}/acknowledge").status_code
    assert [] == client.get("/console/alerts.json").get_json()["items"]
    assert "quarantined" in client.get("/console/alerts?state=resolved").text
    assert ["alert resolved", "alert ignored", "alert acknowledged"] == [
        action for action, _, _ in said(full)
    ]


def test_the_second_of_two_operators_is_told_that_it_has_changed(
    full: Desktop, log_in: LogIn
) -> None:
    alert_id = open_alert(full)
    states.acknowledge(full.store, alert_id, "another", full.clock())
    client = log_in("operator")
    answer = post(client, f"/console/alerts/{alert_id}/ignore", state="open")

    assert 409 == answer.status_code
    assert "It has changed meanwhile" in answer.text
    assert [] == said(full)


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize(
    ("path", "status"),
    [("alerts?state=gone", 422), ("alerts/9", 404), (f"alerts/{2**70}", 404)],
)
def test_an_alert_that_is_not_there_is_told(
    log_in: LogIn, path: str, status: int
) -> None:
    assert status == log_in("viewer").get(f"/console/{path}").status_code


def test_the_audit_log_is_read_by_administrators_only(
    full: Desktop, log_in: LogIn
) -> None:
    for number in range(audit.PAGE + 1):
        audit.note(full.store, "cli:root", "user removed", f"<b>{number}</b>", NOW)
    client = log_in("admin")
    page = client.get("/console/audit?who=cli:root").text
    told = client.get("/console/audit.json?action=user%20removed").get_json()

    assert "&lt;b&gt;50&lt;/b&gt;" in page
    assert f"cursor={told['next']}" in page
    assert audit.PAGE == len(told["items"])
    assert "Audit log" in client.get("/console/").text
    assert 422 == client.get("/console/audit?since=x").status_code
    assert "Nothing matches" in client.get("/console/audit?who=nobody").text


@pytest.mark.parametrize("role", ["viewer", "operator"])
@pytest.mark.usefixtures("full")
def test_others_do_not_read_the_audit_log(role: str, log_in: LogIn) -> None:
    client = log_in(role)

    assert 403 == client.get("/console/audit").status_code
    assert 403 == client.get("/console/audit.json").status_code


def test_what_was_refused_is_told_also_after_its_endpoint_is_gone(
    full: Desktop, log_in: LogIn
) -> None:
    full.clock.now += timedelta(minutes=2)
    full.take(event_of(60, person=Person()), endpoint="old-shop")
    full.drain(Delivered())
    page = log_in("viewer").get("/console/refused").text

    assert "old-shop <b>1</b>" in page
    assert ">2 deliveries</a>" in page


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("path", [*PATHS[1:], "audit", "jobs/new/replay"])
def test_a_strange_name_in_an_address_breaks_no_page(path: str, log_in: LogIn) -> None:
    answer = log_in("admin").get(f"/console/{path}?endpoint=x&_external=1&values=2")

    assert answer.status_code in {200, 422}
