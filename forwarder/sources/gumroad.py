"""Gumroad: sales, and kept for the report refunds, disputes and cancellations.

Signing: none; the secret is the last part of the address. Retries: after 60, 180 and
600 s, only on 499, 500, 502, 503 and 504; after a broken connection or 5 s of silence
none. A retry adds `retry_count` to the body. Nothing switches the ping off.
`price` is in US cents whatever `currency`, the product's own, says.
Fields that the seller adds to the checkout are also put beside Gumroad's own, and win:
one called `price` replaces the price. They stand once more in `custom_fields`, which
tells them apart.
Source: https://github.com/antiwork/gumroad
app/modules/purchase/ping_notification.rb (read 2026-11-22)
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Final

from forwarder import decode
from forwarder.core import reading as read
from forwarder.core import signing
from forwarder.core.carried import Carried, carried
from forwarder.core.choices import finish, item_id, renewal_kind
from forwarder.core.event import (
    Event,
    Item,
    Kind,
    Notice,
    Order,
    Person,
    Reading,
    Unreadable,
)
from forwarder.core.money import from_minor
from forwarder.core.names import parted
from forwarder.core.source import Options, event_id

CURRENCY: Final = "USD"
UNDONE: Final[Mapping[str, Kind]] = {
    "refund": Kind.REFUND,
    "dispute": Kind.DISPUTE,
    "cancellation": Kind.CANCEL,
}
IGNORED: Final = frozenset({"dispute_won", "subscription_ended"}) | {
    "subscription_restarted",
    "subscription_updated",
}
OWN: Final = ("email", "full_name", "price", "quantity", "sale_id")

Json = Mapping[str, object]


def verify(notice: Notice, secret: str, now: datetime, options: Options) -> None:  # noqa: ARG001
    """Return if the address ended in `secret`. Raises: Forged."""
    signing.verify_path_secret(notice, secret)


def sign(notice: Notice, secret: str, now: datetime) -> Notice:  # noqa: ARG001
    """Return the notice with the secret in its address, where Gumroad has it."""
    return replace(notice, path_secret=secret)


def delivery_key(notice: Notice) -> str:
    """Return a hash of all but the number of the try, the same in each retry."""
    try:
        data = decode.read_fields(notice.body)
    except Unreadable:
        return read.short_key(notice.body)
    told = repr({name: data[name] for name in data if name != "retry_count"})
    return f"gumroad:{sha256(told.encode()).hexdigest()}"


def parse(notice: Notice, options: Options) -> Reading:
    """Return the sale or what undid it, or why there is none. Raises: Unreadable."""
    data = decode.read_fields(notice.body)
    fields = read.record(data.get("custom_fields"))
    shadowed = [n for n in OWN if n in fields and data.get(n) == fields[n]]
    data = {name: value for name, value in data.items() if name not in shadowed}
    topic = read.text(data.get("resource_name"))
    if topic is not None and topic in UNDONE:
        return Reading(events=(_undone(data, UNDONE[topic], notice, options),))
    if topic not in ("sale", None):  # the plain ping may not name what it is
        word = "ignored" if topic in IGNORED else "not mapped"
        return Reading(ignored=f"topic {word}: {read.topic_words(topic)}")
    if read.is_yes(data.get("is_gift_receiver_purchase")):
        return Reading(ignored="the receiver's copy of a gift")
    is_unpaid = read.is_yes(data.get("is_preorder_authorization"))
    if is_unpaid and options.unpaid_orders == "skip":
        return Reading(ignored="not paid yet")
    sale = _sale(data, notice, options)
    doubts = tuple(f"{name}: a field of the checkout hides it" for name in shadowed)
    handed = carried(
        read.record(data.get("url_params")),
        fields,
        landing_url=read.text(data.get("product_permalink")),
    )
    return Reading(events=(finish(replace(sale, warnings=doubts), options, handed),))


def _sale(data: Json, notice: Notice, options: Options) -> Event:
    is_renewal = read.is_yes(data.get("is_recurring_charge"))
    kind = renewal_kind(options) if is_renewal else Kind.CHECKOUT
    sale_id = read.needed("sale id", data.get("sale_id"))
    return Event(
        event_id=event_id(options, "gumroad", sale_id, kind),
        kind=kind,
        occurred_at=read.occurred(notice, data.get("sale_timestamp")),
        person=_person(data),
        order=Order(
            id=sale_id,
            value=from_minor(data.get("price"), CURRENCY),
            items=_items(data, options),
        ),
        is_test=read.is_yes(data.get("test")),
    )


def _undone(data: Json, kind: Kind, notice: Notice, options: Options) -> Event:
    """Read what was undone; only of a whole refund is it told how much."""
    sale_id = read.needed("sale id", data.get("sale_id"), data.get("subscription_id"))
    is_whole = kind is Kind.DISPUTE or read.is_yes(data.get("refunded"))
    value = from_minor(data.get("price"), CURRENCY) if is_whole else None
    event = Event(
        event_id=event_id(options, "gumroad", sale_id, kind),
        kind=kind,
        occurred_at=read.occurred(notice, data.get("cancelled_at")),
        order=Order(id=sale_id, value=value),
    )
    return finish(event, options, Carried())


def _items(data: Json, options: Options) -> tuple[Item, ...]:
    names = ("product_id", "short_product_id", "sku_id")
    known = {name: read.text(data.get(name)) for name in names}
    item = Item(
        id=item_id(options, {**known, "sku": known["sku_id"]}),
        name=read.text(data.get("product_name")),
        quantity=read.whole(data.get("quantity")),
    )
    return () if item.id is None else (item,)


def _person(data: Json) -> Person:
    first_name, last_name = parted(data.get("full_name"))
    return Person(
        email=read.one(data.get("email")),
        first_name=first_name,
        last_name=last_name,
        city=read.one(data.get("city")),
        state=read.one(data.get("state")),
        postal_code=read.one(data.get("zip_code")),
        country=read.one(data.get("country"), data.get("ip_country")),
        external_id=read.one(data.get("purchaser_id")),
    )
