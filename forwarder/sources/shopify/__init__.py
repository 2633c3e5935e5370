"""Shopify: orders, refunds, customers, carts, checkouts and privacy requests.

Signing: base64 of HMAC-SHA256 over the raw body, no signed time. Notices set up in the
admin are signed with the key shown there, those of an app with its client secret.
Retries: 8 within 4 hours (1 s to connect, 5 s in all), then an app's subscription is
deleted; a delivery may come up to a day late and out of order.
Source: https://shopify.dev/docs/apps/build/webhooks (read 2026-11-21)
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from forwarder import decode
from forwarder.core import reading as read
from forwarder.core import signing
from forwarder.core.carried import Carried, carried
from forwarder.core.choices import finish, offline_skip, renewal_kind
from forwarder.core.event import (
    Event,
    Kind,
    Notice,
    Order,
    Person,
    Reading,
)
from forwarder.core.money import amount, money
from forwarder.core.source import Options, event_id
from forwarder.sources.shopify import order as part
from forwarder.sources.shopify.order import Json

TOPIC_HEADER: Final = "x-shopify-topic"
SCHEME: Final = signing.Scheme(header="x-shopify-hmac-sha256", digest="base64")
EVENTS_SCHEME: Final = signing.Scheme(header="shopify-hmac-sha256", digest="base64")


@dataclass(frozen=True, slots=True)
class _Told:
    """One notice while it is read."""

    data: Json
    notice: Notice
    options: Options


def verify(notice: Notice, secret: str, now: datetime, options: Options) -> None:
    """Return if `secret` signed the notice. Raises: Forged."""
    is_classic = EVENTS_SCHEME.header not in notice.headers
    scheme = SCHEME if is_classic else EVENTS_SCHEME
    signing.verify(scheme, notice, secret, now, options.timestamp_tolerance_s)


def sign(notice: Notice, secret: str, now: datetime) -> Notice:
    """Return the notice as Shopify would sign it."""
    return signing.sign(SCHEME, notice, secret, now)


def delivery_key(notice: Notice) -> str:
    """Return Shopify's id of the delivery, the same in each retry."""
    ids = (_header(notice, "webhook-id"), _header(notice, "event-id"))
    return read.short_key(notice.body, *ids)


def parse(notice: Notice, options: Options) -> Reading:
    """Return the one event of a notice, or why there is none. Raises: Unreadable."""
    data = decode.read_object(notice.body)
    topic = _header(notice, "topic") or _likely_topic(data)
    reader = TOPICS.get(topic)
    if reader is None:
        word = "ignored" if topic in IGNORED else "not mapped"
        return Reading(ignored=f"topic {word}: {read.topic_words(topic)}")
    made = reader(_Told(data, notice, options))
    return Reading(ignored=made) if isinstance(made, str) else Reading(events=(made,))


def _header(notice: Notice, name: str) -> str:
    headers = notice.headers
    return headers.get(f"x-shopify-{name}") or headers.get(f"shopify-{name}", "")


def _likely_topic(data: Json) -> str:
    # A body saved from the admin's log or an app's console comes without its headers.
    return "orders/paid" if "financial_status" in data else ""


def _order(told: _Told) -> Event | str:
    """Read an order that is paid, or one that is not yet if the endpoint wants those.

    Both topics give the same event_id, so that an order counts once.
    """
    data, options = told.data, told.options
    reason = None if _is_test(told) else part.unsold(data, options)
    if reason is not None:
        return reason
    is_renewal = part.is_renewal(data)
    kind = renewal_kind(options) if is_renewal else Kind.CHECKOUT
    order_id = read.needed("order id", data.get("id"))
    event = replace(
        _event(told, kind, order_id, data.get("processed_at")),
        person=part.person(data),
        order=part.bought(data, options, order_id, "price"),
        language=read.text(data.get("customer_locale")),
        skip=offline_skip(options, is_offline=not is_renewal and part.is_offline(data)),
    )
    return finish(event, options, _carried(told))


def _cancelled(told: _Told) -> Event:
    order_id = read.needed("order id", told.data.get("id"))
    event = replace(
        _event(told, Kind.CANCEL, order_id, told.data.get("cancelled_at")),
        person=part.person(told.data),
        order=Order(id=order_id, value=part.charged(told.data, told.options)),
    )
    return finish(event, told.options, Carried())


def _refunded(told: _Told) -> Event:
    """Read one refund: the sum of its payments that went through."""
    data = told.data
    back = [
        payment
        for payment in read.records(data.get("transactions"))
        if payment.get("kind") == "refund" and payment.get("status") == "success"
    ]
    total = sum(
        (amount(payment.get("amount")) or part.NOTHING for payment in back),
        part.NOTHING,
    )
    value = money(total, part.refund_currency(data, back))
    event = replace(
        _event(told, Kind.REFUND, read.needed("refund id", data.get("id"))),
        order=Order(id=read.text(data.get("order_id")), value=value),
        is_test=_is_test(told) or any(payment.get("test") is True for payment in back),
        warnings=() if value else ("the refund names no currency",),
    )
    return finish(event, told.options, Carried())


def _customer(told: _Told) -> Event | str:
    """Read an account or a consent; a guest's first order makes neither."""
    data = told.data
    if data.get("state") == "enabled":
        return _sign_up(told, Kind.SIGNUP, data)
    if read.at(data, "email_marketing_consent", "state") == "subscribed":
        return _sign_up(told, told.options.newsletter_kind, data)
    return "no sign-up: a guest customer"


def _consent(told: _Told) -> Event | str:
    data = told.data
    consent = read.record(data.get("email_marketing_consent"))
    if consent.get("state") != "subscribed":
        return "not subscribed"
    customer = {"id": data.get("customer_id"), "email": data.get("email_address")}
    kind = told.options.newsletter_kind
    return _sign_up(told, kind, customer, consent.get("consent_updated_at"))


def _sign_up(told: _Told, kind: Kind, customer: Json, *times: object) -> Event:
    # One id per customer: an account opened with the newsletter box ticked is one.
    customer_id = read.needed("customer id", customer.get("id"))
    event = replace(
        _event(told, kind, customer_id, *times),
        person=part.person({"customer": customer}),
    )
    return finish(event, told.options, Carried())


def _cart(told: _Told) -> Event | str:
    if not read.records(told.data.get("line_items")):
        return "empty cart"
    return _shopping(told, Kind.ADD_TO_CART, "price")


def _checkout_started(told: _Told) -> Event:
    return _shopping(told, Kind.INITIATE_CHECKOUT, "variant_price")


def _shopping(told: _Told, kind: Kind, price: str) -> Event:
    """Read a cart or a checkout: one event for each, however often it changes."""
    token = read.needed("token", told.data.get("token"), told.data.get("id"))
    event = replace(
        _event(told, kind, token, told.data.get("updated_at")),
        person=part.person(told.data),
        order=part.bought(told.data, told.options, None, price),
        language=read.text(told.data.get("customer_locale")),
    )
    return finish(event, told.options, _carried(told))


def _subscribed(told: _Told) -> Event:
    data = told.data
    event = replace(
        _event(told, Kind.SUBSCRIBE, read.needed("contract id", data.get("id"))),
        person=Person(external_id=read.texts(data.get("customer_id"))),
        order=Order(id=read.text(data.get("origin_order_id"))),
    )
    return finish(event, told.options, Carried())


def _erase(told: _Told) -> Event:
    """Read the request to erase one customer."""
    customer = read.record(told.data.get("customer"))
    customer_id = read.needed("customer id", customer.get("id"), customer.get("email"))
    event = replace(
        _event(told, Kind.ERASE, customer_id),
        person=part.person({"customer": customer}),
    )
    return finish(event, told.options, Carried())


def _erase_all(told: _Told) -> Event:
    """Read the request to erase the whole shop, two days after it left the app."""
    event = replace(
        _event(told, Kind.ERASE, read.needed("shop id", told.data.get("shop_id"))),
        erases_all=True,
        warnings=("the whole shop asks to be erased",),
    )
    return finish(event, told.options, Carried())


def _event(told: _Told, kind: Kind, subject_id: str, *times: object) -> Event:
    options, headers = told.options, (_header(told.notice, "triggered-at"),)
    return Event(
        event_id=event_id(options, "shopify", subject_id, kind),
        kind=kind,
        occurred_at=read.occurred(
            told.notice, *times, told.data.get("created_at"), *headers
        ),
        is_test=_is_test(told),
    )


def _is_test(told: _Told) -> bool:
    button = _header(told.notice, "test")  # "send test notification" in the admin
    return read.is_yes(told.data.get("test")) or read.is_yes(button)


def _carried(told: _Told) -> Carried:
    notes = read.named(read.records(told.data.get("note_attributes")), "name")
    shop = _header(told.notice, "shop-domain")
    attributes = read.record(told.data.get("attributes"))  # a cart's name for them
    return carried(notes, attributes, landing_url=part.landing(told.data, shop))


IGNORED: Final = frozenset(
    {"orders/edited", "app/uninstalled", "customers/data_request"}
)
TOPICS: Final[Mapping[str, Callable[[_Told], Event | str]]] = {
    "orders/paid": _order,
    "orders/create": _order,
    "orders/cancelled": _cancelled,
    "refunds/create": _refunded,
    "customers/create": _customer,
    "customers_email_marketing_consent/update": _consent,
    "carts/create": _cart,
    "carts/update": _cart,
    "checkouts/create": _checkout_started,
    "subscription_contracts/create": _subscribed,
    "customers/redact": _erase,
    "shop/redact": _erase_all,
}
