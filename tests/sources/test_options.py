"""What an endpoint's settings change about the same notice."""

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, Literal

import pytest

from forwarder.core.choices import UNPRICED
from forwarder.core.event import Event, Kind, Notice, Reading, Unreadable
from forwarder.core.source import Options
from forwarder.samples import load
from forwarder.sources import SOURCES

Json = dict[str, Any]
PLAIN = Options(shop="s")


def read(source: str, case: str, options: Options = PLAIN) -> Reading:
    return SOURCES[source].parse(load(source, case), options)


def only(source: str, case: str, options: Options = PLAIN) -> Event:
    (found,) = read(source, case, options).events
    return found


def edited(source: str, case: str, edit: Callable[[Json], object]) -> Notice:
    """A sample with something in its JSON changed."""
    notice = load(source, case)
    data = json.loads(notice.body)
    edit(data)
    return replace(notice, body=json.dumps(data).encode())


def value_of(event: Event) -> Decimal | None:
    assert event.order is not None
    return None if event.order.value is None else event.order.value.amount


@pytest.mark.parametrize(
    ("source", "case"),
    [
        ("shopify", "orders-create-unpaid"),
        ("woocommerce", "order-updated-on-hold"),
        ("woocommerce", "order-updated-cash-on-delivery"),
        ("stripe", "checkout-session-completed-unpaid"),
        ("kit", "legacy-purchase-pending"),
    ],
)
def test_unpaid_orders_are_sent_only_where_they_are_wanted(
    source: str, case: str
) -> None:
    wanted = only(source, case, replace(PLAIN, unpaid_orders="send"))

    assert "not paid yet" == read(source, case).ignored
    assert (Kind.CHECKOUT, None) == (wanted.kind, wanted.skip)


@pytest.mark.parametrize(
    ("source", "unpaid", "paid"),
    [
        ("shopify", "orders-create-unpaid", "orders-paid"),
        ("woocommerce", "order-updated-on-hold", "order-updated"),
        (
            "stripe",
            "checkout-session-completed-unpaid",
            "checkout-session-async-payment-succeeded",
        ),
    ],
)
def test_an_order_told_twice_has_one_event_id(
    source: str, unpaid: str, paid: str
) -> None:
    wants_all = replace(PLAIN, unpaid_orders="send")

    assert only(source, paid).event_id == only(source, unpaid, wants_all).event_id


@pytest.mark.parametrize(
    ("source", "case"),
    [
        ("shopify", "orders-paid-pos"),
        ("shopify", "orders-paid-imported"),
        ("woocommerce", "order-updated-admin"),
    ],
)
def test_offline_orders_are_sent_only_where_they_are_wanted(
    source: str, case: str
) -> None:
    wanted = only(source, case, replace(PLAIN, offline_orders="send"))

    assert "offline_order" == only(source, case).skip
    assert wanted.skip is None


@pytest.mark.parametrize(
    ("wish", "amount", "skip"),
    [
        ("send", Decimal(0), None),
        ("omit", None, None),
        ("skip", Decimal(0), "zero_value"),
    ],
)
def test_an_order_of_nothing_follows_the_wish(
    wish: Literal["send", "omit", "skip"], amount: Decimal | None, skip: str | None
) -> None:
    found = only("shopify", "orders-paid-zero", replace(PLAIN, zero_value=wish))

    assert (amount, skip) == (value_of(found), found.skip)


@pytest.mark.parametrize(
    ("source", "case"),
    [
        ("shopify", "orders-paid-renewal"),
        ("woocommerce", "order-created-renewal"),
        ("stripe", "invoice-paid-renewal"),
    ],
)
def test_renewals_are_kept_unless_they_are_wanted(source: str, case: str) -> None:
    wanted = only(source, case, replace(PLAIN, renewals="send"))

    assert Kind.RENEWAL is only(source, case).kind
    assert Kind.CUSTOM is wanted.kind


def test_a_renewal_does_not_take_over_the_event_id_of_the_first_order() -> None:
    def note(data: Json) -> None:
        data["meta_data"] += [{"key": "pin_event_id", "value": "first"}]

    notice = edited("woocommerce", "order-created-renewal", note)
    options = replace(PLAIN, renewals="send")
    (found,) = SOURCES["woocommerce"].parse(notice, options).events

    assert "woocommerce:s:4900100:custom" == found.event_id


@pytest.mark.parametrize(
    ("source", "case", "expected"),
    [
        (
            "shopify",
            "orders-paid",
            {"total": "95.90", "subtotal": "91.00", "net": "75.69"},
        ),
        (
            "woocommerce",
            "order-created",
            {"total": "47.40", "subtotal": "36.00", "net": "36.00"},
        ),
        (
            "stripe",
            "checkout-session-completed",
            {"total": "62.90", "subtotal": "58.00", "net": "47.52"},
        ),
        (
            "kit",
            "legacy-purchase",
            {"total": "42.6", "subtotal": "36.0", "net": "36.0"},
        ),
    ],
)
def test_the_value_is_on_the_basis_that_is_asked_for(
    source: str, case: str, expected: dict[str, str]
) -> None:
    for basis, amount in expected.items():
        options = replace(PLAIN, value_basis=basis)  # type: ignore[arg-type]

        assert Decimal(amount) == value_of(only(source, case, options))


def test_item_ids_are_written_as_the_catalogue_has_them() -> None:
    options = replace(PLAIN, item_id="shopify_DE_{product_id}_{variant_id}")
    order = only("shopify", "orders-paid", options).order

    assert order is not None
    # The third line has no variant: a template with a gap in it names nothing.
    assert [
        "shopify_DE_8100001_9100001",
        "shopify_DE_8100002_9100002",
        "8100003",
    ] == [item.id for item in order.items]


def test_a_template_that_names_nothing_known_falls_back() -> None:
    options = replace(PLAIN, item_id="{colour}")
    order = only("woocommerce", "order-created", options).order

    assert order is not None
    assert ["931", "22"] == [item.id for item in order.items]


@pytest.mark.parametrize(
    ("source", "case"),
    [
        ("kit", "subscriber-subscribed-to-form"),
        ("mailerlite", "subscriber-active"),
        ("mailchimp", "subscribe"),
        ("shopify", "customers-email-marketing-consent-update"),
        ("shopify", "customers-create-newsletter"),
    ],
)
def test_a_list_sign_up_is_what_the_endpoint_says(source: str, case: str) -> None:
    options = replace(PLAIN, newsletter_kind=Kind.LEAD)

    assert Kind.SIGNUP is only(source, case).kind
    assert Kind.LEAD is only(source, case, options).kind


def test_an_endpoint_in_live_mode_skips_tests_and_the_other_way_round() -> None:
    tests_only = replace(PLAIN, live=False)

    assert "test_order" == only("shopify", "orders-paid-test").skip
    assert only("shopify", "orders-paid-test", tests_only).skip is None
    assert "live_order" == only("shopify", "orders-paid", tests_only).skip


def test_the_test_button_of_the_admin_is_a_test() -> None:
    notice = load("shopify", "orders-paid")
    headers = {**notice.headers, "x-shopify-test": "true"}
    (found,) = SOURCES["shopify"].parse(replace(notice, headers=headers), PLAIN).events

    assert (True, "test_order") == (found.is_test, found.skip)


def test_the_country_of_the_shop_is_handed_on() -> None:
    assert "DE" == only("shopify", "orders-paid", replace(PLAIN, country="DE")).region
    assert only("shopify", "orders-paid").region is None


def test_no_consent_is_handed_on() -> None:
    assert only("shopify", "orders-paid-denied").consent.denied
    assert not only("shopify", "orders-paid").consent.denied


def test_stripe_asks_for_order_lines_only_with_a_key() -> None:
    case = "checkout-session-completed"
    with_key = only("stripe", case, replace(PLAIN, api_key="rk_example"))
    without = only("stripe", case)

    assert ("stripe_line_items", "cs_live_a1900100") == (
        with_key.enrich,
        with_key.enrich_ref,
    )
    assert () == with_key.warnings
    assert without.enrich is None
    assert ("line items not fetched: no Stripe API key",) == without.warnings


def test_all_topics_of_one_stripe_payment_count_once() -> None:
    cases = (
        "checkout-session-completed",
        "payment-intent-succeeded",
        "charge-succeeded",
        "invoice-paid-first",
    )
    told = [event for case in cases for event in read("stripe", case).events]

    assert ["stripe:s:cs_live_a1900100:checkout"] == [event.event_id for event in told]


def test_all_topics_of_a_marked_stripe_payment_have_one_event_id() -> None:
    cases = ("payment-intent-succeeded-marked", "charge-succeeded-marked")

    assert {"tag-900100"} == {only("stripe", case).event_id for case in cases}


def test_two_woocommerce_orders_of_one_second_are_two_deliveries() -> None:
    def second(data: Json) -> None:
        data["id"] = 4900101

    first = load("woocommerce", "order-created")
    other = edited("woocommerce", "order-created", second)
    source = SOURCES["woocommerce"]

    assert first.headers == other.headers
    assert source.delivery_key(first) != source.delivery_key(other)


def test_a_batch_that_is_partly_old_repeats_the_same_event_ids() -> None:
    def drop_first(data: Json) -> None:
        del data["events"][0]

    rest = edited("kit", "subscriber-activated", drop_first)
    source = SOURCES["kit"]
    whole = source.parse(load("kit", "subscriber-activated"), PLAIN).events

    assert whole[1:] == source.parse(rest, PLAIN).events
    assert source.delivery_key(rest) != source.delivery_key(
        load("kit", "subscriber-activated")
    )


def test_one_row_without_anybody_does_not_stop_its_batch() -> None:
    def blank(data: Json) -> None:
        data["events"][0]["data"] = None

    for source, case in (("kit", "subscriber-activated"), ("mailerlite", "batch")):
        notice = edited(source, case, blank)
        if source == "mailerlite":
            notice = edited(source, case, lambda data: data["events"][0].clear())

        assert 1 == len(SOURCES[source].parse(notice, PLAIN).events)


def test_a_cart_never_takes_the_event_id_of_the_order() -> None:
    def note(data: Json) -> None:
        data["attributes"] = {"pin_event_id": "tag-1", "_epik": "dj0y"}

    notice = edited("shopify", "carts-create", note)
    (found,) = SOURCES["shopify"].parse(notice, PLAIN).events

    assert "shopify:s:c1-900100:add_to_cart" == found.event_id
    assert "dj0y" == found.person.click_id


def test_an_order_without_a_usable_amount_says_so() -> None:
    def spoil(data: Json) -> None:
        data["total"] = "a lot"

    notice = edited("woocommerce", "order-created", spoil)
    (found,) = SOURCES["woocommerce"].parse(notice, PLAIN).events

    assert value_of(found) is None
    assert (UNPRICED,) == found.warnings


def test_a_bare_shopify_order_is_read_as_a_paid_one() -> None:
    bare = replace(load("shopify", "orders-paid"), headers={})
    (found,) = SOURCES["shopify"].parse(bare, PLAIN).events

    assert "shopify:s:5900900100:checkout" == found.event_id
    assert "topic not mapped: (none)" == read_bare("shopify", b'{"id": 1}').ignored


def read_bare(source: str, body: bytes) -> Reading:
    return SOURCES[source].parse(Notice(headers={}, body=body), PLAIN)


def test_a_landing_page_that_is_no_address_does_no_harm() -> None:
    def spoil(data: Json) -> None:
        data["landing_site"] = "//[oops?epik=dj0y"

    notice = edited("shopify", "orders-paid", spoil)
    (found,) = SOURCES["shopify"].parse(notice, PLAIN).events

    assert found.page_url is None


@pytest.mark.parametrize("body", [b"[]", b"<html>", b""])
def test_a_body_that_is_no_object_is_unreadable(body: bytes) -> None:
    for source in ("shopify", "stripe", "kit", "mailerlite", "standard_webhooks"):
        with pytest.raises(Unreadable):
            read_bare(source, body)


def test_woocommerce_reads_its_secret_as_wordpress_does() -> None:
    source, notice = SOURCES["woocommerce"], load("woocommerce", "order-created")
    now = notice.received_at
    assert now is not None
    pairs = [
        ("a&amp;b", "a&b"),
        ("&lt;&gt;&quot;&#039;&#x27;", "<>\"''"),
        ("&eacute;", "&eacute;"),
        ("&amp;lt;", "&amp;lt;"),
    ]
    for stored, other in pairs:
        source.verify(source.sign(notice, stored, now), other, now, PLAIN)


def test_a_stripe_refund_that_failed_is_none() -> None:
    def fail(data: Json) -> None:
        data["data"]["object"]["status"] = "failed"

    notice = edited("stripe", "refund-created", fail)

    assert "the refund failed" == SOURCES["stripe"].parse(notice, PLAIN).ignored


def test_a_woocommerce_body_without_headers_is_told_by_its_shape() -> None:
    order = replace(load("woocommerce", "order-created"), headers={})
    customer = replace(load("woocommerce", "customer-created"), headers={})
    source = SOURCES["woocommerce"]

    assert Kind.CHECKOUT is source.parse(order, PLAIN).events[0].kind
    assert Kind.SIGNUP is source.parse(customer, PLAIN).events[0].kind


def test_a_failed_woocommerce_order_names_its_status() -> None:
    def fail(data: Json) -> None:
        data["status"] = "failed"

    notice = edited("woocommerce", "order-created", fail)

    assert "status: failed" == SOURCES["woocommerce"].parse(notice, PLAIN).ignored


def test_a_woocommerce_refund_without_parts_is_the_whole_order() -> None:
    def undo(data: Json) -> None:
        data["status"], data["refunds"] = "refunded", []

    notice = edited("woocommerce", "order-created", undo)
    (found,) = SOURCES["woocommerce"].parse(notice, PLAIN).events

    assert (Kind.REFUND, Decimal("47.40")) == (found.kind, value_of(found))


@pytest.mark.parametrize("case", ["orders-paid", "orders-create"])
def test_an_order_that_does_not_say_whether_it_is_paid_is_kept_for_a_person(
    case: str,
) -> None:
    notice = load("shopify", case)
    body = json.loads(notice.body)
    del body["financial_status"]
    silent = replace(notice, body=json.dumps(body).encode())

    with pytest.raises(Unreadable, match="financial_status is missing"):
        SOURCES["shopify"].parse(silent, Options(shop="my-shop"))
