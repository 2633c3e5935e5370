"""What no webhook told is found, sent once and with its true time."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from forwarder.core.event import Notice
from forwarder.core.source import Options
from forwarder.pipeline import fetching
from forwarder.pipeline.missing import Window
from forwarder.pipeline.receive import Endpoint, receive
from forwarder.samples import TEST_SECRETS
from forwarder.sources import SOURCES
from forwarder.store import Store, audit
from forwarder.store.schema import deliveries, notices
from tests.apis import FakeShopify, running
from tests.cli.conftest import Shell
from tests.pulls.rows import at, shopify_customer, shopify_order

SECRET = TEST_SECRETS["shopify"]
WORDS = ("import-missing", "--endpoint", "my-shop", "--since", "2026-11-01")
WORDS = (*WORDS, "--until", "2026-11-03", "--what", "orders")


@pytest.fixture
def shop(shell: Shell) -> Iterator[FakeShopify]:
    with running(FakeShopify()) as api:
        assert isinstance(api, FakeShopify)
        file = shell.folder / "forwarder.toml"
        more = f'api_key = "{api.key}"\napi_url = "{api.url}"\n'
        file.write_text(file.read_text() + more)
        yield api


def by_webhook(store: Store, row: dict[str, Any]) -> int:
    endpoint = Endpoint(
        name="my-shop",
        source_name="shopify",
        source=SOURCES["shopify"],
        secrets=[SECRET],
        destination="main",
        options=Options(shop="my-shop"),
    )
    headers = {"x-shopify-topic": "orders/paid", "x-shopify-webhook-id": str(row["id"])}
    notice = Notice(headers=headers, body=json.dumps(row).encode())
    now = at(90_000)
    signed = SOURCES["shopify"].sign(notice, SECRET, now)
    return receive(endpoint, replace(signed, received_at=now), store, now).accepted


def times(store: Store) -> dict[str, Any]:
    with store.read() as connection:
        rows = connection.execute(sa.select(deliveries)).all()
    assert len(rows) == len({row.event_id for row in rows})
    return {row.order_id: row.occurred_at for row in rows}


def test_of_2000_orders_exactly_the_500_withheld_are_found_and_counted_once(
    shell: Shell, shop: FakeShopify, store: Store
) -> None:
    orders = [shopify_order(number) for number in range(2000)]
    shop.rows = {"orders": orders}
    told = [order for order in orders if order["id"] % 4]
    with ThreadPoolExecutor(32) as threads:
        assert 1500 == sum(threads.map(lambda o: by_webhook(store, o), told))

    planned = shell.json(*WORDS, "--dry-run")
    assert (2000, 1500, 500, 0) == tuple(
        planned[name] for name in ("told", "known", "missing", "taken_in")
    )
    assert {"checkout": 500} == planned["kinds"]
    counts = {"known": 1500, "missing": 500, "too_old": 0, "outside": 0}
    assert counts == {**planned["by_kind"]["checkout"], "too_old": 0}
    assert 1500 == len(times(store))

    done = shell.json(*WORDS, "--yes")
    assert (500, 2000) == (done["taken_in"], done["booked"])
    assert {str(o["id"]): at(o["id"] - 5_000_000) for o in orders} == times(store)

    again = shell.json(*WORDS, "--yes")
    words = ("known", "missing", "taken_in", "booked")
    assert (2000, 0, 0, 0) == tuple(again[name] for name in words)


def test_a_webhook_that_comes_after_all_is_a_duplicate(
    shell: Shell, shop: FakeShopify, store: Store
) -> None:
    shop.rows = {"orders": [shopify_order(1)]}
    shell.json(*WORDS, "--yes")

    assert 0 == by_webhook(store, shopify_order(1))
    assert 1 == len(times(store))


def test_the_plan_is_told_in_words_before_anybody_is_asked(
    shell: Shell, shop: FakeShopify, store: Store
) -> None:
    shop.rows = {
        "orders": [shopify_order(n) for n in range(3)],
        "customers": [
            shopify_customer(1),
            {**shopify_customer(2), "state": "disabled"},
        ],
    }
    result = shell.run(*WORDS[:-2], text="n\n")

    assert 0 == result.exit_code, result.output
    assert "5 told by the shop\n0 known\n4 missing (checkout 3, signup 1)" in (
        result.stdout
    )
    assert "1 no conversion" in result.stdout
    assert {} == times(store)


def test_a_job_of_the_console_is_told_and_cancelled_in_the_terminal(
    shell: Shell, shop: FakeShopify, store: Store
) -> None:
    assert shop.url
    window = Window(since=at(0), until=at(90_000))
    fetching.start_ask(store, "my-shop", "orders", window, "ada", store.now())
    shown = shell.run("jobs", "show", "1").stdout
    told = shell.json("jobs", "show", "1")

    assert "ask     planned   0 of 0  ada" in shown
    assert "  0 told by the shop\n  0 known\n  0 missing" in shown
    assert ("orders", {}) == (told["shop"]["what"], told["skipped"])
    assert "cancelled" in shell.run("jobs", "cancel", "1").stdout


def test_what_is_taken_in_is_noted_and_sealed(
    shell: Shell, shop: FakeShopify, store: Store
) -> None:
    shop.rows = {"orders": [shopify_order(7)]}
    shell.json(*WORDS, "--yes")

    with store.read() as connection:
        row = connection.execute(sa.select(notices)).one()
    assert b"readers.example.com" not in row.sealed
    entries = audit.entries(store, audit.Wanted()).entries
    assert ["missing imported"] == [entry.action for entry in entries]
    assert "1 of 1 events" in entries[0].detail


def test_events_too_old_to_be_sent_are_told(shell: Shell, shop: FakeShopify) -> None:
    old = at(0) - timedelta(days=400)
    shop.rows = {
        "orders": [{**shopify_order(1), "processed_at": old.isoformat()}],
    }
    words = ("import-missing", "--endpoint", "my-shop", "--since", "2025-01-01")
    told = shell.json(*words, "--what", "orders", "--dry-run")

    assert (1, 1) == (told["missing"], told["too_old"])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--endpoint", "nowhere", "--since", "2026-11-01"), "known: my-shop"),
        (("--endpoint", "my-shop", "--since", "soon"), "such as 2026-11-01"),
        (("--endpoint", "my-shop", "--since", "2026-11-01", "--json"), "--dry-run"),
    ],
)
def test_wrong_use_is_told_in_a_sentence(
    shell: Shell, shop: FakeShopify, words: tuple[str, ...], sentence: str
) -> None:
    result = shell.run("import-missing", *words)

    assert 2 == result.exit_code
    assert sentence in result.stderr
    assert [] == shop.asked


def test_an_endpoint_without_key_says_what_to_set(shell: Shell) -> None:
    result = shell.run(
        "import-missing", "--endpoint", "my-shop", "--since", "2026-11-01"
    )

    assert 2 == result.exit_code
    assert "set api_key in [endpoints.my-shop]: see docs/missing.md" in result.stderr


def test_a_source_that_cannot_be_asked_says_so(shell: Shell) -> None:
    file = shell.folder / "forwarder.toml"
    file.write_text(file.read_text().replace('"shopify"', '"tally"'))
    result = shell.run(
        "import-missing", "--endpoint", "my-shop", "--since", "2026-11-01"
    )

    assert 2 == result.exit_code
    assert "tally cannot be asked afterwards; these can: " in result.stderr


def test_a_shop_that_refuses_is_bad_news_and_nothing_is_sent(
    shell: Shell, shop: FakeShopify, store: Store
) -> None:
    shop.rows = {"orders": [shopify_order(n) for n in range(300)]}
    shop.page = 100
    shop.key = "renewed"
    result = shell.run(*WORDS, "--yes")

    assert 1 == result.exit_code
    assert "Shopify does not know the api_key; nothing was sent" in result.stderr
    assert "example-key" not in result.output
    assert {} == times(store)
