"""Paddle Billing: transactions, subscriptions, customers, approved adjustments.

Signing: `Paddle-Signature: ts=…;h1=…`, hex of HMAC-SHA256 over `{ts}:{body}`; several
`h1` while a secret is replaced, other names are passed over. Retries: 60 within three
days, in the sandbox 3 within 15 minutes; no order. The body names the customer by id
only and has no mark of the sandbox: its notifications are signed with their own secret.
Source: https://developer.paddle.com/webhooks (read 2026-11-21)
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final

from forwarder import decode
from forwarder.core import reading as read
from forwarder.core import signing
from forwarder.core.choices import finish, renewal_kind
from forwarder.core.event import Event, Forged, Kind, Notice, Order, Reading
from forwarder.core.source import Options, event_id
from forwarder.sources.paddle import parts
from forwarder.sources.paddle.parts import Json

SCHEME: Final = signing.Scheme(
    header="paddle-signature",
    signed="{time}:{body}",
    separator=";",
    signature_prefix="h1=",
    time_prefix="ts=",
)
REVERSED: Final = {"refund": Kind.REFUND, "chargeback": Kind.DISPUTE}
IGNORED: Final = re.compile(
    r"(transaction|subscription|customer|address|business)\.\w+"
)


@dataclass(frozen=True, slots=True)
class _Told:
    """One notice while it is read: its object and when it happened."""

    data: Json
    occurred_at: object
    notice: Notice
    options: Options


def verify(notice: Notice, secret: str, now: datetime, options: Options) -> None:
    """Return if `secret` signed the notice near `now`. Raises: Forged, Stale."""
    if "," in notice.headers.get(SCHEME.header, ""):
        raise Forged(f"{SCHEME.header} stands twice")
    signing.verify(SCHEME, notice, secret, now, options.timestamp_tolerance_s)


def sign(notice: Notice, secret: str, now: datetime) -> Notice:
    """Return the notice as Paddle would sign it."""
    return signing.sign(SCHEME, notice, secret, now)


def delivery_key(notice: Notice) -> str:
    """Return the id of the Paddle event, the same in each retry."""
    return decode.delivery_key(notice.body, "event_id")


def parse(notice: Notice, options: Options) -> Reading:
    """Return the event of a notice, or why there is none. Raises: Unreadable."""
    body = decode.read_object(notice.body)
    topic = read.text(body.get("event_type")) or ""
    reader = TOPICS.get(topic)
    if reader is None:
        word = "ignored" if IGNORED.fullmatch(topic) else "not mapped"
        return Reading(ignored=f"topic {word}: {read.topic_words(topic)}")
    data = read.record(body.get("data"))
    if read.record(data.get("import_meta")):
        return Reading(ignored="imported from elsewhere")
    made = reader(_Told(data, body.get("occurred_at"), notice, options))
    return Reading(ignored=made) if isinstance(made, str) else Reading(events=(made,))


def _transaction(told: _Told) -> Event | str:
    data, options = told.data, told.options
    origin = read.text(data.get("origin")) or ""
    if origin == "subscription_payment_method_change":
        return "no sale: a changed payment method"
    if parts.is_trial(data):
        return "told by subscription.trialing"
    # Unverified: that no visitor causes the other subscription_… origins.
    is_renewal = origin.startswith("subscription_")
    kind = renewal_kind(options) if is_renewal else Kind.CHECKOUT
    event = _event(told, kind, data.get("billed_at"))
    value, items = parts.charged(data, options), parts.items(data, options)
    order_id = read.needed("transaction id", data.get("id"))
    order = Order(id=order_id, value=value, items=items)
    return _finished(replace(event, order=order), told)


def _subscription(told: _Told, kind: Kind) -> Event:
    return _finished(_event(told, kind), told)


def _customer(told: _Told) -> Event:
    """Read a new customer: the one notice that tells an e-mail address."""
    event = _event(told, Kind.SIGNUP, told.data.get("created_at"))
    person, language = parts.customer(told.data), read.text(told.data.get("locale"))
    return _finished(replace(event, person=person, language=language), told)


def _adjustment(told: _Told) -> Event | str:
    """Read money that goes back, once Paddle has approved it."""
    data = told.data
    action = read.text(data.get("action"))
    kind = REVERSED.get(action or "")
    if kind is None:
        return f"adjustment: {read.topic_words(action)}"
    if data.get("status") != "approved":
        return "not approved yet"
    order_id = read.needed("transaction id", data.get("transaction_id"))
    order = Order(id=order_id, value=parts.total(data, data.get("totals")))
    return _finished(replace(_event(told, kind), order=order), told)


def _event(told: _Told, kind: Kind, *times: object) -> Event:
    subject_id = read.needed("id", told.data.get("id"))
    return Event(
        event_id=event_id(told.options, "paddle", subject_id, kind),
        kind=kind,
        occurred_at=read.occurred(told.notice, *times, told.occurred_at),
        person=parts.customer_by_id(told.data),
        is_test=not told.options.live,  # the secret has decided it
    )


def _finished(event: Event, told: _Told) -> Event:
    event = parts.with_look_up(event, told.data, told.options)
    return finish(event, told.options, parts.handed_along(told.data))


TOPICS: Final[Mapping[str, Callable[[_Told], Event | str]]] = {
    "transaction.completed": _transaction,
    "subscription.trialing": partial(_subscription, kind=Kind.START_TRIAL),
    "subscription.activated": partial(_subscription, kind=Kind.SUBSCRIBE),
    "customer.created": _customer,
    "adjustment.created": _adjustment,
    "adjustment.updated": _adjustment,
}
