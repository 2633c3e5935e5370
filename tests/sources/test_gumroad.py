"""What Gumroad's reference warns of and the samples alone do not show."""

from dataclasses import replace
from decimal import Decimal

import pytest

from forwarder.core.event import Event, Kind, Notice, Reading, Unreadable
from forwarder.core.source import Options
from forwarder.samples import load
from forwarder.sources import gumroad

PLAIN = Options(shop="s")


def read(body: bytes, options: Options = PLAIN) -> Reading:
    notice = Notice(
        headers={}, body=body, received_at=load("gumroad", "sale").received_at
    )
    return gumroad.parse(notice, options)


def only(case: str, options: Options = PLAIN) -> Event:
    (found,) = gumroad.parse(load("gumroad", case), options).events
    return found


def value_of(event: Event) -> Decimal | None:
    assert event.order is not None
    return None if event.order.value is None else event.order.value.amount


def test_a_field_called_price_after_the_price_does_not_change_the_value() -> None:
    body = load("gumroad", "sale").body + b"&price=1&custom_fields%5Bprice%5D=1"
    (found,) = read(body).events

    assert Decimal("29.00") == value_of(found)


def test_a_field_called_price_in_place_of_the_price_is_never_the_value() -> None:
    found = only("sale-field-called-price")

    assert value_of(found) is None
    assert "price: a field of the checkout hides it" in found.warnings


def test_a_sale_whose_id_a_buyer_may_have_written_is_held() -> None:
    body = b"sale_id=mine&price=100&custom_fields%5Bsale_id%5D=mine"

    with pytest.raises(Unreadable, match="no sale id"):
        read(body)


def test_a_price_is_in_us_cents_whatever_the_currency_of_the_product() -> None:
    body = load("gumroad", "sale").body.replace(b"currency=eur", b"currency=jpy")
    (found,) = read(body).events

    assert found.order is not None
    assert found.order.value is not None
    assert (Decimal("29.00"), "USD") == (
        found.order.value.amount,
        found.order.value.currency,
    )


def test_a_retry_is_the_same_delivery() -> None:
    first = load("gumroad", "sale")
    again = replace(first, body=first.body + b"&retry_count=1")
    other = replace(first, body=first.body.replace(b"sale900100", b"sale900101"))

    assert gumroad.delivery_key(first) == gumroad.delivery_key(again)
    assert gumroad.delivery_key(first) != gumroad.delivery_key(other)


def test_a_sale_and_its_refund_are_two_deliveries_of_one_order() -> None:
    keys = [gumroad.delivery_key(load("gumroad", case)) for case in ("sale", "refund")]
    sale, refund = only("sale"), only("refund")

    assert keys[0] != keys[1]
    assert sale.order is not None
    assert refund.order is not None
    assert sale.order.id == refund.order.id


def test_a_preorder_counts_only_where_unpaid_orders_are_wanted() -> None:
    wanted = only("sale-preorder-authorization", replace(PLAIN, unpaid_orders="send"))

    assert Kind.CHECKOUT is wanted.kind


def test_a_recurring_charge_is_no_checkout() -> None:
    assert Kind.RENEWAL is only("sale-recurring-charge").kind


def test_the_same_sale_as_json_and_as_form_is_one_event() -> None:
    assert only("sale") == replace(only("sale-json"), warnings=())
