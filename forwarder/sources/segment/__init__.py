"""Segment's webhooks destination: track calls of an online shop.

Signing: `X-Signature`, hex of HMAC-SHA1 over the raw body, no signed time. Of a batch
Segment signs the first event only, which proves nothing of the rest: batches are not
read. Retries: up to 4 hours on 5xx and time-outs; 5 s to answer.
Source: https://segment.com/docs/connections/destinations/catalog/webhooks
(read 2026-11-21)
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from forwarder import decode
from forwarder.core import reading as read
from forwarder.core import signing
from forwarder.core.choices import finish
from forwarder.core.event import (
    LOCAL_KINDS,
    Event,
    Forged,
    Kind,
    Notice,
    Order,
    Reading,
    Unreadable,
)
from forwarder.core.source import Options, event_id
from forwarder.sources.segment import parts
from forwarder.sources.segment.parts import Json

SCHEME: Final = signing.Scheme(header="x-signature", algorithm="sha1")
CALLS: Final = frozenset({"identify", "page", "screen", "group", "alias", "delete"})
NO_BATCHES: Final = "Segment signs only the first event of a batch: switch batching off"


@dataclass(frozen=True, slots=True)
class _Told:
    """One call while it is read: whole, and what the shop said with it."""

    call: Json
    data: Json
    options: Options


def verify(notice: Notice, secret: str, now: datetime, options: Options) -> None:
    """Return if `secret` signed the whole notice. Raises: Forged."""
    try:
        signing.verify(SCHEME, notice, secret, now, options.timestamp_tolerance_s)
    except Forged as forged:
        raise Forged(NO_BATCHES if _is_batch(_body(notice)) else str(forged)) from None


def sign(notice: Notice, secret: str, now: datetime) -> Notice:
    """Return the notice as Segment would sign it."""
    return signing.sign(SCHEME, notice, secret, now)


def delivery_key(notice: Notice) -> str:
    """Return the id of the message, the same in each retry."""
    return read.short_key(notice.body, read.text(read.at(_body(notice), "messageId")))


def parse(notice: Notice, options: Options) -> Reading:
    """Return the event of a call, or why there is none. Raises: Unreadable."""
    body = decode.read_json(notice.body)
    if _is_batch(body):
        raise Unreadable(NO_BATCHES)
    call = read.record(body)
    type_, topic = read.text(call.get("type")), read.text(call.get("event")) or ""
    if type_ != "track":
        word = "ignored" if type_ in CALLS else "not mapped"
        return Reading(ignored=f"topic {word}: {read.topic_words(type_)}")
    if topic not in TOPICS:
        return Reading(ignored="topic not mapped: another track call")
    kind, subject = TOPICS[topic]
    told = _Told(call, read.record(call.get("properties")), options)
    event = Event(
        event_id=event_id(options, "segment", subject(told), kind),
        kind=kind,
        occurred_at=read.occurred(notice, call.get("timestamp")),
        person=parts.person(call, told.data),
        language=read.text(read.at(call, "context", "locale")),
    )
    event = replace(event, order=_order(told, kind))
    return Reading(events=(finish(event, options, parts.handed_along(call)),))


def _body(notice: Notice) -> object:
    try:
        return decode.read_json(notice.body)
    except Unreadable:
        return None


def _is_batch(body: object) -> bool:
    return isinstance(body, list) or isinstance(read.at(body, "batch"), list)


def _order(told: _Told, kind: Kind) -> Order | None:
    data, options = told.data, told.options
    if kind is Kind.SIGNUP:
        return None
    order_id = read.text(data.get("order_id"))
    if kind in LOCAL_KINDS:
        return Order(id=order_id, value=parts.total(data))
    lines = parts.items(data, options)
    return Order(id=order_id, value=parts.charged(data, options), items=lines)


def _of_order(told: _Told) -> str:
    return read.needed("order id", told.data.get("order_id"))


def _of_checkout(told: _Told) -> str:
    data = told.data
    ids = (data.get("checkout_id"), data.get("order_id"), told.call.get("messageId"))
    return read.needed("checkout id", *ids)


def _of_message(told: _Told) -> str:
    return read.needed("message id", told.call.get("messageId"))


def _of_person(told: _Told) -> str:
    ids = (told.call.get(name) for name in ("userId", "anonymousId", "messageId"))
    return read.needed("user id", *ids)


# The event, and whose id is in its own: an order may be paid back in several parts.
TOPICS: Final[Mapping[str, tuple[Kind, Callable[[_Told], str]]]] = {
    "Order Completed": (Kind.CHECKOUT, _of_order),
    "Checkout Started": (Kind.INITIATE_CHECKOUT, _of_checkout),
    "Product Added": (Kind.ADD_TO_CART, _of_message),
    "Signed Up": (Kind.SIGNUP, _of_person),
    "Order Refunded": (Kind.REFUND, _of_message),
    "Order Cancelled": (Kind.CANCEL, _of_order),
}
