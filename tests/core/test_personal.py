from dataclasses import replace
from datetime import UTC, datetime

from forwarder.core.event import Event, Item, Kind, Order, Person
from forwarder.core.personal import WARNING, veiled, without_email

PLAIN = Event(
    event_id="own-1",
    kind=Kind.CHECKOUT,
    occurred_at=datetime(2026, 11, 21, tzinfo=UTC),
    person=Person(email=("ada@example.org",)),
    order=Order(id="1", items=(Item(id="mug", name="Mug @ home", quantity=2),)),
)


def test_an_event_without_addresses_stays_as_it_is() -> None:
    assert PLAIN is without_email(PLAIN)


def test_an_address_in_an_id_is_hashed_the_same_every_time() -> None:
    event = replace(
        PLAIN, event_id="news-ada@example.org", order=Order(id="ada@example.org")
    )

    found = without_email(event)

    assert veiled("news-ada@example.org") == found.event_id
    assert Order(id=veiled("ada@example.org")) == found.order
    assert (WARNING,) == found.warnings
    assert PLAIN.person == found.person
    assert found.event_id == without_email(event).event_id


def test_an_address_in_a_description_is_left_out() -> None:
    item = Item(id="gift", name="Gift card for ada@example.org", quantity=1)

    found = without_email(replace(PLAIN, order=Order(id="1", items=(item,))))

    assert Order(id="1", items=(Item(id="gift", quantity=1),)) == found.order


def test_an_event_without_order_is_veiled_too() -> None:
    found = without_email(replace(PLAIN, event_id="ada@example.org", order=None))

    assert "ada" not in found.event_id
    assert found.order is None
