"""Stripe: checkout sessions, subscriptions, invoices, payments, refunds, disputes.

Signing: `Stripe-Signature: t=…,v1=…`, hex of HMAC-SHA256 over `{t}.{body}` with the
whole secret text including `whsec_`; several `v1` while a secret is rolled, `v0` is no
signature. Retries: up to 3 days in live mode, three times in test mode; no order.
One payment is told by several topics. The checkout session counts; invoices, payment
intents and charges count only if the shop put `pin_event_id` into their metadata, which
marks a custom integration and gives all of them one event_id.
Source: https://docs.stripe.com/webhooks (read 2026-11-21)
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from forwarder import decode
from forwarder.core import reading as read
from forwarder.core import signing
from forwarder.core.event import Event, Notice, Reading, Unreadable
from forwarder.core.source import Options
from forwarder.sources.stripe import payments, people, undone
from forwarder.sources.stripe.parts import Told

SCHEME: Final = signing.Scheme(
    header="stripe-signature",
    signed="{time}.{body}",
    separator=",",
    signature_prefix="v1=",
    time_prefix="t=",
)


def verify(notice: Notice, secret: str, now: datetime, options: Options) -> None:
    """Return if `secret` signed the notice near `now`. Raises: Forged, Stale."""
    signing.verify(SCHEME, notice, secret, now, options.timestamp_tolerance_s)


def sign(notice: Notice, secret: str, now: datetime) -> Notice:
    """Return the notice as Stripe would sign it."""
    return signing.sign(SCHEME, notice, secret, now)


def delivery_key(notice: Notice) -> str:
    """Return the id of the Stripe event, the same in each retry."""
    return decode.delivery_key(notice.body, "id")


def parse(notice: Notice, options: Options) -> Reading:
    """Return the event of a notice, or why there is none. Raises: Unreadable."""
    envelope = decode.read_object(notice.body)
    if envelope.get("object") == "v2.core.event":
        return Reading(ignored="thin event: choose snapshot payloads")
    topic = read.text(envelope.get("type")) or ""
    reader = TOPICS.get(topic)
    if reader is None:
        word = "ignored" if topic in IGNORED else "not mapped"
        return Reading(ignored=f"topic {word}: {read.topic_words(topic)}")
    data = read.record(read.at(envelope, "data", "object"))
    if not data:
        raise Unreadable("the event holds no object")
    made = reader(Told(envelope, data, notice, options))
    return Reading(ignored=made) if isinstance(made, str) else Reading(events=(made,))


IGNORED: Final = frozenset(
    {
        "checkout.session.expired",
        "customer.updated",
        "customer.deleted",
        "customer.subscription.updated",
        "customer.subscription.deleted",
        "invoice.payment_succeeded",  # the twin of invoice.paid
        "refund.updated",
        "refund.failed",
        "charge.refund.updated",
        "charge.dispute.closed",
    }
)
TOPICS: Final[Mapping[str, Callable[[Told], Event | str]]] = {
    "checkout.session.completed": payments.session,
    "checkout.session.async_payment_succeeded": payments.session,
    "checkout.session.async_payment_failed": undone.session_failed,
    "invoice.paid": payments.invoice,
    "payment_intent.succeeded": payments.payment,
    "charge.succeeded": payments.payment,
    "customer.created": people.customer,
    "customer.subscription.created": people.subscription,
    "charge.refunded": undone.charge_refunded,
    "refund.created": undone.refund,
    "charge.dispute.created": undone.dispute,
}
