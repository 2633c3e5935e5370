"""Money that went back or never came: refunds, disputes, failed payments.

Kept for the reconciliation, never sent. The order is named as its payment was: by the
shop's number in the metadata, else by the payment intent.
"""

from dataclasses import replace

from forwarder.core import reading as read
from forwarder.core.carried import Carried
from forwarder.core.choices import finish
from forwarder.core.event import Event, Kind, Money, Order
from forwarder.sources.stripe import parts
from forwarder.sources.stripe.parts import Json, Told


def session_failed(told: Told) -> Event:
    """Read a checkout whose late payment never came."""
    order_id = parts.order_id(told.data)
    value = parts.minor(told.data, "amount_total")
    return _undone(told, Kind.CANCEL, order_id, order_id, value)


def charge_refunded(told: Told) -> Event:
    """Read what was paid back just now; the charge itself holds the sum so far."""
    data = told.data
    latest = read.record(read.at(data, "refunds", "data", 0))  # older API versions
    charge_id = read.needed("charge id", data.get("id"))
    sum_so_far = read.text(data.get("amount_refunded"))
    subject_id = read.text(latest.get("id")) or f"{charge_id}-{sum_so_far}"
    value = parts.minor(data, "amount", latest) or _difference(told)
    return _undone(told, Kind.REFUND, subject_id, _order_id(data), value)


def refund(told: Told) -> Event | str:
    """Read one refund on its way or done."""
    data = told.data
    if read.text(data.get("status")) in {"failed", "canceled"}:
        return "the refund failed"
    value = parts.minor(data, "amount")
    refund_id = read.needed("refund id", data.get("id"))
    return _undone(told, Kind.REFUND, refund_id, _order_id(data), value)


def dispute(told: Told) -> Event:
    """Read a dispute that a buyer opened."""
    data = told.data
    value = parts.minor(data, "amount")
    dispute_id = read.needed("dispute id", data.get("id"))
    return _undone(told, Kind.DISPUTE, dispute_id, _order_id(data), value)


def _difference(told: Told) -> Money | None:
    so_far = parts.minor(told.data, "amount_refunded")
    previous = read.record(read.at(told.envelope, "data", "previous_attributes"))
    before = parts.minor(told.data, "amount_refunded", previous)
    if so_far is None or before is None:
        return so_far
    return replace(so_far, amount=so_far.amount - before.amount)


def _order_id(data: Json) -> str:
    return parts.order_id(data, "payment_intent", "charge")


def _undone(
    told: Told, kind: Kind, subject_id: str, order_id: str, value: Money | None
) -> Event:
    event = parts.event(told, kind, subject_id, told.envelope.get("created"))
    order = Order(id=order_id, value=value)
    return finish(replace(event, order=order), told.options, Carried())
