from dataclasses import replace
from datetime import UTC, datetime

import pytest

from forwarder.core.event import Event, Item, Kind, Order, Person
from forwarder.core.personal import WARNING, told_name, veiled, without_person

PLAIN = Event(
    event_id="own-1",
    kind=Kind.CHECKOUT,
    occurred_at=datetime(2026, 11, 21, tzinfo=UTC),
    person=Person(email=("ada@example.org",)),
    order=Order(id="1", items=(Item(id="mug", name="Mug @ home", quantity=2),)),
)


def test_an_event_without_addresses_stays_as_it_is() -> None:
    assert PLAIN is without_person(PLAIN)


def test_an_address_in_an_id_is_hashed_the_same_every_time() -> None:
    event = replace(
        PLAIN, event_id="news-ada@example.org", order=Order(id="ada@example.org")
    )

    found = without_person(event)

    assert veiled("news-ada@example.org") == found.event_id
    assert Order(id=veiled("ada@example.org")) == found.order
    assert (WARNING,) == found.warnings
    assert PLAIN.person == found.person
    assert found.event_id == without_person(event).event_id


def test_an_address_in_a_description_is_left_out() -> None:
    item = Item(id="gift", name="Gift card for ada@example.org", quantity=1)

    found = without_person(replace(PLAIN, order=Order(id="1", items=(item,))))

    assert Order(id="1", items=(Item(id="gift", quantity=1),)) == found.order


def test_an_event_without_order_is_veiled_too() -> None:
    found = without_person(replace(PLAIN, event_id="ada@example.org", order=None))

    assert "ada" not in found.event_id
    assert found.order is None


@pytest.mark.parametrize(
    "text",
    [
        "+49 170 1234567",
        "+491701234567",
        "order-+1 (415) 555-2671",
        "wa:+44.20.7946.0958",
    ],
)
def test_an_international_phone_number_in_an_id_is_hashed(text: str) -> None:
    found = without_person(replace(PLAIN, order=Order(id=text)))

    assert Order(id=veiled(text)) == found.order
    assert (WARNING,) == found.warnings


@pytest.mark.parametrize(
    "text",
    [
        "1+234",
        "A+123456789",
        "0170 1234567",
        "2026-11-21-0001",
        "+12345678",
        "C++ 2026",
    ],
)
def test_what_only_looks_a_little_like_a_number_stays(text: str) -> None:
    event = replace(PLAIN, order=Order(id=text))

    assert event is without_person(event)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("emial", "emial"),
        ("order_id2", "order_id2"),
        ("ada@example.org", "(unprintable)"),
        ("491701234567", "(unprintable)"),
        ("a" * 41, "(unprintable)"),
        ("x123", "(unprintable)"),
        ("", "(unprintable)"),
        (7, "(unprintable)"),
    ],
)
def test_a_field_name_that_may_be_a_value_is_not_told(name: object, told: str) -> None:
    assert told == told_name(name)
