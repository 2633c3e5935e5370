"""Our own event: what is taken, and what its author reads when it is not."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forwarder.core.event import Item, Kind
from forwarder.core.source import Options
from forwarder.samples import load
from forwarder.sources.own_event import Invalid, read_own_event

OPTIONS = Options(shop="api")
EMAIL = "kaya@buyers.example.com"
LEAST = {
    "event_id": "e-1",
    "kind": "lead",
    "occurred_at": "2026-11-01T12:00:00Z",
    "person": {"email": EMAIL},
}


def errors(data: object, *, is_strict: bool = True) -> dict[str, list[str]]:
    with pytest.raises(Invalid) as caught:
        read_own_event(data, OPTIONS, is_strict=is_strict)
    return caught.value.errors


def test_the_least_that_is_taken() -> None:
    found = read_own_event(LEAST, OPTIONS)

    assert "e-1" == found.event_id
    assert Kind.LEAD is found.kind
    assert datetime(2026, 11, 1, 12, tzinfo=UTC) == found.occurred_at
    assert (EMAIL,) == found.person.email
    assert found.order is None


def test_the_whole_of_the_documented_event_is_read() -> None:
    data = json.loads(load("standard_webhooks", "checkout").body)
    found = read_own_event(data, OPTIONS)

    assert found.order is not None
    assert found.order.value is not None
    assert Decimal("74.50") == found.order.value.amount
    assert (
        Item(id="sku-2", name="Tea towel", quantity=2, price=Decimal("12.5"))
        == found.order.items[1]
    )
    assert (True, False) == (found.consent.ldp, found.consent.opt_out)


@pytest.mark.parametrize(
    "written",
    [
        1793534400,
        "1793534400",
        1793534400.0,
        1793534400000,
        "2026-11-01T12:00:00Z",
        "2026-11-01T13:00:00+01:00",
        "2026-11-01T12:00:00.000Z",
    ],
    ids=repr,
)
def test_a_time_is_taken_in_each_documented_form(written: object) -> None:
    found = read_own_event(LEAST | {"occurred_at": written}, OPTIONS)

    assert datetime(2026, 11, 1, 12, tzinfo=UTC) == found.occurred_at


@pytest.mark.parametrize(
    "written",
    ["2026-11-01 12:00:00", "yesterday", "", None, True, "1" * 40, -5, "2026-11-01"],
)
def test_a_time_without_a_zone_or_sense_is_refused(written: object) -> None:
    assert ["occurred_at"] == list(errors(LEAST | {"occurred_at": written}))


@pytest.mark.parametrize(
    "person",
    [
        {"email": EMAIL},
        {"email": [EMAIL, "x@y.example"]},
        {"maid": "7A3CBEA0-BDF5-11E4-8DFC-AA07A5B093DB"},
        {"ip": "203.0.113.9", "user_agent": "Mozilla/5.0"},
        {"email": "8" * 64},
    ],
)
def test_each_identity_is_enough(person: dict[str, Any]) -> None:
    assert read_own_event(LEAST | {"person": person}, OPTIONS)


@pytest.mark.parametrize(
    "person",
    [
        None,
        {},
        {"email": ""},
        {"email": []},
        {"email": [None, " "]},
        {"phone": "+12025550147"},
        {"external_id": "u-1"},
        {"ip": "203.0.113.9"},
        {"user_agent": "Mozilla/5.0"},
        {"click_id": "dj0y"},
    ],
)
def test_without_an_identity_there_is_an_error(person: dict[str, Any] | None) -> None:
    assert {"person": ["Needs email, maid, or both ip and user_agent."]} == errors(
        LEAST | {"person": person}
    )


def test_every_error_is_named_at_once_by_field_and_never_by_value() -> None:
    found = errors(
        {
            "event_id": "x" * 257,
            "kind": "purchase-of-kaya",
            "occurred_at": "kaya",
            "person": {"email": {"kaya": 1}, "first_name": True, "ip": ["kaya"]},
            "order": {
                "value": "kaya",
                "currency": "kaya",
                "items": [{"quantity": 1.5, "price": "NaN"}, "kaya"],
            },
            "consent": {"ldp": "kaya"},
            "test": "kaya",
        }
    )

    assert {
        "event_id",
        "kind",
        "occurred_at",
        "person.email",
        "person.first_name",
        "person.ip",
        "order.value",
        "order.currency",
        "order.items.0.quantity",
        "order.items.0.price",
        "order.items.1",
        "consent.ldp",
        "test",
    } == set(found)
    assert "kaya" not in json.dumps(found)


def test_an_unknown_field_is_an_error_at_the_strict_door_only() -> None:
    data = LEAST | {
        "e-mail": 1,
        "kaya@example.com": 1,
        "person": {"email": EMAIL, "mail": "x"},
        "order": {"items": [{"sku": 1}]},
    }

    assert {
        "e-mail": ["Unknown field."],
        "(unprintable)": ["Unknown field."],
        "person.mail": ["Unknown field."],
        "order.items.0.sku": ["Unknown field."],
    } == errors(data)
    assert read_own_event(data, OPTIONS, is_strict=False)


@pytest.mark.parametrize("data", [None, [], "text", 1])
def test_what_is_no_object_is_refused(data: object) -> None:
    assert {"": ["Not an object."]} == errors(data)


def test_a_value_needs_its_currency() -> None:
    assert {"order.currency": ["Required with a value."]} == errors(
        LEAST | {"order": {"value": 5}}
    )


@pytest.mark.parametrize("text", ["a\0b", "\ud800"], ids=ascii)
def test_a_text_that_cannot_be_stored_is_refused(text: str) -> None:
    assert ["event_id"] == list(errors(LEAST | {"event_id": text}))
    assert ["search"] == list(errors(LEAST | {"search": text}))


def test_a_refund_needs_an_order_and_an_erasure_a_person() -> None:
    refund = {**LEAST, "kind": "refund", "person": None}
    erase = {**LEAST, "kind": "erase", "person": None}

    assert {"order.id": ["Required with this kind."]} == errors(refund)
    assert {"person": ["Needs email, phone or external_id."]} == errors(erase)
    assert read_own_event(refund | {"order": {"id": 5}}, OPTIONS)
    assert read_own_event(erase | {"person": {"external_id": 5}}, OPTIONS)


def test_a_test_event_is_skipped_by_a_live_endpoint() -> None:
    assert "test_order" == read_own_event(LEAST | {"test": True}, OPTIONS).skip


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ),
    st.sampled_from([*LEAST, "order", "consent", "test", "page_url", "language"]),
    st.booleans(),
)
def test_no_value_raises_but_invalid(value: object, name: str, is_strict: bool) -> None:  # noqa: FBT001
    try:
        read_own_event(LEAST | {name: value}, OPTIONS, is_strict=is_strict)
    except Invalid as invalid:
        shown = json.dumps(invalid.errors)
        if isinstance(value, str) and len(value) > 20:
            assert value not in shown
