"""WooCommerce: orders with their refunds and cancellations, customers.

Signing: base64 of HMAC-SHA256 over the raw body, no signed time; the key is the secret
with its HTML entities decoded. Saving a webhook posts an unsigned `webhook_id=1`.
Retries: none; after more than 5 failures in a row the webhook is switched off. The body
is the order as it stands when it is sent, not when it happened.
Source: woocommerce/woocommerce, class-wc-webhook.php (read 2026-11-21)
"""

import html
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from forwarder import decode
from forwarder.core import reading as read
from forwarder.core import signing
from forwarder.core.carried import Carried
from forwarder.core.choices import finish, offline_skip, renewal_kind
from forwarder.core.event import (
    Event,
    Kind,
    Money,
    Notice,
    Order,
    Reading,
    Unreadable,
)
from forwarder.core.money import money
from forwarder.core.source import Options, event_id
from forwarder.sources.woocommerce import order as part
from forwarder.sources.woocommerce.order import Json

TOPIC_HEADER: Final = "x-wc-webhook-topic"
SCHEME: Final = signing.Scheme(header="x-wc-webhook-signature", digest="base64")

SOLD: Final = frozenset({"processing", "completed"})
WAITING: Final = frozenset({"on-hold"})
UNPAID: Final = SOLD | WAITING | {"pending"}
OFFLINE: Final = frozenset({"admin", "pos", "pos-rest-api"})

_PING = re.compile(rb"webhook_id=[0-9]+\s*")
# What WordPress' wp_specialchars_decode(ENT_QUOTES) decodes, and no other entity.
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|#0*(?:34|38|39|60|62)|#[xX]0*(?:22|26|27));")


@dataclass(frozen=True, slots=True)
class _Told:
    """One notice while it is read."""

    data: Json
    notice: Notice
    options: Options


def verify(notice: Notice, secret: str, now: datetime, options: Options) -> None:
    """Return if `secret` signed the notice, or if it is the unsigned ping.

    The ping holds nothing but a number and leaves no event. Raises: Forged.
    """
    if not _is_ping(notice):
        key = _decoded(secret)
        signing.verify(SCHEME, notice, key, now, options.timestamp_tolerance_s)


def sign(notice: Notice, secret: str, now: datetime) -> Notice:
    """Return the notice as WooCommerce would sign it; a ping stays as it is."""
    if _is_ping(notice):
        return notice
    return signing.sign(SCHEME, notice, _decoded(secret), now)


def delivery_key(notice: Notice) -> str:
    """Return the hash of the body.

    The delivery id is one per webhook and second: two orders may share it.
    """
    return read.short_key(notice.body)


def parse(notice: Notice, options: Options) -> Reading:
    """Return the events of a notice, or why there are none. Raises: Unreadable."""
    if _is_ping(notice):
        return Reading(ignored="ping")
    data = decode.read_object(notice.body)
    if "code" in data and "message" in data and "id" not in data:
        raise Unreadable(
            "WooCommerce sent an error instead of the order: the user who owns the "
            "webhook may no longer read it"
        )
    topic = notice.headers.get(TOPIC_HEADER) or _likely_topic(data)
    reader = TOPICS.get(topic)
    if reader is None:
        word = "ignored" if topic in IGNORED else "not mapped"
        return Reading(ignored=f"topic {word}: {read.topic_words(topic)}")
    made = reader(_Told(data, notice, options))
    return Reading(ignored=made) if isinstance(made, str) else Reading(events=made)


def _is_ping(notice: Notice) -> bool:
    has_topic = TOPIC_HEADER in notice.headers
    return not has_topic and _PING.fullmatch(notice.body) is not None


def _decoded(secret: str) -> str:
    return _ENTITY.sub(lambda match: html.unescape(match[0]), secret)


def _likely_topic(data: Json) -> str:
    # A body saved from WooCommerce's own log comes without its headers.
    if "line_items" in data:
        return "order.updated"
    return "customer.created" if "role" in data else ""


def _order(told: _Told) -> tuple[Event, ...] | str:
    """Read an order as it stands: sold, undone, or sold with parts paid back.

    Each state gives the same event_id again, so that `order.created` and every
    `order.updated` count once, and a lost one is made up by the next.
    """
    status = read.topic_words(read.text(told.data.get("status")))
    refunds = tuple(_refunds(told, is_whole=status == "refunded"))
    if status == "cancelled":
        return (_undone(told, Kind.CANCEL, part.total(told.data)), *refunds)
    if status == "refunded":
        return refunds
    is_paid = status in SOLD and read.moment(told.data.get("date_paid_gmt")) is not None
    is_wanted = told.options.unpaid_orders == "send" and status in SOLD | WAITING
    if is_paid or is_wanted:
        return (_sale(told), *refunds)
    reason = "not paid yet" if status in UNPAID else f"status: {status}"
    return refunds or reason


def _sale(told: _Told) -> Event:
    data, options = told.data, told.options
    meta = part.meta(data)
    created_via = read.text(data.get("created_via"))
    is_renewal = created_via == "subscription" or "_subscription_renewal" in meta
    kind = renewal_kind(options) if is_renewal else Kind.CHECKOUT
    event = replace(
        _event(told, kind, _order_id(data), data.get("date_paid_gmt")),
        person=part.buyer(data, meta),
        order=Order(
            id=_order_id(data),
            value=part.charged(data, options),
            items=part.items(data, options),
            discount_codes=part.codes(data),
        ),
        skip=offline_skip(options, is_offline=created_via in OFFLINE),
        warnings=_doubts(created_via),
    )
    return finish(event, options, part.handed_along(meta))


def _doubts(created_via: str | None) -> tuple[str, ...]:
    # Headless shops and imports both write orders through the REST API.
    is_api = created_via == "rest-api"
    return ("created through the REST API: an import?",) if is_api else ()


def _refunds(told: _Told, *, is_whole: bool) -> Iterator[Event]:
    """Yield one event per refund; amounts come as negative texts."""
    refunds = read.records(told.data.get("refunds"))
    code = told.data.get("currency")
    for refund in refunds:
        back = money(refund.get("total"), code)
        value = None if back is None else replace(back, amount=abs(back.amount))
        yield _undone(told, Kind.REFUND, value, read.text(refund.get("id")))
    if is_whole and not refunds:
        yield _undone(told, Kind.REFUND, part.total(told.data))


def _undone(
    told: _Told, kind: Kind, value: Money | None, part_id: str | None = None
) -> Event:
    order_id = _order_id(told.data)
    subject_id = order_id if part_id is None else f"{order_id}-{part_id}"
    event = replace(
        _event(told, kind, subject_id, told.data.get("date_modified_gmt")),
        person=part.buyer(told.data, {}),
        order=Order(id=order_id, value=value),
    )
    return finish(event, told.options, Carried())


def _deleted(told: _Told) -> tuple[Event, ...]:
    event = replace(
        _event(told, Kind.CANCEL, _order_id(told.data)),
        order=Order(id=_order_id(told.data)),
    )
    return (finish(event, told.options, Carried()),)


def _customer(told: _Told) -> tuple[Event, ...]:
    data = told.data
    customer_id = read.needed("customer id", data.get("id"))
    event = replace(
        _event(told, Kind.SIGNUP, customer_id, data.get("date_created_gmt")),
        person=part.person(read.record(data.get("billing")), data, customer_id),
    )
    return (finish(event, told.options, part.handed_along(part.meta(data))),)


def _event(told: _Told, kind: Kind, subject_id: str, *times: object) -> Event:
    created = told.data.get("date_created_gmt")
    return Event(
        event_id=event_id(told.options, "woocommerce", subject_id, kind),
        kind=kind,
        occurred_at=read.occurred(told.notice, *times, created),
    )


def _order_id(data: Json) -> str:
    return read.needed("order id", data.get("id"))


IGNORED: Final = frozenset(
    {"action.woocommerce_add_to_cart", "customer.updated", "customer.deleted"}
)
TOPICS: Final[Mapping[str, Callable[[_Told], tuple[Event, ...] | str]]] = {
    "order.created": _order,
    "order.updated": _order,
    "order.restored": _order,
    "order.deleted": _deleted,
    "customer.created": _customer,
}
