"""BigCommerce: orders by their status, customers, subscribers, carts; all by id only.

Signing: Standard Webhooks' headers, with the bytes of the client secret as the key; a
webhook may show a secret header of its own instead. Retries: 11 within 48 hours, then
the webhook is switched off. If fewer than 90 % of the answers within 2 minutes are 200,
calls to the whole domain stop for 3 minutes; after 90 idle days the webhook is off.
A notice holds an id: the worker looks the rest up before it is sent.
Source: https://developer.bigcommerce.com/docs/integrations/webhooks (read 2026-11-22)
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from forwarder import decode
from forwarder.core import reading as read
from forwarder.core import signing, tokens
from forwarder.core.carried import Carried
from forwarder.core.choices import finish, thin
from forwarder.core.event import Event, Kind, Notice, Order, Person, Reading
from forwarder.core.source import Options, event_id

SCHEME: Final = replace(signing.STANDARD, key="text")
# 2 shipped, 3 partly shipped, 8 to be picked up, 9 to be shipped, 10 completed,
# 11 to be fulfilled [U: which of them a store passes through depends on its settings]
SOLD: Final = frozenset({2, 3, 8, 9, 10, 11})
UNPAID: Final = frozenset({1, 7, 12})  # pending, awaiting payment, to be verified
UNDONE: Final[Mapping[int, Kind]] = {
    4: Kind.REFUND,
    5: Kind.CANCEL,
    6: Kind.CANCEL,  # declined
}
IGNORED: Final = frozenset(
    {
        "store/order/created",  # often not paid yet; the status tells
        "store/order/updated",
        "store/cart/converted",  # told by the order
        "store/cart/created",
        "store/cart/updated",
        "store/customer/updated",
        "store/subscriber/updated",
        "store/app/uninstalled",
    }
)
_STORE = re.compile(r"stores/([a-z0-9]{1,64})")

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Told:
    """One notice while it is read: whole, and what it is about."""

    body: Json
    data: Json
    notice: Notice
    options: Options


def verify(notice: Notice, secret: str, now: datetime, options: Options) -> None:
    """Return if `secret` signed the notice near `now` or, unsigned, is in a header.

    Raises: Forged, Stale.
    """
    if SCHEME.header in notice.headers or SCHEME.id_header in notice.headers:
        signing.verify(SCHEME, notice, secret, now, options.timestamp_tolerance_s)
    else:
        tokens.verify_header(notice, secret)


def sign(notice: Notice, secret: str, now: datetime) -> Notice:
    """Return the notice as BigCommerce would sign it, unless it shows a header."""
    if tokens.TOKEN_HEADER in notice.headers:
        return tokens.with_token(notice, secret)
    return signing.sign(SCHEME, notice, secret, now)


def redacted(notice: Notice) -> Notice:
    """Return the notice without the header that shows a secret; never raises."""
    return tokens.without_token(notice)


def delivery_key(notice: Notice) -> str:
    """Return the id of the message, else the hash that the body tells."""
    signed_id = notice.headers.get(SCHEME.id_header)
    return decode.delivery_key(notice.body, "hash", signed_id)


def parse(notice: Notice, options: Options) -> Reading:
    """Return the thin event of a notice, or why there is none. Raises: Unreadable."""
    body = decode.read_object(notice.body)
    topic = read.text(body.get("scope")) or ""
    reader = TOPICS.get(topic)
    if reader is None:
        word = "ignored" if topic in IGNORED else "not mapped"
        return Reading(ignored=f"topic {word}: {read.topic_words(topic)}")
    made = reader(_Told(body, read.record(body.get("data")), notice, options))
    return Reading(ignored=made) if isinstance(made, str) else Reading(events=(made,))


def _status(told: _Told) -> Event | str:
    """Read an order by its new status: each that means sold gives the same event."""
    status = read.whole(read.at(told.data, "status", "new_status_id"))
    order_id = _id(told)
    if status is not None and status in UNDONE:
        event = _event(told, UNDONE[status], order_id)
        return finish(replace(event, order=Order(id=order_id)), told.options, Carried())
    if status in UNPAID and told.options.unpaid_orders == "skip":
        return "not paid yet"
    if status not in SOLD | UNPAID:
        return f"status: {status}"
    event = replace(_event(told, Kind.CHECKOUT, order_id), order=Order(id=order_id))
    return _thin(event, told, f"orders/{order_id}")


def _refund(told: _Told) -> Event:
    """Read a refund; neither its amount nor whether it is of the whole is told."""
    refund_id = read.needed("refund id", read.at(told.data, "refund", "refund_id"))
    event = _event(told, Kind.REFUND, f"{_id(told)}-{refund_id}")
    order = Order(id=_id(told))
    event = replace(event, order=order, enrich="bigcommerce", enrich_ref=None)
    return finish(event, told.options, Carried())


def _customer(told: _Told) -> Event:
    event = _event(told, Kind.SIGNUP, _id(told))
    event = replace(event, person=Person(external_id=(_id(told),)))
    return _thin(event, told, f"customers/{_id(told)}")


def _subscriber(told: _Told) -> Event:
    # A subscriber's number is none of a customer's.
    event = _event(told, told.options.newsletter_kind, f"subscriber-{_id(told)}")
    return _thin(event, told, f"subscribers/{_id(told)}")


def _cart_line(told: _Told) -> Event:
    event = _event(told, Kind.ADD_TO_CART, _id(told))
    return _thin(event, told, f"carts/{read.text(told.data.get('cartId')) or ''}")


def _event(told: _Told, kind: Kind, subject_id: str) -> Event:
    return Event(
        event_id=event_id(told.options, "bigcommerce", subject_id, kind),
        kind=kind,
        occurred_at=read.occurred(told.notice, told.body.get("created_at")),
        is_test=not told.options.live,  # a test store has a secret of its own
    )


def _thin(event: Event, told: _Told, path: str) -> Event:
    store = _STORE.fullmatch(read.text(told.body.get("producer")) or "")
    ref = path if store is None else f"{store[1]} {path}"
    event = thin(event, told.options, "bigcommerce", ref)
    return finish(event, told.options, Carried())


def _id(told: _Told) -> str:
    return read.needed("id", told.data.get("id"))


TOPICS: Final[Mapping[str, Callable[[_Told], Event | str]]] = {
    "store/order/statusUpdated": _status,
    "store/order/refund/created": _refund,
    "store/customer/created": _customer,
    "store/subscriber/created": _subscriber,
    "store/cart/lineItem/created": _cart_line,
}
