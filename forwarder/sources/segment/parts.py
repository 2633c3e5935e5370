"""What a Segment call says, piece by piece.

Amounts are numbers in major units; `revenue` excludes tax and shipping. Unlike
elsewhere, `context` holds the visitor's own address and user agent.
"""

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

HIDDEN_IP: Final = "0.0.0.0"  # noqa: S104  what Segment writes instead of an address

Json = Mapping[str, object]


def person(call: Json, data: Json) -> Person:
    """Return who it was, by the traits and, for an e-mail, the properties too."""
    traits = read.record(read.at(call, "context", "traits"))
    address = read.record(traits.get("address"))
    ip = read.text(read.at(call, "context", "ip"))
    return Person(
        email=read.one(traits.get("email"), data.get("email")),
        phone=read.one(traits.get("phone")),
        first_name=read.one(traits.get("firstName"), traits.get("first_name")),
        last_name=read.one(traits.get("lastName"), traits.get("last_name")),
        city=read.one(address.get("city")),
        state=read.one(address.get("state")),
        postal_code=read.one(address.get("postalCode"), address.get("postal_code")),
        country=read.one(address.get("country")),
        external_id=read.one(call.get("userId"), call.get("anonymousId")),
        ip=None if ip == HIDDEN_IP else ip,
        user_agent=read.text(read.at(call, "context", "userAgent")),
    )


def handed_along(call: Json) -> Carried:
    """Return the reserved fields of the properties; the page's query has the click."""
    context = read.record(call.get("context"))
    campaign = {
        "utm_campaign" if name == "name" else f"utm_{name}": value
        for name, value in read.record(context.get("campaign")).items()
    }
    page_url = read.text(read.at(context, "page", "url"))
    return carried(read.record(call.get("properties")), campaign, landing_url=page_url)


def total(data: Json) -> Money | None:
    """Return what was charged; without a total, what adds up to it."""
    code = data.get("currency")
    revenue = money(data.get("revenue"), code)
    if "total" in data or revenue is None:
        return money(data.get("total"), code)
    extras = (amount(data.get(name)) for name in ("shipping", "tax"))
    added = sum((extra for extra in extras if extra is not None), Decimal(0))
    return replace(revenue, amount=revenue.amount + added)


def charged(data: Json, options: Options) -> Money | None:
    """Return the value of an order, a checkout or a product that was added."""
    code = data.get("currency")
    goods, tax, shipping = (
        money(data.get(name), code) for name in ("revenue", "tax", "shipping")
    )
    value = based(options, total(data), goods, tax, shipping)
    return value or money(data.get("value"), code) or _of_one_product(data)


def _of_one_product(data: Json) -> Money | None:
    price = money(data.get("price"), data.get("currency"))
    quantity = read.whole(data.get("quantity"))
    if price is None:
        return None
    return replace(price, amount=price.amount * (1 if quantity is None else quantity))


def items(data: Json, options: Options) -> tuple[Item, ...]:
    """Return the products; a product that was added is told alone."""
    if "product_id" in data or "sku" in data:
        return (_item(data, options),)
    products = read.records(data.get("products"))
    return tuple(_item(line, options) for line in products)


def _item(line: Json, options: Options) -> Item:
    # Unverified: `variant_id`, which some shops add; `variant` itself is a name.
    names = {
        "variant_id": read.text(line.get("variant_id")),
        "product_id": read.text(line.get("product_id")),
        "sku": read.text(line.get("sku")),
    }
    return Item(
        id=item_id(options, names),
        name=read.text(line.get("name")),
        brand=read.text(line.get("brand")),
        category=read.text(line.get("category")),
        quantity=read.whole(line.get("quantity")),
        price=amount(line.get("price")),
    )
