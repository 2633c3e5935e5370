"""Squarespace: new orders, and orders cancelled or refunded; all by id only.

Signing: hex of HMAC-SHA256 over the raw body; the key is the secret read as hex, not
its text. No signed time. Retries: not documented. A renewed secret ends the old one at
once. A notice holds an id: the worker looks the order up before it is sent.
Source: https://developers.squarespace.com/webhooks (read 2026-11-22)
"""

from datetime import datetime
from typing import Final

from forwarder import decode
from forwarder.core import reading as read
from forwarder.core import signing
from forwarder.core.carried import Carried
from forwarder.core.choices import finish, thin
from forwarder.core.event import Event, Kind, Notice, Order, Reading
from forwarder.core.source import Options, event_id

SCHEME: Final = signing.Scheme(header="squarespace-signature", key="hex")
IGNORED: Final = frozenset({"extension.uninstall"})
UNDONE: Final = {  # the words of `data.update` [U]
    "CANCELED": Kind.CANCEL,
    "CANCELLED": Kind.CANCEL,
    "REFUNDED": Kind.REFUND,
}


def verify(notice: Notice, secret: str, now: datetime, options: Options) -> None:
    """Return if `secret`, read as hex, signed the notice. Raises: Forged."""
    signing.verify(SCHEME, notice, secret, now, options.timestamp_tolerance_s)


def sign(notice: Notice, secret: str, now: datetime) -> Notice:
    """Return the notice as Squarespace would sign it."""
    return signing.sign(SCHEME, notice, secret, now)


def delivery_key(notice: Notice) -> str:
    """Return the id of the notification."""
    return decode.delivery_key(notice.body, "id")


def parse(notice: Notice, options: Options) -> Reading:
    """Return the thin event of a notice, or why there is none. Raises: Unreadable."""
    body = decode.read_object(notice.body)
    topic = read.text(body.get("topic"))
    if topic not in ("order.create", "order.update"):
        word = "ignored" if topic in IGNORED else "not mapped"
        return Reading(ignored=f"topic {word}: {read.topic_words(topic)}")
    data = read.record(body.get("data"))
    update = read.text(data.get("update"))
    kind = Kind.CHECKOUT if topic == "order.create" else UNDONE.get(update or "")
    if kind is None:
        return Reading(ignored=f"update: {read.topic_words(update)}")
    order_id = read.needed("order id", data.get("orderId"))
    event = Event(
        event_id=event_id(options, "squarespace", order_id, kind),
        kind=kind,
        occurred_at=read.occurred(notice, body.get("createdOn")),
        order=Order(id=order_id),
    )
    if kind is Kind.CHECKOUT:
        event = thin(event, options, "squarespace", order_id)
    return Reading(events=(finish(event, options, Carried()),))
