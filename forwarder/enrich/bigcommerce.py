"""What a BigCommerce notice names by id only: orders, customers, subscribers, carts.

Limits: 10 pages of 250 order lines.
Source: https://developer.bigcommerce.com/docs/rest-management (read 2026-11-22)
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import requests

from forwarder.accounts import caller
from forwarder.asking import Api, Caller, NoAnswer
from forwarder.core import reading as read
from forwarder.core.carried import Carried, carried
from forwarder.core.choices import based, filled, item_id, offline_skip
from forwarder.core.event import Event, Item, Money, Order, Person
from forwarder.core.money import amount, money
from forwarder.core.source import Options

STORES_URL: Final = "https://api.bigcommerce.com/stores"
MAX_PAGES: Final = 10
PAGE: Final = 250
UNDONE: Final = frozenset({4, 5, 6})  # refunded, cancelled, declined
OFFLINE: Final = frozenset({"manual", "external", "pos"})
BIGCOMMERCE: Final = Api(
    name="BigCommerce",
    lacking="not looked up",
    never={
        401: "BigCommerce does not know the API token",
        403: "the API token may not read orders, customers or carts",
        404: "BigCommerce does not know it any more",
    },
)

Json = Mapping[str, object]

_REF = re.compile(
    r"(?:([a-z0-9]{1,64}) )?(orders|customers|subscribers|carts)/([\w-]+)"
)


def fill(event: Event, options: Options, session: requests.Session) -> Event:
    """Return the event with the order, person or cart it is about. Raises: NoAnswer."""
    ref = _REF.fullmatch(event.enrich_ref or "")
    if ref is None or not (ref[1] or options.api_url):
        raise NoAnswer("not looked up: the notice tells neither the store nor an id")
    at_store = options
    if not options.api_url:
        at_store = replace(options, api_url=f"{STORES_URL}/{ref[1]}")
    account = caller("bigcommerce", BIGCOMMERCE, at_store, session)
    return _READERS[ref[2]](event, options, account, ref[3])


def _order(event: Event, options: Options, account: Caller, order_id: str) -> Event:
    data = account.get(f"/v2/orders/{order_id}").record
    order = Order(
        id=order_id,
        value=_charged(data, options),
        items=tuple(_item(line, options) for line in _lines(account, order_id)),
    )
    is_undone = read.whole(data.get("status_id")) in UNDONE
    is_offline = read.text(data.get("order_source")) in OFFLINE
    skip = offline_skip(options, is_offline=is_offline)
    if is_undone or data.get("is_deleted") is True:
        skip = "order_cancelled"
    billing = read.record(data.get("billing_address"))
    full = replace(
        event,
        occurred_at=_placed_at(data) or event.occurred_at,
        person=replace(_person(billing, data), ip=read.text(data.get("ip_address"))),
        order=order,
        skip=skip,
        language=read.text(data.get("customer_locale")),
    )
    return filled(full, options, _handed_along(billing, data))


def _lines(account: Caller, order_id: str) -> list[Json]:
    lines: list[Json] = []
    for page in range(1, MAX_PAGES + 1):
        params = {"limit": str(PAGE), "page": str(page)}
        fresh = account.get(f"/v2/orders/{order_id}/products", params).rows
        lines += fresh
        if len(fresh) < PAGE:
            break
    return lines


def _charged(data: Json, options: Options) -> Money | None:
    # Unverified: that amounts are in the currency of payment, not the one shown.
    code = read.first(data.get("default_currency_code"), data.get("currency_code"))
    whole, goods, tax, shipping = (
        money(data.get(name), code)
        for name in (
            "total_inc_tax",
            "subtotal_ex_tax",
            "total_tax",
            "shipping_cost_ex_tax",
        )
    )
    off = amount(data.get("discount_amount"))
    if goods is not None and off is not None:
        goods = replace(goods, amount=goods.amount - off)
    return based(options, whole, goods, tax, shipping)


def _item(line: Json, options: Options) -> Item:
    variant_id = read.text(line.get("variant_id"))
    names = {
        "variant_id": None if variant_id == "0" else variant_id,
        "product_id": read.text(line.get("product_id")),
        "sku": read.text(line.get("sku")),
    }
    prices = (line.get(n) for n in ("price_inc_tax", "base_price", "list_price"))
    return Item(
        id=item_id(options, names),
        name=read.text(line.get("name")),
        brand=read.text(line.get("brand")),
        quantity=read.whole(line.get("quantity")),
        price=next((found for found in map(amount, prices) if found is not None), None),
    )


def _person(address: Json, named: Json) -> Person:
    customer_id = read.first(named.get("customer_id"), named.get("id"))
    return Person(
        email=read.one(address.get("email"), named.get("email")),
        phone=read.one(address.get("phone"), named.get("phone")),
        first_name=read.one(address.get("first_name"), named.get("first_name")),
        last_name=read.one(address.get("last_name"), named.get("last_name")),
        city=read.one(address.get("city")),
        state=read.one(address.get("state"), address.get("state_or_province")),
        postal_code=read.one(address.get("zip"), address.get("postal_code")),
        country=read.one(address.get("country_iso2"), address.get("country_code")),
        external_id=() if customer_id == "0" else read.texts(customer_id),
    )


def _handed_along(billing: Json, data: Json) -> Carried:
    forms = (billing.get("form_fields"), data.get("form_fields"))
    return carried(*(read.named(read.records(form), "name") for form in forms))


def _customer(
    event: Event, options: Options, account: Caller, customer_id: str
) -> Event:
    params = {"id:in": customer_id, "include": "addresses,formfields"}
    rows = read.records(account.get("/v3/customers", params).record.get("data"))
    if not rows:
        raise NoAnswer("not looked up: BigCommerce does not know it any more")
    data = rows[0]
    addresses = read.records(data.get("addresses"))
    person = _person(addresses[0] if addresses else {}, data)
    return filled(replace(event, person=person), options, _handed_along({}, data))


def _subscriber(event: Event, options: Options, account: Caller, ref: str) -> Event:
    data = account.get(f"/v3/customers/subscribers/{ref}").under("data")
    person = replace(_person({}, data), external_id=event.person.external_id)
    return filled(replace(event, person=person), options, Carried())


def _cart(event: Event, options: Options, account: Caller, cart_id: str) -> Event:
    data = account.get(f"/v3/carts/{cart_id}").under("data")
    kinds = read.record(data.get("line_items")).values()
    lines = [line for kind in kinds for line in read.records(kind)]
    code = read.at(data, "currency", "code")
    order = Order(
        value=money(data.get("cart_amount"), code),
        items=tuple(_item(line, options) for line in lines),
    )
    person = _person({}, {**data, "id": None})
    return filled(replace(event, person=person, order=order), options, Carried())


_READERS: Final = {
    "orders": _order,
    "customers": _customer,
    "subscribers": _subscriber,
    "carts": _cart,
}


def _placed_at(data: Json) -> datetime | None:
    written = read.text(data.get("date_created"))
    try:
        return (
            None if written is None else parsedate_to_datetime(written).astimezone(UTC)
        )
    except (ValueError, TypeError, IndexError, OverflowError):
        return read.moment(written)
