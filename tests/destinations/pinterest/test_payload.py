"""One event as it leaves: golden payloads, hand checks, masking and unmasking."""

import dataclasses
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from forwarder.core.delivery import Dropped, Encoded, Refused, Skipped
from forwarder.core.event import (
    LOCAL_KINDS,
    Consent,
    Event,
    Item,
    Kind,
    Money,
    Order,
    Person,
)
from forwarder.destinations.pinterest import unmask
from forwarder.destinations.pinterest.payload import EVENT_NAMES, Encoder
from tests.destinations.pinterest.people import (
    BROWSER,
    CHECKOUT,
    JANE,
    LIMITED,
    SIGNUP,
    event,
    settings,
    sha,
)

GOLDEN = Path(__file__).parent / "golden"
GOLDEN_EVENTS = {"checkout": CHECKOUT, "signup": SIGNUP, "limited": LIMITED}


def encoded(one: Event, **chosen: object) -> Encoded:
    found = Encoder(settings(**chosen)).encode(one)
    assert isinstance(found, Encoded), found
    return found


def payload(one: Event, **chosen: object) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(encoded(one, **chosen).body)
    return found


def custom_data(order: Order) -> tuple[dict[str, Any], Encoded]:
    found = encoded(event(order=order))
    return orjson.loads(found.body).get("custom_data", {}), found


@pytest.mark.parametrize("name", GOLDEN_EVENTS)
def test_payloads_equal_their_golden_files(
    name: str, request: pytest.FixtureRequest
) -> None:
    file = GOLDEN / f"{name}.json"
    pretty = orjson.dumps(
        payload(GOLDEN_EVENTS[name]),
        option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE,
    )
    if request.config.getoption("--write-golden", default=False):
        file.write_bytes(pretty)

    assert file.read_bytes() == pretty


def test_a_golden_payload_holds_nobody_in_clear() -> None:
    text = (GOLDEN / "checkout.json").read_text(encoding="utf-8").lower()

    for word in ("jane", "doe", "555", "francisco", "94107", "cust_42", "7a3cbea0"):
        assert word not in text


def test_the_same_event_has_the_same_bytes() -> None:
    assert encoded(CHECKOUT) == encoded(CHECKOUT)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in LOCAL_KINDS])
def test_every_word_of_pinterest_is_sent_as_it_is(kind: Kind) -> None:
    assert kind.value == payload(event(kind=kind))["event_name"]
    assert kind in EVENT_NAMES


@pytest.mark.parametrize("kind", sorted(LOCAL_KINDS))
def test_what_pinterest_has_no_word_for_is_skipped(kind: Kind) -> None:
    assert Skipped("not_mapped") == Encoder(settings()).encode(event(kind=kind))


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (event(consent=Consent(denied=True)), "consent"),
        (event(is_test=True), "test_order"),
        (event(skip="zero_value"), "zero_value"),
    ],
)
def test_what_must_not_be_sent_is_skipped(one: Event, reason: str) -> None:
    assert Skipped(reason) == Encoder(settings()).encode(one)


def test_test_orders_may_go_to_the_test_mode() -> None:
    assert encoded(event(is_test=True), test_mode=True)


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (event(event_id=""), "event_id"),
        (event(event_id="x" * 257), "event_id"),
        (event(event_id="a\nb"), "event_id"),
        (event(event_id="a\ud800"), "event_id"),
        (event(occurred_at=datetime(1969, 12, 31, tzinfo=UTC)), "event_time"),
        (event(occurred_at=datetime(1, 1, 1, tzinfo=UTC)), "event_time"),
        (event(occurred_at=datetime(2100, 1, 1, tzinfo=UTC)), "event_time"),
        (event(occurred_at=datetime(2026, 1, 1)), "event_time"),  # noqa: DTZ001
    ],
)
def test_what_pinterest_would_refuse_is_refused_here(one: Event, reason: str) -> None:
    found = Encoder(settings()).encode(one)

    assert isinstance(found, Refused)
    assert reason == found.reason


def test_nobody_is_refused_with_what_was_left_out() -> None:
    nobody = Person(email=("n/a",), phone=("+14155550132",), ip="10.0.0.1")

    found = Encoder(settings()).encode(event(person=nobody))

    assert isinstance(found, Refused)
    assert "no_identity" == found.reason
    assert "left out: email (junk), ip (ip_not_public)" in found.message
    assert "4155550132" not in found.message


def test_event_time_is_whole_seconds_and_a_json_integer() -> None:
    assert b'"event_time":1795170615,' in encoded(CHECKOUT).body


def test_a_plain_signup_has_no_field_that_nobody_told() -> None:
    keys = {"event_name", "action_source", "event_time", "event_id", "user_data"}

    assert keys == set(payload(SIGNUP))
    assert {"em": [sha("ada@example.org")]} == payload(SIGNUP)["user_data"]


def test_opt_out_and_ldp_stand_where_pinterest_reads_them() -> None:
    limited = payload(LIMITED)

    assert limited["opt_out"] is True
    assert "LDP" == limited["custom_data"]["opt_out_type"]
    assert "opt_out_type" not in limited["user_data"]
    assert [sha("ca")] == limited["user_data"]["st"]
    assert [sha("us")] == limited["user_data"]["country"]


def test_ldp_without_an_address_is_told() -> None:
    found = encoded(event(consent=Consent(ldp=True)))

    assert any("state and country" in warning for warning in found.warnings)


def test_action_source_and_partner_are_settings() -> None:
    found = payload(SIGNUP, action_source="offline", partner_name="ss-example")

    assert ("offline", "ss-example") == (found["action_source"], found["partner_name"])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("59.70", "59.70"),
        ("1E+2", "100"),
        ("0", "0"),
        ("-0.00", "0"),
        ("0E-10", "0"),
        ("1E-3", "0.001"),
        ("12345678901234.5678", "12345678901234.5678"),
    ],
)
def test_amounts_are_plain_digits(value: str, text: str) -> None:
    found, _ = custom_data(Order(value=Money(amount=Decimal(value), currency="EUR")))

    assert text == found["value"]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("NaN", "not_a_number"),
        ("sNaN", "not_a_number"),
        ("Infinity", "not_a_number"),
        ("-Infinity", "not_a_number"),
        ("-1", "negative"),
        ("1E+100000", "out_of_range"),
        ("1E-100000", "out_of_range"),
        ("1." + "1" * 40, "out_of_range"),
    ],
)
def test_amounts_that_are_none_are_dropped(value: str, reason: str) -> None:
    money = Money(amount=Decimal(value), currency="EUR")
    item = Item(id="1", price=Decimal(value))

    found, sent = custom_data(Order(value=money, items=(item,)))

    assert "value" not in found
    assert [{"id": "1"}] == found["contents"]
    assert (
        Dropped(field="order.value", reason=reason),
        Dropped(field="order.items[0].price", reason=reason),
    ) == sent.dropped


@pytest.mark.parametrize(
    ("currency", "sent", "dropped"),
    [
        ("EUR", "EUR", ()),
        ("usd", "USD", ()),
        (" gbp ", "GBP", ()),
        ("", None, ()),
        ("dollars", None, ("order.currency",)),
        ("XYZ", None, ("order.currency",)),
    ],
)
def test_currencies_are_of_iso_4217(
    currency: str, sent: str | None, dropped: tuple[str, ...]
) -> None:
    money = Money(amount=Decimal("1.00"), currency=currency)

    found, left = custom_data(Order(value=money))

    assert sent == found.get("currency")
    assert dropped == tuple(one.field for one in left.dropped)
    assert (sent is None) == any("currency" in one for one in left.warnings)


def test_items_become_contents_ids_and_their_number() -> None:
    found, sent = custom_data(CHECKOUT.order or Order())

    assert ["sku-1", "sku-2"] == found["content_ids"]
    assert 3 == found["num_items"]
    assert {
        "id": "sku-2",
        "item_name": "Mütze",
        "quantity": 1,
        "item_price": "19.9",
    } == found["contents"][1]
    assert () == sent.dropped


def test_items_that_say_nothing_leave_no_trace() -> None:
    found, _ = custom_data(Order(items=(Item(), Item(id="1", quantity=2))))

    assert {"contents": [{"id": "1", "quantity": 2}], "content_ids": ["1"]} == found


@pytest.mark.parametrize("quantity", [0, -1, 10**12, 2**70])
def test_impossible_quantities_are_dropped(quantity: int) -> None:
    found, sent = custom_data(Order(items=(Item(id="1", quantity=quantity),)))

    assert {"contents": [{"id": "1"}], "content_ids": ["1"]} == found
    assert "order.items[0].quantity" == sent.dropped[0].field


def test_a_search_for_a_person_stays_here() -> None:
    plain, named = event(search="linen shirt"), event(search="jane@shop.org")

    assert "linen shirt" == payload(plain)["custom_data"]["search_string"]
    assert Dropped(field="search", reason="personal_data") in encoded(named).dropped
    assert b"jane" not in encoded(named).body


def test_page_and_language_that_are_none_are_dropped_with_reason() -> None:
    found = encoded(event(page_url="/thanks?a=1", language="klingon"))

    assert (
        Dropped(field="page_url", reason="not_a_url"),
        Dropped(field="language", reason="language_unknown"),
    ) == found.dropped


def test_warnings_of_the_source_come_first() -> None:
    one = event(warnings=("line items not fetched",), person=JANE)
    person = dataclasses.replace(JANE, email=("jane doe@shop.org",))

    found = encoded(dataclasses.replace(one, person=person))

    assert ("line items not fetched", "email repaired") == found.warnings


def test_control_characters_and_half_characters_are_taken_out_of_texts() -> None:
    items = (Item(id="1\x00", name="a\ud800b\x1f\nc\\u0041"),)

    found = encoded(event(order=Order(id="7\x00", items=items)))

    document = orjson.loads(found.body)["custom_data"]
    assert "7" == document["order_id"]
    assert {"id": "1", "item_name": "ab\nc\\u0041"} == document["contents"][0]
    assert ("control characters were taken out of texts",) == found.warnings


def test_a_backslash_is_no_control_character() -> None:
    found = encoded(event(search="c:\\u0041"))

    assert () == found.warnings
    assert "c:\\u0041" == orjson.loads(found.body)["custom_data"]["search_string"]


def test_an_event_larger_than_a_request_is_refused() -> None:
    huge = event(order=Order(items=(Item(name="x" * 2_000_000),)))

    found = Encoder(settings()).encode(huge)

    assert isinstance(found, Refused)
    assert "too_large" == found.reason


@pytest.mark.parametrize(
    ("ip", "user_agent"),
    [
        ("203.0.113.9", BROWSER),
        (" 10.0.0.1, 8.8.8.8:443 ", f" {BROWSER} "),
        ("8.8.8.8", None),
        (None, BROWSER),
        ("10.0.0.1", BROWSER),
        ("8.8.8.8", "curl/8"),
        ("8.8.8.8", 'Mozilla "quoted" \\ ünï'),
        (None, None),
    ],
)
def test_what_is_shown_gives_the_body_back(
    ip: str | None, user_agent: str | None
) -> None:
    person = dataclasses.replace(JANE, ip=ip, user_agent=user_agent)
    found = encoded(dataclasses.replace(CHECKOUT, person=person))

    assert found.body == unmask(found.shown, ip, user_agent)


def test_what_is_shown_hides_address_and_browser_and_nothing_else() -> None:
    found = encoded(CHECKOUT)

    shown, body = orjson.loads(found.shown), orjson.loads(found.body)
    assert b"203.0.113.9" not in found.shown
    assert b"iPhone" not in found.shown
    shown["user_data"] |= {
        "client_ip_address": "203.0.113.9",
        "client_user_agent": BROWSER,
    }
    assert body == shown


@pytest.mark.parametrize(
    ("ip", "user_agent"), [(None, BROWSER), ("8.8.8.8", None), (None, None)]
)
def test_what_was_cleared_cannot_be_sent_bare(
    ip: str | None, user_agent: str | None
) -> None:
    shown = encoded(CHECKOUT).shown

    with pytest.raises(ValueError, match="cleared"):
        unmask(shown, ip, user_agent)


def test_reprs_hold_no_person() -> None:
    found = encoded(CHECKOUT)

    assert "203.0.113.9" not in repr(found)
    assert sha("doe") not in repr(found)
