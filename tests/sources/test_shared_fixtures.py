"""Vendors' own sample bodies end as they should. Read where they lie, never copied."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from jsonschema import Draft202012Validator

from forwarder.core.delivery import Encoded
from forwarder.core.event import Event, Kind, Notice, Reading
from forwarder.core.source import Options
from forwarder.destinations import PLAIN, build_destination
from forwarder.sources import SOURCES, TOPIC_HEADERS
from tests.shared import SUBSET, WEBHOOKS

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
DESTINATION = build_destination("main", PLAIN, drop_reserved_domains=False)

pytestmark = pytest.mark.usefixtures("shared")

IGNORED = [
    ("shopify", "app_uninstalled.json", "app/uninstalled"),
    ("shopify", "customers_create.json", "customers/create"),
    ("shopify", "customers_data_request.json", "customers/data_request"),
    (
        "shopify",
        "customers_email_marketing_consent_update.json",
        "customers_email_marketing_consent/update",
    ),
    ("woocommerce", "ping.form", ""),
    ("stripe", "charge.succeeded.json", ""),
    ("stripe", "official_checkout.session.completed.json", ""),
    ("stripe", "official_invoice.paid.json", ""),
    ("stripe", "official_payment_intent.succeeded.json", ""),
    ("kit", "endpoint_subscriber.created.json", ""),
    ("standard_webhooks", "contact.created.json", ""),
    ("lemonsqueezy", "subscription_payment_success.json", ""),
    ("segment", "identify.json", ""),
    ("paddle", "address.created.json", ""),
    ("paddle", "adjustment.created.json", ""),
    ("paddle", "subscription.created.json", ""),
    ("bigcommerce", "store_order_created.json", ""),
]
KINDS = [
    ("shopify", "orders_paid.json", "orders/paid", Kind.CHECKOUT, "test_order"),
    ("shopify", "orders_create.json", "orders/create", Kind.CHECKOUT, "test_order"),
    ("shopify", "refunds_create.json", "refunds/create", Kind.REFUND, None),
    ("shopify", "carts_create.json", "carts/create", Kind.ADD_TO_CART, None),
    (
        "shopify",
        "checkouts_create.json",
        "checkouts/create",
        Kind.INITIATE_CHECKOUT,
        None,
    ),
    (
        "shopify",
        "subscription_contracts_create.json",
        "subscription_contracts/create",
        Kind.SUBSCRIBE,
        None,
    ),
    ("shopify", "customers_redact.json", "customers/redact", Kind.ERASE, None),
    ("shopify", "shop_redact.json", "shop/redact", Kind.ERASE, None),
    ("woocommerce", "order.created.json", "order.created", Kind.CHECKOUT, None),
    ("woocommerce", "customer.created.json", "customer.created", Kind.SIGNUP, None),
    ("stripe", "checkout.session.completed.json", "", Kind.CHECKOUT, "test_order"),
    ("stripe", "charge.refunded.json", "", Kind.REFUND, None),
    ("stripe", "subscription.created.json", "", Kind.SUBSCRIBE, "test_order"),
    (
        "stripe",
        "official_customer.subscription.created.json",
        "",
        Kind.SUBSCRIBE,
        "test_order",
    ),
    ("stripe", "official_customer.created.json", "", Kind.SIGNUP, "test_order"),
    ("kit", "legacy_purchase.purchase_create.json", "", Kind.CHECKOUT, None),
    ("gumroad", "sale.form", "", Kind.CHECKOUT, None),
    ("gumroad", "refund.form", "", Kind.REFUND, None),
    ("thrivecart", "order.success.form", "", Kind.CHECKOUT, None),
    ("kajabi", "purchase.json", "", Kind.CHECKOUT, None),
    ("kajabi", "payment_succeeded.json", "", Kind.CHECKOUT, None),
    ("kajabi", "form_submission.json", "", Kind.LEAD, None),
    ("kajabi", "tag_added.json", "", Kind.LEAD, None),
    ("activecampaign", "subscribe.form", "", Kind.SIGNUP, None),
    ("brevo", "list_addition.json", "", Kind.SIGNUP, None),
    ("mailerlite", "subscriber.created.json", "", Kind.SIGNUP, None),
    ("mailerlite", "subscriber.added_to_group.json", "", Kind.SIGNUP, None),
    ("mailchimp", "subscribe.form", "", Kind.SIGNUP, None),
    ("paddle", "transaction.completed.json", "", Kind.CHECKOUT, None),
    ("paddle", "customer.created.json", "", Kind.SIGNUP, None),
    ("paddle", "standard_payload.raw.json", "", Kind.SIGNUP, None),
    ("paddle", "subscription.activated.json", "", Kind.SUBSCRIBE, None),
    ("lemonsqueezy", "order_created.json", "", Kind.CHECKOUT, None),
    ("klaviyo", "flow_webhook_recommended.json", "", Kind.SIGNUP, None),
    ("ghost", "member.added.json", "", Kind.SIGNUP, None),
    ("segment", "track_order_completed.json", "", Kind.CHECKOUT, None),
    ("segment", "track_order_refunded.json", "", Kind.REFUND, None),
    ("typeform", "form_response.json", "", Kind.LEAD, None),
    ("tally", "form_response.json", "", Kind.LEAD, None),
    ("lemonsqueezy", "subscription_created.json", "", Kind.START_TRIAL, None),
    ("bigcommerce", "store_order_statusUpdated.json", "", Kind.CHECKOUT, None),
    ("bigcommerce", "store_order_refund_created.json", "", Kind.REFUND, None),
    ("bigcommerce", "store_customer_created.json", "", Kind.SIGNUP, None),
    ("bigcommerce", "store_subscriber_created.json", "", Kind.SIGNUP, None),
    ("bigcommerce", "store_cart_lineItem_created.json", "", Kind.ADD_TO_CART, None),
    ("squarespace", "order.create.json", "", Kind.CHECKOUT, None),
    ("hubspot", "contact.creation.json", "", Kind.LEAD, None),
]


def reading(source: str, name: str, topic: str = "", *, live: bool = True) -> Reading:
    folder = source.replace("_", "-")
    headers = {TOPIC_HEADERS[source]: topic} if topic else {}
    body = (WEBHOOKS / folder / name).read_bytes()
    notice = Notice(headers=headers, body=body, received_at=NOW)
    return SOURCES[source].parse(notice, Options(shop="s", live=live))


def event(source: str, name: str, topic: str = "") -> Event:
    (found,) = reading(source, name, topic).events
    return found


@pytest.mark.parametrize(("source", "name", "topic"), IGNORED)
def test_a_body_without_a_conversion_is_ignored(
    source: str, name: str, topic: str
) -> None:
    assert () == reading(source, name, topic).events


@pytest.mark.parametrize(("source", "name", "topic", "kind", "skip"), KINDS)
def test_a_body_becomes_its_kind(
    source: str, name: str, topic: str, kind: Kind, skip: str | None
) -> None:
    found = event(source, name, topic)

    assert (kind, skip) == (found.kind, found.skip)


@pytest.mark.parametrize(("source", "name", "topic"), [one[:3] for one in KINDS])
def test_what_is_sent_of_a_body_keeps_the_official_schema(
    source: str, name: str, topic: str
) -> None:
    schema = json.loads(SUBSET.read_text(encoding="utf-8"))["x-jsonschema"]
    validator = Draft202012Validator(schema["ConversionEvents"])
    encoded = DESTINATION.encode(event(source, name, topic))

    if isinstance(encoded, Encoded):
        validator.validate({"data": [json.loads(encoded.body)]})
    else:
        assert encoded.reason


def test_every_body_of_these_sources_is_examined() -> None:
    examined = {(row[0], row[1]) for row in [*IGNORED, *KINDS]}
    there = {
        (source, path.name)
        for source in SOURCES
        for path in (WEBHOOKS / source.replace("_", "-")).glob("*")
        if not path.name.startswith("api_object.")
    }

    assert there == examined


def test_shopify_adds_the_refunds_that_went_through() -> None:
    order = event("shopify", "refunds_create.json", "refunds/create").order

    assert order is not None
    assert order.value is not None
    assert (Decimal("85.00"), "USD") == (order.value.amount, order.value.currency)


def test_woocommerce_times_without_a_zone_are_utc() -> None:
    found = event("woocommerce", "order.created.json", "order.created")

    assert datetime(2017, 3, 22, 19, 28, 8, tzinfo=UTC) == found.occurred_at
    assert found.order is not None
    assert ["93", "23"] == [item.id for item in found.order.items]


def test_stripe_takes_what_was_refunded_this_time() -> None:
    order = event("stripe", "charge.refunded.json").order

    assert order is not None
    assert order.value is not None
    assert Decimal("5.00") == order.value.amount


def test_a_test_endpoint_takes_the_test_mode() -> None:
    (found,) = reading("stripe", "checkout.session.completed.json", live=False).events

    assert found.is_test
    assert found.skip is None


def test_mailerlite_without_a_time_takes_that_of_the_receipt() -> None:
    found = event("mailerlite", "subscriber.created.json")

    assert NOW == found.occurred_at


def test_ids_beyond_53_bits_keep_every_digit() -> None:
    body = (WEBHOOKS / "shopify" / "orders_paid.json").read_bytes()
    body = body.replace(b'"id": 820982911946154500', b'"id": 820982911946154508', 1)
    notice = Notice(headers={"x-shopify-topic": "orders/paid"}, body=body)
    (found,) = SOURCES["shopify"].parse(replace(notice), Options(shop="s")).events

    assert found.order is not None
    assert (found.order.id or "").startswith("8209829119461545")
