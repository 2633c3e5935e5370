"""What the shop counted, from the command line."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from forwarder.core.event import Kind
from forwarder.core.ledger import LedgerOrder, OrderState, Origin
from forwarder.store import Store, ledger
from tests.apis import FakeShopify, running
from tests.cli.conftest import Shell
from tests.pulls.rows import shopify_order

LATE = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)  # November by the shop's clock
SALE = LedgerOrder(
    endpoint="my-shop",
    kind=Kind.CHECKOUT,
    order_id="1",
    occurred_at=LATE,
    value_minor=2935,
    currency="EUR",
)
TEST = LedgerOrder(
    endpoint="my-shop",
    kind=Kind.CHECKOUT,
    order_id="2",
    occurred_at=LATE,
    currency="EUR",
    state=OrderState.TEST,
)


def test_the_months_of_a_shop_follow_its_own_clock(shell: Shell, store: Store) -> None:
    ledger.add(store, [SALE, TEST], Origin.FILE, LATE)
    assert 1 == shell.json("ledger", "--month", "2026-10")[0]["conversions"]
    file = shell.folder / "forwarder.toml"
    file.write_text(f'{file.read_text()}\ntime_zone = "Europe/Berlin"\n')

    assert [] == shell.json("ledger", "--month", "2026-10")
    assert [
        {
            "endpoint": "my-shop",
            "kind": "checkout",
            "currency": "EUR",
            "conversions": 1,
            "value": "29.35",
            "refunded_or_cancelled": 0,
            "from_webhooks": 0,
            "from_books": 1,
            "in_both": 0,
            "left_out": {"test": 1},
        }
    ] == shell.json("ledger", "--month", "2026-11")
    told = shell.run("ledger", "--month", "2026-11").stdout
    assert "my-shop: 1 purchase, 29.35 EUR" in told
    assert "left out, test: 1" in told


@pytest.fixture
def asked(shell: Shell) -> Iterator[FakeShopify]:
    """A shop that can be asked for its orders."""
    with running(FakeShopify()) as api:
        assert isinstance(api, FakeShopify)
        file = shell.folder / "forwarder.toml"
        told = f'api_key = "{api.key}"\napi_url = "{api.url}"\n'
        file.write_text(file.read_text() + told)
        api.rows = {"orders": [shopify_order(number) for number in range(3)]}
        yield api


def test_what_the_shop_tells_afterwards_fills_its_books(
    shell: Shell, asked: FakeShopify
) -> None:
    assert asked.rows
    words = ("import-missing", "--endpoint", "my-shop", "--since", "2026-11-01")
    words = (*words, "--until", "2026-11-03", "--what", "orders")
    shell.json(*words, "--dry-run")
    assert [] == shell.json("ledger", "--month", "2026-11")
    shell.json(*words, "--yes")
    shell.json(*words, "--yes")
    found = shell.json("ledger", "--month", "2026-11")

    assert [(3, 3, 3, 3)] == [
        (one["conversions"], one["from_webhooks"], one["from_books"], one["in_both"])
        for one in found
    ]
