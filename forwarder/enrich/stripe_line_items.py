"""The lines of a Stripe checkout session, which its webhook leaves out.

Limits: 10 pages of 100 lines.
Source: https://docs.stripe.com/api/checkout/sessions/line_items (read 2026-11-21)
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Final

import requests

from forwarder.accounts import caller
from forwarder.asking import Api, NoAnswer
from forwarder.core import reading as read
from forwarder.core.choices import item_id
from forwarder.core.event import Event, Item, Order
from forwarder.core.money import STRIPE_EXPONENTS, from_minor
from forwarder.core.source import Options

MAX_PAGES: Final = 10
STRIPE: Final = Api(
    name="Stripe",
    lacking="line items not fetched",
    never={
        401: "Stripe does not know the API key",
        403: "the API key may not read checkout sessions",
        404: "Stripe does not know the session",
    },
)

Json = Mapping[str, object]

_SESSION = re.compile(r"cs_[A-Za-z0-9_]{1,250}")


def fill(event: Event, options: Options, session: requests.Session) -> Event:
    """Return the event with its order lines. Raises: NoAnswer."""
    session_id = event.enrich_ref or ""
    if not _SESSION.fullmatch(session_id):
        raise NoAnswer("line items not fetched: the session has no usable id")
    account = caller("stripe", STRIPE, options, session)
    lines: list[Json] = []
    for _ in range(MAX_PAGES):
        path = f"/v1/checkout/sessions/{session_id}/line_items"
        page = account.get(path, _after(lines)).record
        fresh = read.records(page.get("data"))
        lines += fresh
        if page.get("has_more") is not True or not fresh:
            break
    items = tuple(_item(line, options) for line in lines)
    order = replace(event.order or Order(), items=items)
    return replace(event, order=order, enrich=None, enrich_ref=None)


def _after(so_far: list[Json]) -> dict[str, str]:
    last_id = read.text(so_far[-1].get("id")) if so_far else None
    return {"limit": "100", **({} if last_id is None else {"starting_after": last_id})}


def _item(line: Json, options: Options) -> Item:
    price = read.record(line.get("price"))
    product = price.get("product")
    names = {
        "variant_id": read.text(price.get("id")),
        "product_id": read.first(product, read.at(product, "id")),
        "sku": read.text(price.get("lookup_key")),
    }
    return Item(
        id=item_id(options, names),
        name=read.text(line.get("description")),
        quantity=read.whole(line.get("quantity")),
        price=_unit_price(line, price),
    )


def _unit_price(line: Json, price: Json) -> Decimal | None:
    """Return the price of one before discount; a chosen amount has no unit price."""
    code = price.get("currency", line.get("currency"))
    unit = from_minor(price.get("unit_amount"), code, STRIPE_EXPONENTS)
    if unit is not None:
        return unit.amount
    whole = from_minor(line.get("amount_subtotal"), code, STRIPE_EXPONENTS)
    quantity = read.whole(line.get("quantity"))
    if whole is None or quantity is None or quantity < 1:
        return None
    return round(whole.amount / quantity, 4)
