"""Invented notices and events for the tests of store and pipeline."""

from datetime import UTC, datetime
from decimal import Decimal

from forwarder.core.delivery import NoticeStatus
from forwarder.core.event import Event, Kind, Money, Notice, Order, Person
from forwarder.store import Store
from forwarder.store.arrival import Arrival
from forwarder.store.health import Health, write_health
from forwarder.store.inbox import Receipt, accept

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def an_event(
    number: int, kind: Kind = Kind.CHECKOUT, at: datetime = NOW, *, value: str = "29.35"
) -> Event:
    return Event(
        event_id=f"shopify:my-shop:{number}:{kind.value}",
        kind=kind,
        occurred_at=at,
        person=Person(
            email=(f"ada{number}@example.org",), ip="198.51.100.7", user_agent="UA/1"
        ),
        order=Order(id=str(number), value=Money(amount=Decimal(value), currency="EUR")),
    )


def an_arrival(
    *events: Event,
    key: str = "",
    at: datetime = NOW,
    body: bytes = b"{}",
    destination: str = "main",
) -> Arrival:
    return Arrival(
        endpoint="my-shop",
        source="shopify",
        destination=destination,
        delivery_key=key or f"key of {events[0].event_id}",
        notice=Notice(headers={"x-topic": "orders/paid"}, body=body),
        received_at=at,
        status=NoticeStatus.ACCEPTED,
        events=events,
        skips=["" for _ in events],
    )


def take(store: Store, *events: Event, at: datetime = NOW) -> Receipt:
    return accept(store, an_arrival(*events, at=at))


def note_health(store: Store, health: Health) -> None:
    """Replace what is known of a destination."""
    with store.write() as connection:
        write_health(store, connection, health)
