"""ThriveCart: orders, and kept for the report refunds, renewals and cancellations.

Signing: none; each body shows the account's secret word as `thrivecart_secret`. It is
compared and then taken out, before the body is stored. Retries: not documented.
The address must answer HEAD and POST before it is saved; what that POST holds is not
documented [U], so an empty one is let through and ignored. One address gets all
products and events, also of test mode. Bodies are forms with brackets, or JSON where
the webhook's box for it is ticked.
Amounts are hundredths; `…_str` beside them, where it is there, tells them in full.
Source: https://support.thrivecart.com/help/using-webhook-notifications
(read 2026-11-22)
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from forwarder import decode
from forwarder.core import reading as read
from forwarder.core import tokens
from forwarder.core.carried import Carried, carried
from forwarder.core.choices import based, finish, item_id, renewal_kind
from forwarder.core.event import (
    Event,
    Item,
    Kind,
    Money,
    Notice,
    Order,
    Person,
    Reading,
)
from forwarder.core.money import from_minor, money
from forwarder.core.names import parted
from forwarder.core.source import Options, event_id

LOCAL: Final[Mapping[str, Kind]] = {
    "order.refund": Kind.REFUND,
    "order.subscription_cancelled": Kind.CANCEL,
}
HUNDREDTHS: Final[Mapping[str, int]] = {}  # whatever the currency [U]
WORD: Final = "thrivecart_secret"
TIMES: Final = ("date_unix", "date_iso8601", "order_timestamp")  # the last: an order's

Json = Mapping[str, object]


def verify(notice: Notice, secret: str, now: datetime, options: Options) -> None:  # noqa: ARG001
    """Return if the body shows `secret`, or is empty: a ping. Raises: Forged."""
    if not notice.body:
        return
    tokens.verify_shown(tokens.in_body(notice.body, WORD), secret)


def sign(notice: Notice, secret: str, now: datetime) -> Notice:  # noqa: ARG001
    """Return the notice with the secret word in its body."""
    return tokens.with_word(notice, WORD, secret)


def redacted(notice: Notice) -> Notice:
    """Return the notice without the secret word, as it is stored; never raises."""
    return tokens.with_word(notice, WORD, "redacted")


def delivery_key(notice: Notice) -> str:
    """Return the hash of the body without the secret word, which may be changed."""
    return read.short_key(redacted(notice).body)


def parse(notice: Notice, options: Options) -> Reading:
    """Return what happened to an order, or why it is ignored. Raises: Unreadable."""
    if not notice.body:
        return Reading(ignored="ping")
    data = decode.read_fields(notice.body)
    topic = read.text(data.get("event"))
    if topic == "order.success":
        return Reading(events=(_paid(data, Kind.CHECKOUT, notice, options),))
    if topic == "order.subscription_payment":
        return Reading(events=(_paid(data, renewal_kind(options), notice, options),))
    if topic is not None and topic in LOCAL:
        return Reading(events=(_undone(data, LOCAL[topic], notice, options),))
    return Reading(ignored=f"topic not mapped: {read.topic_words(topic)}")


def _paid(data: Json, kind: Kind, notice: Notice, options: Options) -> Event:
    order, customer = read.record(data.get("order")), read.record(data.get("customer"))
    total, tax = _amount(order, "total", data), _amount(order, "tax", data)
    if kind is not Kind.CHECKOUT:  # the order tells its first payment [U]
        paid = _amount(read.record(data.get("subscription")), "amount", data)
        total = total if paid is None else paid
    event = _event(data, kind, notice, options)
    event = replace(
        event,
        person=_person(customer, data.get("customer_id")),
        order=Order(
            id=read.text(data.get("order_id")),
            value=based(options, total, None, tax),
            items=_items(order, options),
        ),
    )
    fields = (data.get("passthrough"), customer.get("custom_fields"))
    handed = carried(*(read.record(each) for each in fields))
    return finish(event, options, handed)


def _undone(data: Json, kind: Kind, notice: Notice, options: Options) -> Event:
    value = _amount(read.record(data.get("refund")), "amount", data)
    order = Order(id=read.text(data.get("order_id")), value=value)
    event = replace(_event(data, kind, notice, options), order=order)
    return finish(event, options, Carried())


def _event(data: Json, kind: Kind, notice: Notice, options: Options) -> Event:
    subject_id = read.needed("order id", data.get("order_id"))
    if kind is not Kind.CHECKOUT:  # an order can have several
        subject_id = read.needed("event id", data.get("event_id"), subject_id)
    modes = {read.text(data.get("mode")), read.text(data.get("mode_int"))}
    times = (data.get(name) for name in TIMES)
    return Event(
        event_id=event_id(options, "thrivecart", subject_id, kind),
        kind=kind,
        occurred_at=read.occurred(notice, *times),
        is_test=not modes.isdisjoint({"test", "1"}),
    )


def _amount(part: Json, name: str, data: Json) -> Money | None:
    code = data.get("currency")
    full = money(part.get(f"{name}_str"), code)
    return from_minor(part.get(name), code, HUNDREDTHS) if full is None else full


def _items(order: Json, options: Options) -> tuple[Item, ...]:
    return tuple(
        Item(
            id=item_id(options, {"product_id": read.text(row.get("reference"))}),
            name=read.text(row.get("name")),
            quantity=read.whole(row.get("quantity")),
        )
        for row in read.rows(order.get("charges"))
    )


def _person(customer: Json, customer_id: object) -> Person:
    first_name, last_name = parted(customer.get("name"))
    address = read.record(customer.get("address"))
    return Person(
        email=read.one(customer.get("email")),
        phone=read.one(customer.get("contactno")),
        first_name=read.one(
            customer.get("firstname"), customer.get("first_name"), *first_name
        ),
        last_name=read.one(
            customer.get("lastname"), customer.get("last_name"), *last_name
        ),
        city=read.one(address.get("city")),
        state=read.one(address.get("state")),
        postal_code=read.one(address.get("zip")),
        country=read.one(address.get("country")),
        external_id=read.one(customer_id),
        ip=read.text(customer.get("ip_address")),
        user_agent=read.text(customer.get("client_user_agent")),
    )
