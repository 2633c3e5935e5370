"""Lemon Squeezy: orders with their refunds, subscriptions and their payments.

Signing: `X-Signature`, hex of HMAC-SHA256 over the raw body, no signed time; the topic
is read from the signed body, not from `X-Event-Name`. Retries: after 5, 25 and 125 s,
on anything but 200. An order names its first line only, and neither phone nor address.
Source: https://docs.lemonsqueezy.com/help/webhooks (read 2026-11-21)
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from forwarder import decode
from forwarder.core import reading as read
from forwarder.core import signing, tokens
from forwarder.core.carried import Carried, carried
from forwarder.core.choices import finish, renewal_kind
from forwarder.core.event import Event, Kind, Notice, Order, Reading
from forwarder.core.source import Options, event_id
from forwarder.sources.lemonsqueezy import order as part
from forwarder.sources.lemonsqueezy.order import Json

SCHEME: Final = signing.Scheme(header="x-signature")
SIGNED_LINKS: Final = (
    "receipt",
    "invoice_url",
    "customer_portal",
    "customer_portal_update_subscription",
    "update_payment_method",
)
SOLD: Final = frozenset({"paid", "refunded", "partial_refund"})
SUBSCRIBED: Final = {"on_trial": Kind.START_TRIAL, "active": Kind.SUBSCRIBE}
IGNORED: Final = re.compile(r"(license_key|subscription|affiliate)_\w+", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Told:
    """One notice while it is read: the object's own id, and what it says."""

    id: str
    data: Json
    fields: Carried
    notice: Notice
    options: Options


def verify(notice: Notice, secret: str, now: datetime, options: Options) -> None:
    """Return if `secret` signed the notice. Raises: Forged."""
    signing.verify(SCHEME, notice, secret, now, options.timestamp_tolerance_s)


def sign(notice: Notice, secret: str, now: datetime) -> Notice:
    """Return the notice as Lemon Squeezy would sign it."""
    return signing.sign(SCHEME, notice, secret, now)


def redacted(notice: Notice) -> Notice:
    """Return the notice without the links that open an account; never raises."""
    for name in SIGNED_LINKS:
        notice = tokens.with_word(notice, name, "redacted")
    return notice


def delivery_key(notice: Notice) -> str:
    """Return the hash of the body: there is no id of the delivery."""
    return read.short_key(notice.body)


def parse(notice: Notice, options: Options) -> Reading:
    """Return the event of a notice, or why there is none. Raises: Unreadable."""
    body = decode.read_object(notice.body)
    topic = read.text(read.at(body, "meta", "event_name")) or ""
    reader = TOPICS.get(topic)
    if reader is None:
        word = "ignored" if IGNORED.fullmatch(topic) else "not mapped"
        return Reading(ignored=f"topic {word}: {read.topic_words(topic)}")
    data = read.record(read.at(body, "data", "attributes"))
    fields = carried(read.record(read.at(body, "meta", "custom_data")))
    made = reader(_Told(_id(body), data, fields, notice, options))
    return Reading(ignored=made) if isinstance(made, str) else Reading(events=(made,))


def _id(body: Json) -> str:
    """Return the object's id; payments are numbered apart from the orders."""
    found = read.needed("id", read.at(body, "data", "id"))
    is_payment = read.at(body, "data", "type") == "subscription-invoices"
    return f"subscription-invoice-{found}" if is_payment else found


def _order(told: _Told) -> Event | str:
    data, options = told.data, told.options
    is_paid = read.text(data.get("status")) in SOLD
    if not is_paid and options.unpaid_orders == "skip":
        return "not paid yet"
    value, items = part.charged(data, options), part.items(data, options)
    order = Order(id=told.id, value=value, items=items)
    return _event(told, Kind.CHECKOUT, told.id, order, data.get("created_at"))


def _subscription(told: _Told) -> Event | str:
    kind = SUBSCRIBED.get(read.text(told.data.get("status")) or "")
    if kind is None:
        return "not active yet"
    return _event(told, kind, told.id, None, told.data.get("created_at"))


def _payment(told: _Told) -> Event | str:
    """Read a payment of a subscription: the first one is told by its order."""
    if told.data.get("billing_reason") == "initial":
        return "told by order_created"
    if told.data.get("status") != "paid":
        return "not paid yet"
    order = Order(id=told.id, value=part.money(told.data, "total"))
    kind = renewal_kind(told.options)
    return _event(told, kind, told.id, order, told.data.get("created_at"))


def _refund(told: _Told) -> Event:
    """Read a refund by the sum paid back so far: the body tells no single refund."""
    data = told.data
    # Unverified: that the sum is always there. Without it, all was paid back.
    back = part.money(data, "refunded_amount") or part.money(data, "total")
    subject_id = f"{told.id}-{read.text(data.get('refunded_amount')) or 'all'}"
    order = Order(id=told.id, value=back)
    return _event(told, Kind.REFUND, subject_id, order, data.get("refunded_at"))


def _event(
    told: _Told, kind: Kind, subject_id: str, order: Order | None, time: object
) -> Event:
    event = Event(
        event_id=event_id(told.options, "lemonsqueezy", subject_id, kind),
        kind=kind,
        occurred_at=read.occurred(told.notice, time, told.data.get("updated_at")),
        person=part.buyer(told.data),
        order=order,
        is_test=told.data.get("test_mode") is True,
    )
    return finish(event, told.options, told.fields)


TOPICS: Final[Mapping[str, Callable[[_Told], Event | str]]] = {
    "order_created": _order,
    "order_refunded": _refund,
    "subscription_created": _subscription,
    "subscription_payment_success": _payment,
    "subscription_payment_refunded": _refund,
}
