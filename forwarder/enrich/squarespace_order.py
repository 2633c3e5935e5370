"""The order that a Squarespace notice names by its id only.

Source: https://developers.squarespace.com/commerce-apis/retrieve-specific-order
(read 2026-11-22)
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import requests

from forwarder.accounts import caller
from forwarder.asking import Api, NoAnswer
from forwarder.core import reading as read
from forwarder.core.carried import carried
from forwarder.core.choices import based, filled, item_id, offline_skip
from forwarder.core.event import Event, Item, Money, Order, Person
from forwarder.core.money import money
from forwarder.core.source import Options

SQUARESPACE: Final = Api(
    name="Squarespace",
    lacking="order not looked up",
    never={
        401: "Squarespace does not know the API key",
        403: "the API key may not read orders",
        404: "Squarespace does not know the order",
    },
)

Json = Mapping[str, object]

_ORDER = re.compile(r"[A-Za-z0-9-]{1,64}")


def fill(event: Event, options: Options, session: requests.Session) -> Event:
    """Return the event with its order and buyer. Raises: NoAnswer."""
    order_id = event.enrich_ref or ""
    if not _ORDER.fullmatch(order_id):
        raise NoAnswer("order not looked up: the notice has no usable id")
    account = caller("squarespace", SQUARESPACE, options, session)
    data = account.get(f"/1.0/commerce/orders/{order_id}").record
    skip = offline_skip(options, is_offline=data.get("channel") not in ("web", None))
    lines = read.records(data.get("lineItems"))
    offs = read.records(data.get("discountLines"))
    full = replace(
        event,
        occurred_at=read.moment(data.get("createdOn")) or event.occurred_at,
        person=_person(data),
        order=Order(
            id=order_id,
            value=_charged(data, options),
            items=tuple(_item(line, options) for line in lines),
            discount_codes=read.texts(*(off.get("promoCode") for off in offs)),
        ),
        is_test=read.is_yes(data.get("testmode")),
        skip="order_cancelled" if data.get("fulfillmentStatus") == "CANCELED" else skip,
    )
    forms = [
        data.get("formSubmission"),
        *(line.get("customizations") for line in lines),
    ]
    told = (read.named(read.records(form), "label") for form in forms)
    return filled(full, options, carried(*told))


def _charged(data: Json, options: Options) -> Money | None:
    whole, goods, off, tax, shipping = (
        _money(data.get(name))
        for name in (
            "grandTotal",
            "subtotal",
            "discountTotal",
            "taxTotal",
            "shippingTotal",
        )
    )
    if goods is not None and off is not None:
        goods = replace(goods, amount=goods.amount - off.amount)
    return based(options, whole, goods, tax, shipping)


def _money(pair: object) -> Money | None:
    return money(read.at(pair, "value"), read.at(pair, "currency"))


def _item(line: Json, options: Options) -> Item:
    names = {
        "variant_id": read.text(line.get("variantId")),
        "product_id": read.text(line.get("productId")),
        "sku": read.text(line.get("sku")),
    }
    price = _money(line.get("unitPricePaid"))
    return Item(
        id=item_id(options, names),
        name=read.text(line.get("productName")),
        quantity=read.whole(line.get("quantity")),
        price=None if price is None else price.amount,
    )


def _person(data: Json) -> Person:
    """Return the buyer; without a billing address, the one it is sent to."""
    at = read.record(data.get("billingAddress"))
    at = at or read.record(data.get("shippingAddress"))
    return Person(
        email=read.one(data.get("customerEmail")),
        phone=read.one(at.get("phone")),
        first_name=read.one(at.get("firstName")),
        last_name=read.one(at.get("lastName")),
        city=read.one(at.get("city")),
        state=read.one(at.get("state")),
        postal_code=read.one(at.get("postalCode")),
        country=read.one(at.get("countryCode")),
        external_id=read.one(data.get("customerId")),
    )
