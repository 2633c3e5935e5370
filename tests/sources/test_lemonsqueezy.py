"""Traps of Lemon Squeezy that its samples do not show."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from forwarder.core.event import Event, Kind, Reading
from forwarder.core.source import Options
from forwarder.samples import load
from forwarder.sources import lemonsqueezy

PLAIN = Options(shop="s")


def reading_of(case: str, options: Options = PLAIN, **changes: object) -> Reading:
    notice = load("lemonsqueezy", case)
    data = json.loads(notice.body)
    data["data"]["attributes"].update(changes)
    body = json.dumps(data).encode()
    return lemonsqueezy.parse(replace(notice, body=body), options)


def event_of(case: str, options: Options = PLAIN, **changes: object) -> Event:
    (found,) = reading_of(case, options, **changes).events
    assert isinstance(found, Event)
    return found


@pytest.mark.parametrize(
    ("code", "total", "shown", "amount"),
    [
        ("JPY", 500, "¥500", "500"),
        ("JPY", 50000, "¥500", "500.00"),
        ("JPY", 50000, "¥500.00", "500.00"),
        ("JPY", 500, "", "500"),
        ("EUR", 123456, "€1,234.56", "1234.56"),
        ("EUR", 123456, "1.234,56 €", "1234.56"),
        ("EUR", 0, "€0.00", "0.00"),
    ],
)
def test_the_shown_total_tells_what_the_minor_units_are(
    code: str, total: int, shown: str, amount: str
) -> None:
    found = event_of("order-created", currency=code, total=total, total_formatted=shown)

    assert found.order is not None
    assert found.order.value is not None
    assert (Decimal(amount), code) == (
        found.order.value.amount,
        found.order.value.currency,
    )


def test_the_value_can_be_without_tax_or_of_the_goods_alone() -> None:
    amounts = [
        order.value.amount
        for basis in ("total", "subtotal", "net")
        if (order := event_of("order-created", replace(PLAIN, value_basis=basis)).order)
        and order.value
    ]

    assert [Decimal("83.30"), Decimal("70.00"), Decimal("70.00")] == amounts


def test_a_refund_is_computed_from_the_sum_in_the_order_s_currency() -> None:
    found = event_of("order-refunded", refunded_amount=999, refunded_amount_usd=9.999)

    assert found.order is not None
    assert found.order.value is not None
    assert Decimal("9.99") == found.order.value.amount


def test_a_refund_without_a_sum_is_of_the_whole_order() -> None:
    found = event_of("order-refunded", refunded_amount=None)

    assert found.order is not None
    assert found.order.value is not None
    assert Decimal("83.30") == found.order.value.amount
    assert "lemonsqueezy:s:7900100-all:refund" == found.event_id


def test_two_refunds_of_one_order_are_two_events() -> None:
    ids = {event_of("order-refunded", refunded_amount=n).event_id for n in (100, 200)}

    assert 2 == len(ids)


def test_an_order_that_was_refunded_meanwhile_was_still_sold() -> None:
    found = event_of("order-created", status="refunded", refunded=True)

    assert Kind.CHECKOUT == found.kind


def test_an_unpaid_order_is_sent_where_the_endpoint_says_so() -> None:
    options = replace(PLAIN, unpaid_orders="send")

    assert Kind.CHECKOUT == event_of("order-created-pending", options).kind


def test_an_order_and_a_payment_of_equal_number_are_two_refunds() -> None:
    ids = {
        event_of(case, refunded_amount=1).event_id.replace("6900100", "7900100")
        for case in ("order-refunded", "subscription-payment-refunded")
    }

    assert 2 == len(ids)


@pytest.mark.parametrize("case", ["order-created", "subscription-created"])
def test_links_that_open_an_account_are_not_stored(case: str) -> None:
    notice = load("lemonsqueezy", case)
    stored = lemonsqueezy.redacted(notice)

    assert b"signature=EXAMPLE" in notice.body
    assert b"signature=EXAMPLE" not in stored.body
    assert lemonsqueezy.parse(notice, PLAIN) == lemonsqueezy.parse(stored, PLAIN)


def test_the_unsigned_header_does_not_name_the_topic() -> None:
    notice = load("lemonsqueezy", "order-created")
    headers = {**notice.headers, "x-event-name": "order_refunded"}
    (found,) = lemonsqueezy.parse(replace(notice, headers=headers), PLAIN).events

    assert Kind.CHECKOUT == found.kind
