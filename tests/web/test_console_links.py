"""`/console/links…` and `/console/link-audits…`: pages, forms, roles and JSON."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from forwarder.store import link_audits, links
from forwarder.web.desk import EXTENSION
from tests.clicks.following import TO
from tests.web.console_desk import NOW, Desktop, token_in
from tests.web.link_desk import fill_links

LogIn = Callable[[str], FlaskClient]


@pytest.fixture
def shop(desktop: Desktop) -> Desktop:
    """A console whose links may lead to one shop."""
    desk = desktop.app.extensions[EXTENSION]
    desktop.app.extensions[EXTENSION] = replace(desk, link_hosts=("shop.example.com",))
    return desktop


def post(client: FlaskClient, path: str, **form: str) -> TestResponse:
    token = token_in(client.get("/console/links").text)
    return client.post(path, data={"token": token, **form})


def test_the_list_shows_every_link_with_its_clicks(
    shop: Desktop, log_in: LogIn
) -> None:
    client = log_in("viewer")
    empty = client.get("/console/links").text
    fill_links(shop)
    page = client.get("/console/links").text
    told = client.get("/console/links.json").get_json()

    assert "No link yet" in empty
    assert all(word in page for word in ("spring", "autumn", "paused", "over", TO))
    assert "New link" not in page
    assert ["over", "spring", "still"] == [one["slug"] for one in told["items"]]
    (campaign,) = told["campaigns"]
    assert (3, 0) == tuple(campaign["first_party"][n] for n in ("clicks", "orders"))
    assert {"tier": 5, "orders": 1, "revenue": {"EUR": "56.90"}} == (
        campaign["campaign_and_day"]
    )
    assert "<dt>autumn</dt><dd>1 order, 56.90 EUR</dd>" in page


def test_without_a_shop_in_the_settings_the_page_says_what_to_do(
    desktop: Desktop, log_in: LogIn
) -> None:
    del desktop
    page = log_in("operator").get("/console/links").text

    assert "<code>allowed_hosts</code>" in page
    assert "New link" not in page
    assert "forwarder links add" not in page  # it would be refused as well


def test_a_page_without_links_leads_to_the_first_one(
    desktop: Desktop, log_in: LogIn
) -> None:
    desk = desktop.app.extensions[EXTENSION]
    desktop.app.extensions[EXTENSION] = replace(desk, link_hosts=("shop.test",))
    page = log_in("operator").get("/console/links").text

    assert 'Make one <a href="/console/links/new">here</a>, or:' in page
    assert "forwarder links add spring --to https://shop.test/spring" in page


def test_a_link_is_made_changed_paused_and_ended(shop: Desktop, log_in: LogIn) -> None:
    client = log_in("operator")
    wrong = post(client, "/console/links/new", slug="new", to="https://evil.example/")
    right = post(
        client, "/console/links/new", slug="new", to=TO, campaign="c1",
        arms=f"1={TO}/a\r\n\r\n2={TO}/b\r\n",
    )  # fmt: skip
    form = client.get("/console/link/new/edit").text
    changed = post(
        client, "/console/link/new/edit", to=f"{TO}/2", campaign="", arms="",
        expires="2027-01-31", utm_policy="link_wins",
    )  # fmt: skip
    post(client, "/console/link/new/pause")
    paused = links.find(shop.store, "new")
    post(client, "/console/link/new/resume")
    post(client, "/console/link/new/end")
    ended = links.find(shop.store, "new")

    assert 422 == wrong.status_code
    assert "evil.example is not among" in wrong.text
    assert 'value="https://evil.example/"' in wrong.text
    assert (303, 303) == (right.status_code, changed.status_code)
    assert f"1={TO}/a\n2={TO}/b</textarea>" in form
    assert paused is not None
    assert (f"{TO}/2", "", (), True) == (
        paused.to, paused.campaign, paused.arms, paused.is_paused,
    )  # fmt: skip
    assert ended is not None
    assert (False, NOW) == (ended.is_paused, ended.expires_at)


def test_one_link_shows_funnel_code_and_audits(shop: Desktop, log_in: LogIn) -> None:
    client = log_in("viewer")
    fill_links(shop)
    page = client.get("/console/link/spring").text
    told = client.get("/console/link/spring.json").get_json()
    qr = client.get("/console/link/spring/qr.svg")

    assert "<svg" in page
    assert "Pinterest counts" in page
    assert "<dt>People</dt><dd>3</dd>" in page
    assert "<dt>Machines</dt><dd>0</dd>" in page
    assert "ADA10" in page
    assert page.count("waits") == 1
    assert (3, 3) == (told["funnel"]["first_party"]["clicks"], len(told["audits"]))
    assert qr.data.startswith(b"<?xml")
    assert "Pause" not in page
    assert 404 == client.get("/console/link/none").status_code


def test_an_audit_is_asked_for_and_shown(shop: Desktop, log_in: LogIn) -> None:
    client = log_in("operator")
    done = fill_links(shop)
    page = client.get(f"/console/link-audits/{done}").text
    told = client.get(f"/console/link-audits/{done}.json").get_json()
    listed = client.get("/console/link-audits").text
    asked = post(client, "/console/link-audits", slug="spring")
    other = post(client, "/console/link-audits", url="https://other.example/")
    wrong = post(client, "/console/link-audits", url="")
    waits = client.get(other.headers["Location"]).text

    assert "hop 1: epik is lost" in page
    assert "?a=&lt;b&gt;" in page
    assert "was green, is red" in page
    assert ["was green, is red"] == told["changes"]
    assert all(word in listed for word in ("green", "red", "not tried", "waits"))
    assert (303, 303, 422) == (
        asked.status_code, other.status_code, wrong.status_code,
    )  # fmt: skip
    assert "Reload this page" in waits
    assert 404 == client.get("/console/link-audits/9999").status_code


def test_links_leave_and_come_as_a_table(shop: Desktop, log_in: LogIn) -> None:
    client = log_in("operator")
    fill_links(shop)
    table = client.get("/console/links.csv").text
    wrong = post(client, "/console/links/import", csv=f"{table}bad,http://e.example/\n")
    more = table.replace(",autumn,", ",winter,") + f"new,{TO},,,,,,\n"
    right = post(client, "/console/links/import", csv=more)
    still, spring = (links.find(shop.store, slug) for slug in ("still", "spring"))

    assert 422 == wrong.status_code
    assert "row 4: to: its host e.example" in wrong.text
    assert 303 == right.status_code
    assert 4 == len(links.every(shop.store))
    assert still is not None
    assert still.is_paused
    assert spring is not None
    assert ("winter", "ADA10") == (spring.campaign, spring.code)


def test_who_may_only_look_changes_nothing(shop: Desktop, log_in: LogIn) -> None:
    client = log_in("viewer")
    fill_links(shop)
    paths = (
        "links/new", "links/import", "link/spring/edit", "link/spring/pause",
        "link/spring/resume", "link/spring/end", "link-audits",
    )  # fmt: skip

    assert {403} == {
        post(client, f"/console/{path}", slug="spring").status_code for path in paths
    }
    assert 403 == client.get("/console/links/new").status_code


def test_older_audits_are_a_page_away(shop: Desktop, log_in: LogIn) -> None:
    client = log_in("viewer")
    for n in range(link_audits.PAGE + 1):
        link_audits.ask(shop.store, TO, None, "anna", NOW + timedelta(seconds=n))
    first = client.get("/console/link-audits.json").get_json()
    second = client.get(f"/console/link-audits.json?cursor={first['next']}").get_json()

    assert (link_audits.PAGE, 1) == (len(first["items"]), len(second["items"]))
    assert second["next"] is None
