"""The code of the mirror: filled in from the settings, and run in a browser."""

import html
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Page

from forwarder.core.mirror import Allowed, MirrorEvent, TagState
from tests.cli.conftest import Shell
from tests.web.collector import Collector, served

ADDRESS = "https://events.example.com"
FAKE_SHOPIFY = """
var init = {customerPrivacy: {analyticsProcessingAllowed: true}};
var api = {customerPrivacy: {subscribe: function () {}}};
var analytics = {subscribe: function (name, told) {
  if (name === "checkout_completed") setTimeout(function () {
    told({data: {checkout: {order: {id: "gid://shopify/OrderIdentity/5001"},
      totalPrice: {amount: 29.35}, currencyCode: "EUR"}}});
  }, 0);
}};
"""


def code(shell: Shell, platform: str) -> str:
    result = shell.run("snippet", "mirror", "--platform", platform)
    assert 0 == result.exit_code, result.output
    return result.stdout


def test_the_code_is_filled_in_for_the_endpoint(shell: Shell) -> None:
    plain = code(shell, "plain")

    assert f'src="{ADDRESS}/static/mirror.js"' in plain
    assert 'data-shop="my-shop"' in plain
    assert 'event_id: "shopify:my-shop:" + orderId + ":checkout"' in plain


def test_what_must_stand_in_the_settings_is_told(shell: Shell) -> None:
    result = shell.run("snippet", "mirror", "--platform", "shopify")

    assert 'allowed_origins = ["null"]' in result.stderr
    file = shell.folder / "forwarder.toml"
    file.write_text(f'{file.read_text()}\n[collect]\nallowed_origins = ["null"]\n')
    assert "" == shell.run("snippet", "mirror", "--platform", "shopify").stderr


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--platform", "woocommerce"), "my-shop is a shopify endpoint"),
        (("--platform", "plain", "--endpoint", "moon"), "--endpoint: one of my-shop"),
    ],
)
def test_code_for_the_wrong_shop_is_wrong_use(
    shell: Shell, options: tuple[str, ...], sentence: str
) -> None:
    result = shell.run("snippet", "mirror", *options)

    assert (2, True) == (result.exit_code, sentence in result.stderr)


def test_the_woocommerce_code_reads_the_id_that_webhooks_carry(shell: Shell) -> None:
    file = shell.folder / "forwarder.toml"
    file.write_text(file.read_text().replace('"shopify"', '"woocommerce"'))
    told = code(shell, "woocommerce")

    assert "'order_id' => (string) $order->get_id()" in told
    assert 'fields.event_id = "woocommerce:my-shop:" + orderId + ":checkout";' in told


@pytest.fixture
def collector() -> Iterator[tuple[Collector, str]]:
    made = Collector(origins=frozenset({"null"}))
    with served(made.app()) as address:
        yield made, address


def told_by(page: Page, body: str, collector: Collector) -> MirrorEvent:
    """Run a page of a sandbox without an origin; return what it told."""
    frame = html.escape(body)
    outer = f'<iframe sandbox="allow-scripts" srcdoc="{frame}"></iframe>'
    app = Flask("shop")
    app.add_url_rule("/", "page", lambda: f"<!doctype html><body>{outer}</body>")
    with served(app) as address:
        page.goto(address, wait_until="load")
        for _ in range(400):
            if collector.taken:
                break
            page.wait_for_timeout(25)
    assert collector.taken
    return collector.taken[0]


@pytest.mark.slow
def test_the_shopify_code_runs_in_a_pixels_sandbox(
    shell: Shell, page: Page, collector: tuple[Collector, str]
) -> None:
    taking, address = collector
    script = FAKE_SHOPIFY + code(shell, "shopify").replace(ADDRESS, address)
    body = f"<head></head><body><script>{script}</script></body>"
    event = told_by(page, body, taking)

    assert ("shopify:my-shop:5001:checkout", "5001", 2935, TagState.ABSENT) == (
        event.event_id,
        event.order_id,
        event.value_minor,
        event.tag,
    )
    assert Allowed.GRANTED is event.consent


@pytest.mark.slow
def test_the_plain_code_runs_although_the_script_comes_later(
    shell: Shell, page: Page, collector: tuple[Collector, str]
) -> None:
    taking, address = collector
    filled = (
        code(shell, "plain")
        .replace(ADDRESS, address)
        .replace("ORDER_ID", "1001")
        .replace('"TOTAL"', '"7.50"')
        .replace('"CURRENCY"', '"EUR"')
    )
    stub = "<script>function pintrk(){}pintrk.loaded=true</script>"
    event = told_by(page, stub + filled, taking)

    assert ("shopify:my-shop:1001:checkout", 750, TagState.ALIVE) == (
        event.event_id,
        event.value_minor,
        event.tag,
    )


def test_another_shop_s_platform_is_refused_with_the_own_one(shell: Shell) -> None:
    words = ("snippet", "mirror", "--endpoint", "my-shop", "--platform", "woocommerce")
    refused = shell.run(*words)

    assert 2 == refused.exit_code
    assert "my-shop is a shopify endpoint: try --platform shopify" in refused.stderr
