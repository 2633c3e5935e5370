"""What a Shopify order, cart or customer says, piece by piece.

Shopify's payloads are loosely typed: a price may be a number, an id a text, a missing
address an empty list. Amount and currency are always taken from one money object.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final
from urllib.parse import urljoin, urlsplit

from forwarder.core import reading as read
from forwarder.core.choices import based, item_id
from forwarder.core.event import Item, Money, Order, Person, Unreadable
from forwarder.core.money import amount, money
from forwarder.core.source import Options

Json = Mapping[str, object]

OFFLINE: Final = frozenset({"pos", "shopify_draft_order", "iphone", "android"})
# Since October 2025 renewals come with the second name; a first order is "web".
# https://community.shopify.dev/t/23868 (read 2026-11-21)
RENEWALS: Final = frozenset(
    {"subscription_contract", "subscription_contract_checkout_one"}
)
PAID: Final = frozenset({"paid", "partially_refunded"})
UNDONE: Final = frozenset({"refunded", "voided"})
NOTHING: Final = Decimal(0)
ITEM_IDS: Final = ("variant_id", "product_id", "sku")

_HOST = re.compile(r"[A-Za-z0-9.-]+")


def is_renewal(data: Json) -> bool:
    """Tell the order of a running subscription."""
    return read.text(data.get("source_name")) in RENEWALS


def unsold(data: Json, options: Options) -> str | None:
    """Return why an order is no sale, None if it is one. Raises: Unreadable."""
    status = read.text(data.get("financial_status"))
    if data.get("cancelled_at") or status in UNDONE:
        return "cancelled or refunded"
    if status is None:
        raise Unreadable("financial_status is missing: nothing says whether it is paid")
    if status in PAID or options.unpaid_orders == "send":
        return None
    return "not paid yet"


def is_offline(data: Json) -> bool:
    """Tell an order that no visitor placed: till, draft, import through the API.

    Sales channels and headless shops carry an app's number as `source_name`; what sets
    them apart from imports is that a checkout or a browser was there.
    """
    name = read.text(data.get("source_name"))
    if name in OFFLINE:
        return True
    traces = ("browser_ip", "checkout_token", "cart_token")
    return name not in {None, "web"} and not any(data.get(trace) for trace in traces)


def refund_currency(data: Json, back: Sequence[Json]) -> str | None:
    """Return the currency: a payment's own, else that of the shop's other amounts."""
    lines = read.records(data.get("refund_line_items"))
    shop_amounts = [data.get("total_duties_set")]
    shop_amounts += [line.get("subtotal_set") for line in lines]
    return read.first(
        *(payment.get("currency") for payment in back),
        *(read.at(found, "shop_money", "currency_code") for found in shop_amounts),
    )


def bought(data: Json, options: Options, order_id: str | None, price: str) -> Order:
    """Return the lines and their amount; `price` names the field before discount."""
    lines = read.records(data.get("line_items"))
    value = charged(data, options) or _sum_of_lines(lines)
    codes = read.records(data.get("discount_codes"))
    return Order(
        id=order_id,
        value=value,
        items=tuple(_item(line, options, price) for line in lines),
        discount_codes=read.texts(*(one.get("code") for one in codes)),
    )


def charged(data: Json, options: Options) -> Money | None:
    """Return the value of an order on the basis that the endpoint wants."""
    total = _shop_money(data, "total_price")
    if options.value_basis == "total":
        return total
    return based(
        options,
        total,
        _shop_money(data, "subtotal_price"),
        _shop_money(data, "total_tax"),
        _shop_money(data, "total_shipping_price"),
    )


def _shop_money(data: Json, name: str) -> Money | None:
    """Return amount and currency of one object: the flat fields are the shop's too."""
    pair = read.at(data, f"{name}_set", "shop_money")
    exact = money(read.at(pair, "amount"), read.at(pair, "currency_code"))
    return exact or money(data.get(name), data.get("currency"))


def _sum_of_lines(lines: Sequence[Json]) -> Money | None:
    """Return what a cart's lines come to: a cart has no total of its own."""
    pairs = [read.at(line, "line_price_set", "shop_money") for line in lines]
    known = [amount(read.at(pair, "amount")) for pair in pairs]
    if None in known or not pairs:
        return None
    total = sum((line for line in known if line is not None), NOTHING)
    return money(total, read.at(pairs[0], "currency_code"))


def _item(line: Json, options: Options, price: str) -> Item:
    names = {name: read.text(line.get(name)) for name in ITEM_IDS}
    return Item(
        id=item_id(options, names),
        name=read.first(line.get("title"), line.get("name")),
        brand=read.text(line.get("vendor")),
        quantity=read.whole(line.get("quantity")),
        price=amount(line.get(price)) or amount(line.get("price")),
    )


def person(data: Json) -> Person:
    """Return the buyer. The first address that is there counts, as a whole."""
    customer = read.record(data.get("customer"))
    at = _address(data, customer)
    phones = (data.get("phone"), customer.get("phone"), at.get("phone"))
    mails = (data.get("email"), data.get("contact_email"), customer.get("email"))
    agent = read.record(data.get("client_details"))
    return Person(
        email=read.one(*mails),
        phone=read.one(*phones),
        first_name=read.one(at.get("first_name"), customer.get("first_name")),
        last_name=read.one(at.get("last_name"), customer.get("last_name")),
        city=read.texts(at.get("city")),
        state=read.one(at.get("province_code"), at.get("province")),
        postal_code=read.texts(at.get("zip")),
        country=read.one(at.get("country_code"), at.get("country")),
        external_id=read.texts(customer.get("id")),
        ip=read.first(data.get("browser_ip"), agent.get("browser_ip")),
        user_agent=read.text(agent.get("user_agent")),
    )


def _address(data: Json, customer: Json) -> Json:
    candidates = (
        data.get("billing_address"),
        data.get("shipping_address"),
        customer.get("default_address"),
    )
    return next(filter(None, map(read.record, candidates)), {})


def landing(data: Json, shop_domain: str) -> str | None:
    """Return the first page of the visit; Shopify tells its path, not its host."""
    site = read.text(data.get("landing_site"))
    if site is None:
        return None
    try:
        status_url = urlsplit(read.text(data.get("order_status_url")) or "")
        host = status_url.hostname or shop_domain
        return urljoin(f"https://{host}/", site) if _HOST.fullmatch(host) else site
    except ValueError:  # a bracket where urllib expects an IPv6 address
        return site
