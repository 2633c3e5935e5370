"""The look-up against a stand-in for Stripe on the loopback."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from forwarder.core.delivery import Deferred
from forwarder.core.event import Event, Item, Kind, Order
from forwarder.core.source import Options
from forwarder.enrich import look_up

KEY = "rk_live_example_only"
EVENT = Event(
    event_id="e",
    kind=Kind.CHECKOUT,
    occurred_at=datetime(2026, 11, 1, tzinfo=UTC),
    order=Order(id="cs_live_1"),
    enrich="stripe_line_items",
    enrich_ref="cs_live_1",
)
Reply = tuple[int, dict[str, str], bytes]


@dataclass
class FakeStripe:
    """Answers in turn with what it was given; keeps what it was asked."""

    replies: list[Reply]
    url: str = ""
    asked: list[tuple[str, str | None]] = field(default_factory=list)


@pytest.fixture
def stripe() -> Iterator[FakeStripe]:
    fake = FakeStripe([])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fake.asked.append((self.path, self.headers.get("Authorization")))
            status, headers, body = fake.replies.pop(0)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield fake
    server.shutdown()
    server.server_close()
    thread.join()


def page(*lines: dict[str, Any], has_more: bool = False) -> Reply:
    body = {"object": "list", "data": list(lines), "has_more": has_more}
    return 200, {}, json.dumps(body).encode()


def line(number: int, **known: object) -> dict[str, Any]:
    price = {"id": f"price_{number}", "product": "prod_1", "unit_amount": 1250}
    return {
        "id": f"li_{number}",
        "description": f"Print {number}",
        "quantity": 2,
        "currency": "eur",
        "amount_subtotal": 2500,
        "price": price,
        **known,
    }


def ask(stripe: FakeStripe, event: Event = EVENT) -> Event | Deferred | str:
    with requests.Session() as session:
        session.trust_env = False
        options = Options(shop="s", api_key=KEY, api_url=stripe.url)
        return look_up("stripe", options, session)(event)


def test_the_lines_join_the_order_and_the_wish_is_fulfilled(stripe: FakeStripe) -> None:
    stripe.replies = [page(line(1), line(2))]
    found = ask(stripe)

    assert isinstance(found, Event)
    assert found.enrich is None
    assert found.enrich_ref is None
    assert found.order is not None
    assert "cs_live_1" == found.order.id
    assert (
        Item(id="price_1", name="Print 1", quantity=2, price=Decimal("12.50"))
        == found.order.items[0]
    )
    assert (
        "/v1/checkout/sessions/cs_live_1/line_items?limit=100",
        f"Bearer {KEY}",
    ) == stripe.asked[0]


def test_all_pages_are_read_from_the_last_line_on(stripe: FakeStripe) -> None:
    stripe.replies = [page(line(1), has_more=True), page(line(2))]
    found = ask(stripe)

    assert isinstance(found, Event)
    assert found.order is not None
    assert ["price_1", "price_2"] == [item.id for item in found.order.items]
    assert "starting_after=li_1" in stripe.asked[1][0]


def test_endless_pages_end(stripe: FakeStripe) -> None:
    stripe.replies = [page(line(n), has_more=True) for n in range(20)]
    found = ask(stripe)

    assert isinstance(found, Event)
    assert 10 == len(stripe.asked)


def test_an_amount_that_the_buyer_chose_is_parted_by_quantity(
    stripe: FakeStripe,
) -> None:
    stripe.replies = [page(line(1, price={"id": "p", "currency": "jpy"}))]
    found = ask(stripe)

    assert isinstance(found, Event)
    assert found.order is not None
    assert Decimal(1250) == found.order.items[0].price


@pytest.mark.parametrize(
    ("status", "word"),
    [(401, "API key"), (403, "may not"), (404, "session"), (400, "400"), (302, "302")],
)
def test_some_answers_mean_never(stripe: FakeStripe, status: int, word: str) -> None:
    stripe.replies = [(status, {"Location": f"{stripe.url}/elsewhere"}, b"{}")]
    found = ask(stripe)

    assert isinstance(found, str)
    assert word in found
    assert KEY not in found
    assert 1 == len(stripe.asked)


@pytest.mark.parametrize(
    ("wish", "wait_s"), [("7", 7.0), ("0", 1.0), ("999999", 3600.0), ("soon", None)]
)
def test_too_many_calls_mean_later_and_count_for_nothing(
    stripe: FakeStripe, wish: str, wait_s: float | None
) -> None:
    stripe.replies = [(429, {"Retry-After": wish}, b"")]

    assert Deferred("rate_limited", retry_after_s=wait_s, counts=False) == ask(stripe)


@pytest.mark.parametrize(
    "reply",
    [(500, {}, b"oops"), (503, {}, b""), (200, {}, b"<html>")],
    ids=["500", "503", "html"],
)
def test_trouble_at_stripe_means_later(stripe: FakeStripe, reply: Reply) -> None:
    stripe.replies = [reply]
    found = ask(stripe)

    assert isinstance(found, Deferred)
    assert "server_error" == found.reason


def test_a_huge_answer_is_not_read_to_its_end(stripe: FakeStripe) -> None:
    stripe.replies = [(200, {}, b" " * (9 << 20))]

    assert "line items not fetched: the answer is too large" == ask(stripe)


def test_nobody_there_means_later() -> None:
    with requests.Session() as session:
        options = Options(shop="s", api_key=KEY, api_url="http://127.0.0.1:9")
        found = look_up("stripe", options, session)(EVENT)

    assert isinstance(found, Deferred)
    assert "network" == found.reason
    assert KEY not in repr(found)


@pytest.mark.parametrize("ref", [None, "", "cs_1/../../charges", "pi_1", "cs_ü"])
def test_a_session_id_that_is_none_is_never_asked_for(
    stripe: FakeStripe, ref: str | None
) -> None:
    found = ask(stripe, replace(EVENT, enrich_ref=ref))

    assert "line items not fetched: the session has no usable id" == found
    assert [] == stripe.asked


def test_the_item_id_is_that_of_the_endpoint(stripe: FakeStripe) -> None:
    stripe.replies = [page(line(1))]
    options = Options(shop="s", api_key=KEY, api_url=stripe.url, item_id="{product_id}")
    with requests.Session() as session:
        found = look_up("stripe", options, session)(EVENT)

    assert isinstance(found, Event)
    assert found.order is not None
    assert "prod_1" == found.order.items[0].id


def test_no_key_is_used_faster_than_its_platform_allows(stripe: FakeStripe) -> None:
    stripe.replies = [page(line(1)) for _ in range(200)]
    options = Options(shop="s", api_key=KEY, api_url=stripe.url)
    with requests.Session() as session:
        asking = look_up("stripe", options, session)
        found = [asking(EVENT) for _ in range(130)]

    late = [each for each in found if isinstance(each, Deferred)]
    assert late
    assert {("rate_limited", False)} == {(each.reason, each.counts) for each in late}
    assert len(stripe.asked) == 130 - len(late) < 125
