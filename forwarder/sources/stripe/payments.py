"""Money that came in: checkout sessions, invoices, payment intents, charges."""

from dataclasses import replace
from typing import Final

from forwarder.core import reading as read
from forwarder.core.choices import based, finish, renewal_kind
from forwarder.core.event import Event, Kind, Money, Order, Person
from forwarder.core.money import amount
from forwarder.core.source import Options
from forwarder.sources.stripe import parts
from forwarder.sources.stripe.parts import Json, Told

NO_API_KEY: Final = "line items not fetched: no Stripe API key"
CONTACT: Final = ("email", "name", "phone")
SETTLED: Final = frozenset({"paid", "no_payment_required"})


def session(told: Told) -> Event | str:
    """Read a finished checkout; one paid later comes again as an async success."""
    data, options = told.data, told.options
    if data.get("mode") == "setup":
        return "no payment: setup"
    is_settled = read.text(data.get("payment_status")) in SETTLED
    if not is_settled and options.unpaid_orders == "skip":
        return "not paid yet"
    if _is_trial(data):
        return _trial(told)
    order_id = parts.order_id(data)
    event = replace(
        parts.event(told, Kind.CHECKOUT, order_id, told.envelope.get("created")),
        person=_payer(data),
        order=Order(id=order_id, value=_value(data, options)),
        language=_language(data),
    )
    return finish(_with_lines(event, data, options), options, parts.handed_along(data))


def invoice(told: Told) -> Event | str:
    """Read a paid invoice: a renewal, or a sale if the shop marked it as one."""
    data, options = told.data, told.options
    if data.get("status") != "paid":
        return "not paid yet"
    is_renewal = data.get("billing_reason") == "subscription_cycle"
    if not is_renewal and not parts.is_marked(data):
        return "told by the checkout session"
    order_id = parts.order_id(data)
    kind = renewal_kind(options) if is_renewal else Kind.CHECKOUT
    paid_at = read.at(data, "status_transitions", "paid_at")
    contact = {
        name: data.get(f"customer_{name}") for name in ("email", "name", "phone")
    }
    address = read.record(data.get("customer_address"))
    event = replace(
        parts.event(told, kind, order_id, paid_at),
        person=parts.person(contact, address, data.get("customer")),
        order=Order(id=order_id, value=parts.minor(data, "amount_paid")),
    )
    return finish(event, options, parts.handed_along(data))


def payment(told: Told) -> Event | str:
    """Read a payment intent or a charge of an integration without Checkout."""
    data = told.data
    if data.get("status") != "succeeded":
        return "not paid yet"
    if not parts.is_marked(data):
        topic = read.topic_words(read.text(told.envelope.get("type")))
        return f"topic ignored: {topic} without pin_event_id in its metadata"
    payer = read.record(data.get("billing_details") or data.get("shipping"))
    mail = read.first(payer.get("email"), data.get("receipt_email"))
    address = read.record(payer.get("address"))
    order_id = parts.order_id(data, "payment_intent")
    is_charge = data.get("object") == "charge"
    value = parts.minor(data, "amount_captured" if is_charge else "amount_received")
    event = replace(
        parts.event(told, Kind.CHECKOUT, order_id),
        person=parts.person({**payer, "email": mail}, address, data.get("customer")),
        order=Order(id=order_id, value=value),
    )
    return finish(event, told.options, parts.handed_along(data))


def _is_trial(data: Json) -> bool:
    # A coupon of 100 % leaves nothing to pay either, but of a subtotal that is not 0.
    sums = (data.get("amount_total"), data.get("amount_subtotal"))
    return data.get("mode") == "subscription" and all(
        amount(each) == 0 for each in sums
    )


def _trial(told: Told) -> Event:
    data = told.data
    subject_id = read.needed("id", data.get("subscription"), data.get("id"))
    event = replace(
        parts.event(told, Kind.START_TRIAL, subject_id, told.envelope.get("created")),
        person=_payer(data),
        language=_language(data),
    )
    return finish(event, told.options, parts.handed_along(data))


def _with_lines(event: Event, data: Json, options: Options) -> Event:
    """Ask for the order lines, which no webhook of Stripe's brings."""
    if not options.api_key:
        return replace(event, warnings=(*event.warnings, NO_API_KEY))
    session_id = read.text(data.get("id"))
    return replace(event, enrich="stripe_line_items", enrich_ref=session_id)


def _value(data: Json, options: Options) -> Money | None:
    """Return the session's value; Stripe's own subtotal is before the discount."""
    details = read.record(data.get("total_details"))
    goods = parts.minor(data, "amount_subtotal")
    off = parts.minor(data, "amount_discount", details)
    if goods is not None and off is not None:
        goods = replace(goods, amount=goods.amount - off.amount)
    tax = parts.minor(data, "amount_tax", details)
    shipping = parts.minor(data, "amount_shipping", details)
    return based(options, parts.minor(data, "amount_total"), goods, tax, shipping)


def _payer(data: Json) -> Person:
    contact = dict(read.record(data.get("customer_details")))
    contact["email"] = read.first(contact.get("email"), data.get("customer_email"))
    shipped = read.record(
        read.at(data, "collected_information", "shipping_details")
        or data.get("shipping_details")
        or data.get("shipping")
    )
    contact["name"] = read.first(contact.get("name"), shipped.get("name"))
    address = _filled(contact.get("address")) or _filled(shipped.get("address"))
    return parts.person(contact, address, data.get("customer"))


def _filled(address: object) -> Json:
    """Return an address, empty if all of it is null."""
    found = read.record(address)
    return found if any(read.text(value) for value in found.values()) else {}


def _language(data: Json) -> str | None:
    found = read.text(data.get("locale"))
    return None if found == "auto" else found
