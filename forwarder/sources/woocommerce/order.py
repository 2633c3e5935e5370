"""What a WooCommerce order or customer says, piece by piece.

Amounts are texts in major units except a line's own `price`; times are UTC without
saying so; an unknown attribution field holds `(none)`.
"""

import html
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Final

from forwarder.core import reading as read
from forwarder.core.carried import Carried, carried
from forwarder.core.choices import based, item_id
from forwarder.core.event import Item, Money, Person
from forwarder.core.money import amount, money
from forwarder.core.source import Options

Json = Mapping[str, object]

ATTRIBUTION: Final = "_wc_order_attribution_"
NOTHING: Final = Decimal(0)


def total(data: Json) -> Money | None:
    """Return what was charged, tax and shipping included."""
    return money(data.get("total"), data.get("currency"))


def charged(data: Json, options: Options) -> Money | None:
    """Return the order's value; `subtotal` is the goods as priced, tax in or out."""
    code = data.get("currency")
    shipping = money(data.get("shipping_total"), code)
    taxes = money(data.get("total_tax"), code)
    paid = total(data)
    off = [data.get("shipping_total"), data.get("shipping_tax")]
    if data.get("prices_include_tax") is not True:
        off.append(data.get("cart_tax"))
    goods = paid and replace(
        paid,
        amount=paid.amount - sum((amount(o) or NOTHING for o in off), NOTHING),
    )
    return based(options, paid, goods, taxes, shipping)


def items(data: Json, options: Options) -> tuple[Item, ...]:
    """Return the order lines."""
    lines = read.records(data.get("line_items"))
    return tuple(_item(line, options) for line in lines)


def codes(data: Json) -> tuple[str, ...]:
    """Return the coupons the buyer typed."""
    lines = read.records(data.get("coupon_lines"))
    return read.texts(*(line.get("code") for line in lines))


def _item(line: Json, options: Options) -> Item:
    product_id = read.text(line.get("product_id"))
    variation_id = read.text(line.get("variation_id"))
    names = {
        "variant_id": product_id if variation_id in {None, "0"} else variation_id,
        "product_id": product_id,
        "sku": read.text(line.get("sku")),
    }
    name = read.first(line.get("parent_name"), line.get("name"))
    quantity = read.whole(line.get("quantity"))
    return Item(
        id=item_id(options, names),
        name=None if name is None else html.unescape(name),
        quantity=quantity,
        price=_unit_price(amount(line.get("subtotal")), quantity)
        or amount(line.get("price")),
    )


def _unit_price(listed: Decimal | None, quantity: int | None) -> Decimal | None:
    """Return the price of one; the line's own `price` is after the discount."""
    if listed is None or quantity is None or quantity < 1:
        return None
    price = listed / quantity
    return price if price == round(price, 4) else round(price, 4)


def buyer(data: Json, known: Json) -> Person:
    """Return who ordered, with the browser that WooCommerce wrote down."""
    customer_id = read.text(data.get("customer_id"))
    found = person(
        read.record(data.get("billing")),
        read.record(data.get("shipping")),
        None if customer_id == "0" else customer_id,  # 0 is a guest
    )
    agent = (data.get("customer_user_agent"), known.get(f"{ATTRIBUTION}user_agent"))
    return replace(
        found,
        ip=read.text(data.get("customer_ip_address")),
        user_agent=read.first(*agent),
    )


def person(billing: Json, other: Json, customer_id: str | None) -> Person:
    """Return a person; a field missing in `billing` is taken from `other`."""

    def both(name: str) -> tuple[str, ...]:
        return read.one(billing.get(name), other.get(name))

    return Person(
        email=both("email"),
        phone=both("phone"),
        first_name=both("first_name"),
        last_name=both("last_name"),
        city=both("city"),
        state=both("state"),
        postal_code=both("postcode"),
        country=both("country"),
        external_id=read.texts(customer_id),
    )


def meta(data: Json) -> dict[str, object]:
    """Return the free fields that say something."""
    known = read.named(read.records(data.get("meta_data")), "key")
    return {name: value for name, value in known.items() if value != "(none)"}


def handed_along(known: Json) -> Carried:
    """Return the reserved fields; the visit began on WooCommerce's session entry."""
    campaign = {
        name.removeprefix(ATTRIBUTION): value
        for name, value in known.items()
        if name.startswith(f"{ATTRIBUTION}utm_")
    }
    landing = read.text(known.get(f"{ATTRIBUTION}session_entry"))
    return carried(known, campaign, landing_url=landing)
