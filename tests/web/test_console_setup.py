"""First steps, connecting a source, match quality: what an operator reads there."""

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from threading import Lock

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from forwarder import outside
from forwarder.accounts import caller
from forwarder.core.delivery import Delivered
from forwarder.core.event import Kind
from forwarder.core.source import Options
from forwarder.hookups import PLATFORMS, Hookup
from forwarder.store import audit, health
from forwarder.web import hooking
from forwarder.web.desk import EXTENSION
from forwarder.web.refused import Refused
from forwarder.web.sheet import Sheet
from tests.apis import FakeApi, FakeShopify, FakeStripe, running
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
    assert "Nothing is sent to main. Pinterest does not accept the token." in text
    assert "Make a new conversion access token" in text
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
        "Write the key into the settings as api_key of [endpoints.my-shop]",
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
        if path != "first":
            assert "Put the secret in place of <code>&lt;secret&gt;" in page
        assert "s" * 32 not in page


def with_key(desktop: Desktop, hookup: Hookup | str) -> None:
    desk = desktop.app.extensions[EXTENSION]
    endpoint = replace(
        desk.endpoints["my-shop"], options=Options(shop="my-shop", api_key="shpat_x")
    )
    change(desktop, endpoints={"my-shop": endpoint}, hookup=lambda _: hookup)


@pytest.fixture
def shop(desktop: Desktop) -> Iterator[FakeShopify]:
    """The API of the shop, which the console has a key for."""
    api = FakeShopify()
    with running(api):
        with_key(desktop, hookup_to("shopify", api))
        yield api


def hookup_to(source: str, api: FakeApi) -> Hookup:
    platform = PLATFORMS[source]
    options = Options(shop="my-shop", api_key=api.key, api_url=api.url)
    session = outside.session(allow_private=True, any_port=True)
    return Hookup(
        platform=platform,
        account=caller(source, platform.api, options, session),
        url="https://events.example.com/hooks/my-shop",
        secret="s" * 32,
    )


def press(client: FlaskClient, what: str = "", **form: str) -> TestResponse:
    """Press a button of the page; what it asks for is posted."""
    token = token_in(client.get("/console/").text)
    path = f"/console/sources/my-shop/webhooks{what}"
    return client.post(path, data={"token": token, **form})


def shown_in(answer: TestResponse, what: str) -> str:
    """Return what the button of a page says it showed."""
    form = answer.text.partition(f"/webhooks/{what}")[2]
    return html.unescape(form.partition('name="shown" value="')[2].partition('"')[0])


def noted(desktop: Desktop, action: str) -> list[tuple[str, str, str]]:
    found = audit.entries(desktop.store, audit.Wanted(action=action)).entries
    return [(one.who, one.subject, one.detail) for one in found]


def test_webhooks_are_set_up_as_planned_and_removed_again(
    desktop: Desktop, shop: FakeShopify, log_in: LogIn
) -> None:
    elsewhere = {"id": 7, "address": "https://other.example/x", "topic": "orders/paid"}
    shop.hooks["7"] = elsewhere
    client = log_in("admin")
    before = text_of(client.get("/console/sources/my-shop").text)
    plan = press(client)

    assert "Ask Shopify what is there" in before
    assert "Missing" not in before
    assert "Missing: orders/paid" in text_of(plan.text)
    assert "Set up 4 webhooks at Shopify" in text_of(plan.text)
    assert {"GET"} == {asked.method for asked in shop.asked}
    done = press(client, "/set-up", shown=shown_in(plan, "set-up"))
    assert "4 of 4 webhooks set up" in text_of(done.text)
    assert "client secret of the app" in text_of(done.text)
    assert 5 == len(shop.hooks)
    plan = press(client)
    assert "Nothing is missing." in text_of(plan.text)
    done = press(client, "/remove", shown=shown_in(plan, "remove"))
    assert "4 of 4 webhooks removed" in text_of(done.text)
    assert {"7": elsewhere} == shop.hooks
    for action in ("webhooks registered", "webhooks removed"):
        assert [("admin", "my-shop", "4 webhooks")] == noted(desktop, action)


def test_webhooks_that_are_not_as_shown_are_left_alone(
    desktop: Desktop, shop: FakeShopify, log_in: LogIn
) -> None:
    client = log_in("admin")
    plan = press(client)
    press(client, "/set-up", shown=shown_in(plan, "set-up"))
    again = press(client, "/set-up", shown=shown_in(plan, "set-up"))

    assert 409 == again.status_code
    assert "so nothing was done" in text_of(again.text)
    assert "Nothing is missing." in text_of(again.text)
    assert 4 == len(shop.hooks)
    assert 409 == press(client, "/remove").status_code  # nothing was shown at all
    assert [] == noted(desktop, "webhooks removed")


def test_what_ends_early_says_how_far_it_came(
    desktop: Desktop,
    shop: FakeShopify,
    log_in: LogIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = log_in("admin")
    shown = shown_in(press(client), "set-up")
    shop.trouble = [
        (200, {}, {"webhooks": []}),
        (201, {}, {"webhook": {"id": 1}}),
        (403, {}, {}),
    ]
    text = text_of(press(client, "/set-up", shown=shown).text)

    assert "1 of 4 webhooks set up" in text
    assert "the api_key may not manage webhooks at Shopify. What is done stays" in text
    assert [("admin", "my-shop", "1 webhooks")] == noted(desktop, "webhooks registered")
    monkeypatch.setattr(hooking, "WITHIN_S", -1.0)
    text = text_of(press(client, "/set-up", shown=shown).text)
    assert "0 of 4 webhooks set up: the platform answers slowly" in text


def test_only_one_sets_webhooks_up_at_a_time(
    shop: FakeShopify, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = log_in("admin")
    shown = shown_in(press(client), "set-up")
    taken = Lock()
    monkeypatch.setattr(hooking, "_one_at_a_time", taken)
    with taken:
        refused = press(client, "/set-up", shown=shown)

    assert 409 == refused.status_code
    assert "wait half a minute" in text_of(refused.text)
    assert {} == shop.hooks
    assert 200 == press(client, "/set-up", shown=shown).status_code


def test_a_secret_that_the_platform_makes_is_shown_once(
    desktop: Desktop, log_in: LogIn
) -> None:
    client = log_in("admin")
    with running(FakeStripe()) as api:
        with_key(desktop, hookup_to("stripe", api))
        plan = press(client)
        done = press(client, "/set-up", shown=shown_in(plan, "set-up"))
        after = press(client)

    assert "<code>whsec_told_once</code>" in done.text
    assert "no-store" == done.headers["Cache-Control"]
    assert "whsec_told_once" not in after.text
    assert "whsec" not in str(noted(desktop, "webhooks registered"))


def test_an_api_that_gives_no_answer_says_why(
    desktop: Desktop, shop: FakeShopify, log_in: LogIn
) -> None:
    client = log_in("admin")
    shop.trouble = [(401, {}, {}), (500, {}, {})]

    assert "Shopify does not know the api_key" in text_of(press(client).text)
    assert "try again later" in text_of(press(client, "/remove", shown="1").text)
    with_key(desktop, "set api_url of the endpoint to its address")
    assert "Set api_url of the endpoint" in text_of(press(client).text)
    assert "Set api_url" in text_of(press(client, "/set-up", shown="x").text)


def test_only_operators_ask_and_only_administrators_change(
    shop: FakeShopify, log_in: LogIn
) -> None:
    client = log_in("operator")
    page = text_of(press(client).text)

    assert "Missing: orders/paid" in page
    assert "needs the role admin" in page
    assert "Set up 4" not in page
    assert 403 == press(client, "/set-up", shown="x").status_code
    client.post(
        "/console/logout", data={"token": token_in(client.get("/console/").text)}
    )
    viewer = log_in("viewer")
    assert 403 == press(viewer).status_code
    assert "needs the role operator" in (
        text_of(viewer.get("/console/sources/my-shop").text)
    )
    assert {} == shop.hooks


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
