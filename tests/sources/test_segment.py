"""Traps of Segment that its samples do not show."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from forwarder.core.event import Event, Forged, Unreadable
from forwarder.core.source import Options
from forwarder.samples import SIGNED_AT, TEST_SECRETS, load
from forwarder.sources import segment

PLAIN = Options(shop="s")
SECRET = TEST_SECRETS["segment"]


def event_of(case: str, options: Options = PLAIN, **changes: object) -> Event:
    notice = load("segment", case)
    data = json.loads(notice.body)
    data["properties"].update(changes)
    body = json.dumps(data).encode()
    (found,) = segment.parse(replace(notice, body=body), options).events
    return found


def with_context(**changes: object) -> Event:
    notice = load("segment", "order-completed")
    data = json.loads(notice.body)
    data["context"].update(changes)
    body = json.dumps(data).encode()
    (found,) = segment.parse(replace(notice, body=body), PLAIN).events
    return found


def amount_of(event: Event) -> Decimal | None:
    return event.order.value.amount if event.order and event.order.value else None


@pytest.mark.parametrize("form", [b'{"batch": [%s, %s]}', b"[%s, %s]"])
def test_a_batch_with_the_signature_of_its_first_event_is_forged(form: bytes) -> None:
    first = load("segment", "order-completed")
    added = load("segment", "signed-up")
    batch = replace(first, body=form % (first.body, added.body))

    with pytest.raises(Forged, match="only the first event of a batch"):
        segment.verify(batch, SECRET, SIGNED_AT, PLAIN)


@pytest.mark.parametrize("body", [b"[]", b'{"batch": []}', b'[{"type": "track"}]'])
def test_a_batch_is_not_read_even_when_all_of_it_is_signed(body: bytes) -> None:
    notice = replace(load("segment", "order-completed"), body=body)

    with pytest.raises(Unreadable, match="switch batching off"):
        segment.parse(notice, PLAIN)


@pytest.mark.parametrize(
    ("basis", "amount"), [("total", "71.24"), ("subtotal", "60.65"), ("net", "60.65")]
)
def test_revenue_is_without_tax_and_shipping(basis: str, amount: str) -> None:
    options = replace(PLAIN, value_basis=basis)  # type: ignore[arg-type]

    assert Decimal(amount) == amount_of(event_of("order-completed", options))


def test_a_number_keeps_its_written_digits() -> None:
    assert Decimal("0.1") == amount_of(event_of("order-completed", total=0.1))


def test_two_refunds_of_one_order_are_two_events() -> None:
    notice = load("segment", "order-refunded")
    other = replace(notice, body=notice.body.replace(b"seg-6c1b", b"seg-7d2c"))
    events = [segment.parse(each, PLAIN).events[0] for each in (notice, other)]

    assert 2 == len({event.event_id for event in events})
    assert {"S-900100"} == {event.order.id for event in events if event.order}


def test_the_visitor_s_address_is_used_unless_segment_hides_it() -> None:
    assert "192.0.2.34" == with_context().person.ip
    assert with_context(ip="0.0.0.0").person.ip is None  # noqa: S104


def test_the_click_is_in_the_query_of_the_page() -> None:
    page = {"url": "https://shop.example.com/?EPIK=dj0yJnU9other"}

    assert "dj0yJnU9other" == with_context(page=page).person.click_id


def test_without_a_user_id_the_anonymous_one_names_the_person() -> None:
    notice = load("segment", "signed-up")
    body = notice.body.replace(b'"userId": "u-900100",', b"")
    (found,) = segment.parse(replace(notice, body=body), PLAIN).events

    assert ("anon-900100",) == found.person.external_id
    assert "segment:s:anon-900100:signup" == found.event_id


def test_a_product_that_was_added_is_worth_its_price_times_how_many() -> None:
    added = event_of("product-added", value=None, price=0.1, quantity=3, currency="usd")

    assert Decimal("0.3") == amount_of(added)


def test_a_sum_made_in_binary_is_told_without_its_noise() -> None:
    noisy = event_of("order-completed", total=59.970000000000006)

    assert Decimal("59.97") == amount_of(noisy)
