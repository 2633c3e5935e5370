"""Whoever sets a shop up sees its first webhook, or why it was turned away."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from forwarder.core.source import Options
from forwarder.pipeline.receive import Endpoint, receive
from forwarder.samples import TEST_SECRETS, fresh, load
from forwarder.sources import SOURCES
from forwarder.store import Store
from forwarder.web.refused import Refusals, last_refused
from tests.cli.conftest import Shell

SECRET = TEST_SECRETS["shopify"]
ENDPOINT = Endpoint(
    name="my-shop",
    source_name="shopify",
    source=SOURCES["shopify"],
    secrets=[SECRET],
    destination="main",
    options=Options(shop="my-shop"),
)
WORDS = ("listen", "--endpoint", "my-shop", "--timeout", "10")


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Do something while the command waits: once per nap, in order."""
    works: list[Callable[[], object]] = []
    naps = iter(range(1000))

    def nap(_: float) -> None:
        next(naps)
        if works:
            works.pop(0)()

    monkeypatch.setattr("time.sleep", nap)
    return works.append


def comes(store: Store, case: str = "orders-paid", serial: int = 77) -> None:
    now = store.now()
    receive(ENDPOINT, fresh("shopify", case, SECRET, now, serial), store, now)


def test_the_first_genuine_webhook_is_told(
    shell: Shell, store: Store, later: Callable[..., None]
) -> None:
    later(lambda: comes(store))
    told = shell.json(*WORDS)

    assert ("accepted", "") == (told["status"], told["reason"])
    assert [("checkout", "pending")] == [
        (event["kind"], event["status"]) for event in told["events"]
    ]


def test_a_test_order_is_said_to_be_skipped_on_purpose(
    shell: Shell, store: Store, later: Callable[..., None]
) -> None:
    later(lambda: comes(store, "orders-paid-test"))
    result = shell.run(*WORDS)

    assert 0 == result.exit_code, result.output
    assert "it is genuine and was taken in" in result.stdout
    assert "Test order" in result.stdout


def test_a_repeat_of_a_known_webhook_counts_as_one(
    shell: Shell, store: Store, later: Callable[..., None]
) -> None:
    comes(store)
    later(lambda: comes(store))
    result = shell.run(*WORDS)

    assert 0 == result.exit_code, result.output


def test_a_wrong_one_is_explained_while_waiting(
    shell: Shell, store: Store, later: Callable[..., None]
) -> None:
    refusals = Refusals(shell.folder / "var", {"my-shop": ENDPOINT}, store.now)
    wrong = replace(load("shopify", "orders-paid"), body=b"{}")

    later(lambda: refusals.note(ENDPOINT, wrong))
    later(lambda: comes(store))
    result = shell.run(*WORDS)

    assert 0 == result.exit_code, result.output
    assert "turned away: the signature does not match" in result.stderr


def test_nothing_within_the_time_is_bad_news(
    shell: Shell, no_nap: Callable[[float], None]
) -> None:
    assert no_nap is not None
    result = shell.run("listen", "--endpoint", "my-shop", "--timeout", "0")

    assert 1 == result.exit_code
    assert "is `forwarder serve` running" in result.stderr


def test_an_unknown_endpoint_is_told(shell: Shell) -> None:
    result = shell.run("listen", "--endpoint", "elsewhere")

    assert 2 == result.exit_code
    assert "known: my-shop" in result.stderr


def test_the_secret_of_an_address_is_not_shown(shell: Shell) -> None:
    file = shell.folder / "forwarder.toml"
    text = file.read_text().replace('"shopify"', '"gumroad"')
    file.write_text(text.replace(SECRET, "a-long-secret-of-the-address"))
    result = shell.run("listen", "--endpoint", "my-shop", "--timeout", "0")

    assert "/hooks/my-shop/<secret>" in result.stderr
    assert "a-long-secret-of-the-address" not in result.output


def test_a_flood_of_forged_ones_is_written_once_a_second(
    shell: Shell, store: Store
) -> None:
    times = [store.now()]
    refusals = Refusals(shell.folder / "var", {}, lambda: times[0])
    wrong = replace(load("shopify", "orders-paid"), body=b"{}")
    for _ in range(100):
        refusals.note(ENDPOINT, wrong)
    first = last_refused(shell.folder / "var", "my-shop")
    times[0] += timedelta(seconds=2)
    refusals.note(ENDPOINT, wrong)
    second = last_refused(shell.folder / "var", "my-shop")

    assert first is not None
    assert second is not None
    assert timedelta(seconds=2) == second.at - first.at
    assert last_refused(shell.folder / "var", "elsewhere") is None
