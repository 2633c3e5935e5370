"""First steps, connecting a source, match quality: what an operator reads there."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from forwarder.core.delivery import Delivered
from forwarder.core.event import Kind
from forwarder.core.source import Options
from forwarder.hookups import Hook, Plan
from forwarder.store import health
from forwarder.web.desk import EXTENSION
from forwarder.web.refused import Refused
from forwarder.web.sheet import Sheet
from tests.web.console_desk import NOW, Desktop, event_of, quarantine, token_in

LogIn = Callable[[str], FlaskClient]
WHY = "signed with the secret of [endpoints.other]: it was sent to the wrong address"


def change(desktop: Desktop, **what: object) -> None:
    desk = desktop.app.extensions[EXTENSION]
    desktop.app.extensions[EXTENSION] = replace(desk, **what)


def text_of(page: str) -> str:
    main = page.partition("<main")[2].partition("</main>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", main))


def stage(client: FlaskClient) -> str:
    told: str = client.get("/console/first.json").get_json()["stage"]
    return told


def test_first_steps_begin_with_the_settings(desktop: Desktop, log_in: LogIn) -> None:
    change(desktop, endpoints={})
    client = log_in("viewer")
    text = text_of(client.get("/console/first").text)

    assert "settings" == stage(client)
    assert "forwarder init --shop my-shop=shopify" in text
    assert "--public-url https://events.example.com" in text
    assert "first steps" in text_of(client.get("/console/").text)
    assert "first steps" in text_of(client.get("/console/sources").text)


def test_first_steps_lead_on_to_the_shop_and_wait(
    desktop: Desktop, log_in: LogIn
) -> None:
    client = log_in("viewer")
    page = client.get("/console/first").text
    text = text_of(page)

    assert "webhook" == stage(client)
    assert 'data-waits="webhook"' in page
    assert '<noscript><meta http-equiv="refresh"' in page
    assert "https://events.example.com/hooks/my-shop" in text
    assert "choose Create webhook" in text  # the clicks
    assert "waiting for the first webhook" in text
    change(desktop, last_refused=lambda _: Refused(at=NOW, why=WHY))
    assert WHY in text_of(client.get("/console/first").text).replace("&#39;", "'")


def test_first_steps_explain_what_came_and_was_not_delivered(
    desktop: Desktop, log_in: LogIn
) -> None:
    desktop.take(event_of(1, is_test=True), skip="test_order")
    health.note_worker(desktop.store, "w", desktop.clock.now, has_worked=True)
    client = log_in("viewer")
    text = text_of(client.get("/console/first").text)

    assert "delivery" == stage(client)
    assert "Test order. Nothing to do." in text
    assert "A test order is skipped on purpose" in text


def test_first_steps_say_what_holds_the_worker_up(
    blocked: Desktop, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forwarder.web.console_first.first_delivered", lambda _: None)
    client = log_in("viewer")
    text = text_of(client.get("/console/first").text)

    assert "Something hinders it" in text
    assert "destination main is blocked" in text
    assert blocked.store.is_writing


def test_first_steps_end_with_the_first_delivery(
    desktop: Desktop, log_in: LogIn
) -> None:
    desktop.take(event_of(1))
    desktop.drain(Delivered())
    client = log_in("viewer")
    page = client.get("/console/first").text

    assert "done" == stage(client)
    assert '<a href="/console/deliveries/1">the platform took it</a>' in page
    assert "data-waits" not in page


def test_a_source_waits_with_its_address_steps_and_policies(
    desktop: Desktop, log_in: LogIn
) -> None:
    client = log_in("viewer")
    page = client.get("/console/sources/my-shop").text
    text = text_of(page)
    told = client.get("/console/sources/my-shop.json").get_json()

    assert ("waiting", None, None) == (
        told["state"],
        told["last_webhook"],
        told["last_turned_away"],
    )
    assert 'data-waits="waiting"' in page
    assert 'data-copy="https://events.example.com/hooks/my-shop"' in page
    for words in (
        "waiting for the first webhook",
        "forwarder listen --endpoint my-shop",
        "Create webhook",
        "orders/paid",
        "tries 8 times within 4 hours",
        "Set api_key in [endpoints.my-shop]",
    ):
        assert words in text
    assert desktop.store.is_writing


def test_a_webhook_that_was_turned_away_is_explained(
    desktop: Desktop, log_in: LogIn
) -> None:
    change(desktop, last_refused=lambda _: Refused(at=NOW, why=WHY))
    client = log_in("viewer")
    told = client.get("/console/sources/my-shop.json").get_json()

    assert "refused" == told["state"]
    assert WHY == told["last_turned_away"]["why"]
    assert WHY[1:] in text_of(client.get("/console/sources/my-shop").text)
    assert WHY in text_of(client.get("/console/sources").text)


def test_a_genuine_webhook_is_told_with_what_became_of_it(
    desktop: Desktop, log_in: LogIn
) -> None:
    change(desktop, last_refused=lambda _: Refused(at=NOW, why=WHY))
    desktop.clock.now += timedelta(minutes=1)
    desktop.take(event_of(1, is_test=True), skip="test_order")
    client = log_in("viewer")
    page = client.get("/console/sources/my-shop").text
    text = text_of(page)

    assert "data-waits" not in page
    assert "it is genuine and was taken in" in text
    assert "checkout of order 1001" in text
    assert "Test order. Nothing to do." in text
    assert f"Before it, at 2026-11-21 12:00:00 UTC, one was turned away: {WHY}" in text


def test_a_webhook_that_was_not_understood_is_told(
    desktop: Desktop, log_in: LogIn
) -> None:
    quarantine(desktop)
    client = log_in("viewer")
    text = text_of(client.get("/console/sources/my-shop").text)

    assert "genuine, but not understood" in text
    assert "It says: no order in it" in text
    assert (
        "quarantined"
        == (
            client.get("/console/sources/my-shop.json").get_json()["last_webhook"][
                "status"
            ]
        )
    )


def test_an_address_that_ends_in_its_secret_shows_only_where_it_goes(
    desktop: Desktop, log_in: LogIn
) -> None:
    change(desktop, sheet=Sheet(path_secret=frozenset({"my-shop"})))
    client = log_in("admin")

    for path in ("sources", "sources/my-shop", "first"):
        page = client.get(f"/console/{path}").text
        assert "/hooks/my-shop/&lt;secret&gt;" in page
        assert "s" * 32 not in page


def with_key(desktop: Desktop, says: Plan | str) -> None:
    desk = desktop.app.extensions[EXTENSION]
    endpoint = replace(
        desk.endpoints["my-shop"], options=Options(shop="my-shop", api_key="shpat_x")
    )
    change(desktop, endpoints={"my-shop": endpoint}, hook_plan=lambda _: says)


def ask(client: FlaskClient) -> str:
    token = token_in(client.get("/console/").text)
    path = "/console/sources/my-shop/plan"
    return text_of(client.post(path, data={"token": token}).text)


def test_the_plan_of_the_platforms_api_is_shown_before_anything_is_done(
    desktop: Desktop, log_in: LogIn
) -> None:
    there = Hook("1", "https://events.example.com/hooks/my-shop", ("orders/paid",))
    with_key(desktop, Plan((there,), (("refunds/create",),), ("orders/cancelled",)))
    client = log_in("operator")
    before = text_of(client.get("/console/sources/my-shop").text)

    assert "Ask shopify what is there" in before
    assert "Missing" not in before
    text = ask(client)
    assert "There: orders/paid" in text
    assert "Missing: refunds/create" in text
    assert "Lacking: orders/cancelled" in text
    assert "forwarder webhooks register --endpoint my-shop" in text


def test_an_api_that_gives_no_answer_says_why(desktop: Desktop, log_in: LogIn) -> None:
    with_key(desktop, "webhooks not set up: Shopify does not know the api_key")
    client = log_in("operator")

    assert "Shopify does not know the api_key" in ask(client)
    with_key(desktop, Plan((), ()))
    assert "Nothing is there, and nothing is missing." in ask(client)


def test_only_operators_have_the_platform_asked(
    desktop: Desktop, log_in: LogIn
) -> None:
    with_key(desktop, "never asked")
    client = log_in("viewer")
    token = token_in(client.get("/console/").text)
    answer = client.post("/console/sources/my-shop/plan", data={"token": token})

    assert 403 == answer.status_code
    assert "needs the role operator" in (
        text_of(client.get("/console/sources/my-shop").text)
    )


@pytest.mark.usefixtures("desktop")
def test_an_endpoint_that_is_not_there_has_no_page(log_in: LogIn) -> None:
    client = log_in("viewer")

    assert 404 == client.get("/console/sources/nobody").status_code
    answer = client.get("/console/sources/nobody.json")
    assert (404, True) == (answer.status_code, "settings" in answer.get_json()["error"])


def test_match_quality_tells_what_arrives_and_what_would_raise_it(
    full: Desktop, log_in: LogIn
) -> None:
    full.clock.now += timedelta(minutes=5)
    full.take(event_of(20, Kind.SIGNUP, order=None))
    full.drain(Delivered())
    client = log_in("viewer")
    text = text_of(client.get("/console/quality").text)
    told = client.get("/console/quality.json?period=24h").get_json()
    found = {one["kind"]: one for one in told["matches"]}

    assert {"checkout", "signup"} == set(found)
    assert 1.0 == found["signup"]["identifiers"]["email"]
    assert 1 == found["checkout"]["refused_for_nobody"]
    assert [("phone", "phone_no_country")] == [
        (one["field"], one["reason"]) for one in found["signup"]["left_out"]
    ]
    assert "It belongs into [endpoints.my-shop]" in text
    assert "named nobody and were refused" in text
    assert "delivered within the hour" in text
    assert told["funnel"]["events"] == sum(told["funnel"]["by_status"].values())


@pytest.mark.usefixtures("full")
def test_match_quality_keeps_its_choices_in_the_address(log_in: LogIn) -> None:
    client = log_in("viewer")
    page = client.get("/console/quality?period=1h&endpoint=my-shop").text

    assert '<option value="1h" selected>' in page
    assert "<option selected>my-shop</option>" in page
    assert "period=1h&amp;endpoint=my-shop" in page
    nothing = client.get("/console/quality?endpoint=another").text
    assert "Nothing was sent in this time" in nothing
    assert 422 == client.get("/console/quality?period=ever").status_code


@pytest.mark.usefixtures("full")
def test_one_delivery_says_by_what_it_can_be_recognised(log_in: LogIn) -> None:
    text = text_of(log_in("viewer").get("/console/deliveries/1").text)

    assert "By what Pinterest can recognise them E-mail address IP address" in text
    assert "Not told, or left out: Pinterest&#39;s click id" in text
