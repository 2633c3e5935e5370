"""Kit (ConvertKit): confirmed subscribers, and purchases of the older webhooks.

Signing: `X-Kit-Signature: t=…,v1=…`, hex of HMAC-SHA256 over `{t}.{body}`. The older
webhooks are unsigned: their secret is the last part of the address, and since they
name no event, each kind of event has an address of its own.
Retries: 8 within about two days; a retry posts the whole batch again, signed anew. An
answer of 410 ends the webhook.
Source: https://developers.kit.com/webhooks (read 2026-11-21)
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from forwarder import decode
from forwarder.core import reading as read
from forwarder.core import signing
from forwarder.core.carried import carried
from forwarder.core.choices import based, finish, item_id
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
from forwarder.core.money import amount, money
from forwarder.core.source import Options, event_id

SCHEME: Final = signing.Scheme(
    header="x-kit-signature",
    signed="{time}.{body}",
    separator=",",
    signature_prefix="v1=",
    time_prefix="t=",
)
MAPPED: Final = frozenset({"subscriber.activated", "subscriber.subscribed_to_form"})

Json = Mapping[str, object]


def verify(notice: Notice, secret: str, now: datetime, options: Options) -> None:
    """Return if `secret` signed the notice or, unsigned, stood in its address.

    Raises: Forged, Stale.
    """
    if SCHEME.header in notice.headers:
        signing.verify(SCHEME, notice, secret, now, options.timestamp_tolerance_s)
    else:
        signing.verify_path_secret(notice, secret)


def sign(notice: Notice, secret: str, now: datetime) -> Notice:
    """Return the notice as Kit would send it: batches signed, older bodies not."""
    if b'"events"' in notice.body:
        return signing.sign(SCHEME, notice, secret, now)
    return replace(notice, path_secret=secret)


def delivery_key(notice: Notice) -> str:
    """Return the hash of the body.

    A retry keeps `delivery_id`, but may hold other events than the first try.
    """
    return read.short_key(notice.body)


def parse(notice: Notice, options: Options) -> Reading:
    """Return the events of a batch or of one older body. Raises: Unreadable."""
    data = decode.read_object(notice.body)
    if "events" in data:
        return _batch(read.batch(data["events"]), notice, options)
    if "transaction_id" in data:
        return _purchase(data, notice, options)
    subscriber = read.record(data.get("subscriber"))
    if not subscriber:
        raise Unreadable("neither events, nor a subscriber, nor a purchase")
    return _reading([_sign_up(subscriber, notice, options)])


def _batch(rows: Iterable[Json], notice: Notice, options: Options) -> Reading:
    return _reading([_row(row, notice, options) for row in rows])


def _reading(made: list[Event | str]) -> Reading:
    events = tuple(each for each in made if isinstance(each, Event))
    reasons = [each for each in made if isinstance(each, str)] or ["empty batch"]
    return Reading(events=events, ignored=None if events else reasons[0])


def _row(row: Json, notice: Notice, options: Options) -> Event | str:
    topic = read.text(row.get("type"))
    if topic not in MAPPED:
        return f"topic ignored: {read.topic_words(topic)}"
    subscriber = read.record(read.at(row, "data", "subscriber"))
    return _sign_up(subscriber, notice, options, row.get("created"))


def _sign_up(
    subscriber: Json, notice: Notice, options: Options, *times: object
) -> Event | str:
    """Read one subscriber: a form filled in counts once it is confirmed."""
    if subscriber.get("state") not in ("active", None):
        return "not confirmed yet"
    email = read.text(subscriber.get("email_address"))
    subscriber_id = read.text(subscriber.get("id")) or read.digest(email)
    if subscriber_id is None:
        return "nobody in it"
    fields = read.record(subscriber.get("fields"))
    kind = options.newsletter_kind
    created = subscriber.get("created_at")
    event = Event(
        event_id=event_id(options, "kit", subscriber_id, kind),
        kind=kind,
        occurred_at=read.occurred(notice, *times, created),
        person=Person(
            email=read.texts(email),
            first_name=read.one(subscriber.get("first_name")),
            last_name=read.one(fields.get("last_name")),
            external_id=(subscriber_id,),
        ),
    )
    return finish(event, options, carried(fields))


def _purchase(data: Json, notice: Notice, options: Options) -> Reading:
    if data.get("status") != "paid" and options.unpaid_orders == "skip":
        return Reading(ignored="not paid yet")
    order_id = read.needed("transaction id", data.get("transaction_id"))
    code = data.get("currency")
    total, tax, shipping, goods, off = (
        money(data.get(name), code)
        for name in ("total", "tax", "shipping", "subtotal", "discount")
    )
    if goods is not None and off is not None:
        goods = replace(goods, amount=goods.amount - off.amount)
    event = Event(
        event_id=event_id(options, "kit", order_id, Kind.CHECKOUT),
        kind=Kind.CHECKOUT,
        occurred_at=read.occurred(notice, data.get("transaction_time")),
        person=Person(email=read.one(data.get("email_address"))),
        order=Order(
            id=order_id,
            value=based(options, total, goods, tax, shipping),
            items=_items(data, options),
        ),
    )
    fields = carried(data, read.record(data.get("fields")))
    return Reading(events=(finish(event, options, fields),))


def _items(data: Json, options: Options) -> tuple[Item, ...]:
    return tuple(
        Item(
            id=item_id(options, {"sku": read.text(line.get("sku"))}),
            name=read.text(line.get("name")),
            quantity=read.whole(line.get("quantity")),
            price=amount(line.get("unit_price")),
        )
        for line in read.records(data.get("products"))
    )
