"""Webhooks are set up by the shop's own API: planned, done, removed."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from forwarder.hookups import PLATFORMS
from tests.apis import (
    FakeApi,
    FakeBigCommerce,
    FakeList,
    FakeShopify,
    FakeStripe,
    FakeWoo,
    running,
)
from tests.cli.conftest import Shell

URL = "https://events.example.com/hooks/my-shop"
FAKES: dict[str, Callable[[], FakeApi]] = {
    "bigcommerce": FakeBigCommerce,
    "kit": FakeList,
    "mailerlite": FakeList,
    "shopify": FakeShopify,
    "stripe": FakeStripe,
    "woocommerce": FakeWoo,
}


@contextmanager
def connected(shell: Shell, source: str) -> Iterator[FakeApi]:
    with running(FAKES[source]()) as api:
        tail = "/stores/example1" if source == "bigcommerce" else ""
        file = shell.folder / "forwarder.toml"
        text = file.read_text().replace('"shopify"', f'"{source}"')
        file.write_text(f'{text}api_key = "{api.key}"\napi_url = "{api.url}{tail}"\n')
        yield api


def words(verb: str) -> tuple[str, ...]:
    return ("webhooks", verb, "--endpoint", "my-shop")


def test_every_platform_on_the_roll_is_examined() -> None:
    assert set(FAKES) == set(PLATFORMS)


@pytest.mark.parametrize("source", FAKES)
def test_webhooks_are_set_up_once_and_removed_again(shell: Shell, source: str) -> None:
    topics = set(PLATFORMS[source].topics)
    with connected(shell, source) as api:
        api.hooks["other"] = {"id": "other", "url": "https://else.example/x"}
        planned = shell.json(*words("register"), "--dry-run")
        assert topics == set(planned["missing"])
        assert ["other"] == list(api.hooks)

        done = shell.json(*words("register"), "--yes")
        n = 1 if PLATFORMS[source].is_joint else len(topics)
        assert n == len(done["added"])
        again = shell.json(*words("register"), "--yes")
        assert ([], []) == (again["missing"], again["added"])

        listed = shell.json(*words("list"))
        assert topics == {t for hook in listed["there"] for t in hook["topics"]}
        assert n == len(shell.json(*words("remove"), "--yes")["removed"])
        assert ["other"] == list(api.hooks)


@pytest.mark.parametrize("source", ["kit", "mailerlite", "stripe"])
def test_a_secret_that_the_platform_makes_is_told_once(
    shell: Shell, source: str
) -> None:
    with connected(shell, source):
        first = shell.run(*words("register"), "--yes")
        second = shell.run(*words("register"), "--yes")

    assert "put this secret into .env for my-shop, it is shown once: " in first.stderr
    assert "secret" not in second.output


def test_woocommerce_is_given_the_secret_of_the_settings(shell: Shell) -> None:
    with connected(shell, "woocommerce") as api:
        result = shell.run(*words("register"), "--yes")

        assert 0 == result.exit_code, result.output
        secrets = {hook["secret"] for hook in api.hooks.values()}
        assert {"shopify-example-secret"} == secrets
        assert "shopify-example-secret" not in result.output


def test_a_placeholder_is_no_secret_a_fresh_one_is_made(shell: Shell) -> None:
    with connected(shell, "woocommerce") as api:
        file = shell.folder / "forwarder.toml"
        text = file.read_text().replace("shopify-example-secret", "put-the-secret-here")
        file.write_text(text)
        result = shell.run(*words("register"), "--yes")

        (secret,) = {hook["secret"] for hook in api.hooks.values()}
        assert len(secret) >= 32
        assert f"put this secret into .env for my-shop: {secret}" in result.stderr


def test_the_plan_is_shown_before_anybody_is_asked(shell: Shell) -> None:
    with connected(shell, "shopify") as api:
        result = shell.run(*words("register"), text="n\n")

        assert "missing:  orders/paid\n" in result.stdout
        assert "client secret of the app" in result.stdout
        assert {} == api.hooks
        assert {"GET"} == {asked.method for asked in api.asked}


def test_what_was_done_before_a_refusal_is_told(shell: Shell) -> None:
    with connected(shell, "shopify") as api:
        api.trouble = [
            (200, {}, {"webhooks": []}),
            (201, {}, {"webhook": {"id": 1}}),
            (403, {}, {}),
        ]
        result = shell.run(*words("register"), "--yes")

    assert 1 == result.exit_code
    assert "the api_key may not manage webhooks at Shopify; 1 of 4" in result.stderr


def test_one_webhook_for_all_that_lacks_a_topic_is_not_doubled(shell: Shell) -> None:
    with connected(shell, "stripe") as api:
        api.hooks["we_1"] = {
            "id": "we_1",
            "url": URL,
            "enabled_events": ["checkout.session.completed"],
        }
        told = shell.json(*words("register"), "--yes")

        assert ([], []) == (told["missing"], told["added"])
        assert "charge.refunded" in told["lacking"]
        assert 1 == len(api.hooks)


def test_a_webhook_for_everything_lacks_nothing(shell: Shell) -> None:
    with connected(shell, "stripe") as api:
        api.hooks["we_1"] = {"id": "we_1", "url": URL, "enabled_events": ["*"]}
        told = shell.json(*words("list"))

    assert ([], []) == (told["missing"], told["lacking"])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (('"shopify"', '"tally"'), "tally takes webhooks by hand"),
        (("api_key", "#api_key"), "my-shop]: see docs/missing.md"),
        (("api_url", "#api_url"), "set api_url of the endpoint"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(
    shell: Shell, change: tuple[str, str], sentence: str
) -> None:
    with connected(shell, "shopify") as api:
        file = shell.folder / "forwarder.toml"
        file.write_text(file.read_text().replace(*change))
        result = shell.run(*words("register"), "--yes")

    assert 2 == result.exit_code
    assert sentence in result.stderr
    assert [] == api.asked


def test_json_decides_nothing_by_itself(shell: Shell) -> None:
    with connected(shell, "shopify") as api:
        result = shell.run(*words("remove"), "--json")

        assert 2 == result.exit_code
        assert [] == api.asked


def test_what_was_set_up_is_noted(shell: Shell) -> None:
    with connected(shell, "stripe"):
        shell.run(*words("register"), "--yes")

    entries = json.loads(shell.run("audit-log", "--json").stdout)["items"]
    assert [("webhooks registered", "my-shop")] == [
        (entry["action"], entry["subject"]) for entry in entries
    ]
