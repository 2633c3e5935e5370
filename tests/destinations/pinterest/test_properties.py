"""Whatever comes in: nothing raises, nobody leaves in clear, the schema is kept."""

import json
import re
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from forwarder.core.delivery import Encoded, Refused, Skipped
from forwarder.core.event import Event
from forwarder.destinations.pinterest import unmask
from forwarder.destinations.pinterest.guard import is_safe
from forwarder.destinations.pinterest.payload import Encoder
from tests.destinations.pinterest.people import settings
from tests.destinations.pinterest.strategies import EVENTS, SENT_EVENTS
from tests.shared import SUBSET

ENCODERS = [
    Encoder(settings()),
    Encoder(settings(identifier_candidates="wide", external_id_case="keep")),
    Encoder(settings(prehashed="always", drop_reserved_domains=True)),
    Encoder(settings(prehashed="never", test_mode=True)),
]
HASH = re.compile(r"[0-9a-f]{64}")
NUMBER = re.compile(r"\d+(\.\d+)?", re.ASCII)
LISTS = {"em", "ph", "fn", "ln", "ge", "db", "ct", "st", "zp", "country"} | {
    "external_id",
    "hashed_maids",
}
CLEAR = {"click_id", "client_ip_address", "client_user_agent"}
EVENT_KEYS = {
    "event_name": str,
    "action_source": str,
    "event_time": int,
    "event_id": str,
    "event_source_url": str,
    "opt_out": bool,
    "partner_name": str,
    "language": str,
    "custom_data": dict,
    "user_data": dict,
}
CUSTOM_KEYS = {
    "value": str,
    "currency": str,
    "order_id": str,
    "contents": list,
    "content_ids": list,
    "num_items": int,
    "search_string": str,
    "opt_out_type": str,
}
ITEM_KEYS = {
    "id": str,
    "item_name": str,
    "item_price": str,
    "item_category": str,
    "item_brand": str,
    "quantity": int,
}


def keeps(document: dict[str, Any], shape: dict[str, type]) -> bool:
    """Tell if there are no other keys than these, each of its type exactly."""
    return all(type(value) is shape.get(key) for key, value in document.items())


def check_by_hand(event: dict[str, Any]) -> None:
    user_data = event["user_data"]
    custom = event.get("custom_data", {})
    assert keeps(event, EVENT_KEYS)
    assert keeps(custom, CUSTOM_KEYS)
    assert all(keeps(one, ITEM_KEYS) for one in custom.get("contents", []))
    assert set(user_data) <= LISTS | CLEAR
    for key in LISTS & set(user_data):
        assert user_data[key]
        assert all(HASH.fullmatch(one) for one in user_data[key])
        assert len(set(user_data[key])) == len(user_data[key])
    both = {"client_ip_address", "client_user_agent"}
    assert "em" in user_data or "hashed_maids" in user_data or both <= set(user_data)
    assert 1 <= len(event["event_id"]) <= 256
    assert event["action_source"] in {"web", "offline"}
    assert 0 < event["event_time"] < 10**11
    assert NUMBER.fullmatch(custom.get("value", "0"))
    assert custom.get("currency", "EUR").isupper()
    assert (
        "@"
        not in event.get("event_source_url", "").partition("?")[2].replace("epik=", "")
        or "epik" in event["event_source_url"].lower()
    )


@given(EVENTS, st.sampled_from(ENCODERS))
def test_no_event_raises_and_none_leaves_unhashed(
    event: Event, encoder: Encoder
) -> None:
    found = encoder.encode(event)

    assert isinstance(found, Encoded | Refused | Skipped)
    if isinstance(found, Encoded):
        assert is_safe(found.body)
        check_by_hand(orjson.loads(found.body))


@given(SENT_EVENTS, st.sampled_from(ENCODERS))
def test_masking_loses_nothing(event: Event, encoder: Encoder) -> None:
    found = encoder.encode(event)
    assume(isinstance(found, Encoded))

    person = event.person
    assert isinstance(found, Encoded)
    assert found.body == unmask(found.shown, person.ip, person.user_agent)
    sent = orjson.loads(found.body)["user_data"]
    again = unmask(
        found.shown, sent.get("client_ip_address"), sent.get("client_user_agent")
    )
    assert found.body == again
    assert found == encoder.encode(event)


@given(SENT_EVENTS)
def test_every_field_that_is_not_sent_is_named(event: Event) -> None:
    found = ENCODERS[0].encode(event)

    assert isinstance(found, Encoded)
    named = {one.field for one in found.dropped}
    user_data = orjson.loads(found.body)["user_data"]
    keys = {
        "phone": "ph",
        "first_name": "fn",
        "last_name": "ln",
        "city": "ct",
        "state": "st",
        "postal_code": "zp",
        "country": "country",
        "date_of_birth": "db",
        "gender": "ge",
        "external_id": "external_id",
        "maid": "hashed_maids",
    }
    for name, key in keys.items():
        assert not getattr(event.person, name) or key in user_data or name in named


@given(EVENTS)
def test_reasons_never_quote_a_value(event: Event) -> None:
    found = ENCODERS[0].encode(event)

    if isinstance(found, Encoded):
        for one in found.dropped:
            assert re.fullmatch(r"[a-z0-9_]+", one.reason)
            assert re.fullmatch(r"[a-z_]+(\.[a-z]+)?(\[\d\]\.[a-z]+)?", one.field)


@pytest.fixture(scope="module")
def validator(shared: None) -> Draft202012Validator:
    del shared
    schema = json.loads(SUBSET.read_text(encoding="utf-8"))["x-jsonschema"]
    return Draft202012Validator(schema["ConversionEvents"])


@given(SENT_EVENTS, st.sampled_from(ENCODERS))
def test_payloads_keep_the_official_schema(
    validator: Draft202012Validator, event: Event, encoder: Encoder
) -> None:
    found = encoder.encode(event)

    if isinstance(found, Encoded):
        validator.validate({"data": [orjson.loads(found.body)]})


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=10**9))
def test_amounts_keep_their_value(value: Decimal) -> None:
    from forwarder.destinations.pinterest.goods import amount  # noqa: PLC0415

    text = amount(value)

    assert not isinstance(text, str) or Decimal(text) == value
