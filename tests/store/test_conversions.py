"""Conversions by the day they happened: counted once, whoever asks when."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from forwarder.core.event import Event, Kind
from forwarder.store import Store, conversions
from forwarder.store.schema import deliveries, notices
from forwarder.store.schema_conversions import conversion_days
from tests.store.shop import NOW, an_event, take

ON = date(2026, 11, 3)
LATER = NOW + timedelta(hours=1)
DAY = timedelta(days=1)


def at(day: date, hour: int = 23) -> datetime:
    return datetime(day.year, day.month, day.day, hour, 59, tzinfo=UTC)


def events() -> Iterator[Event]:
    """Four conversions on two days; a refund and a test are none."""
    yield an_event(1, at=at(ON, 0))
    yield an_event(2, at=at(ON))
    yield an_event(3, Kind.SIGNUP, at=at(ON + timedelta(1), 0))
    yield an_event(4, Kind.LEAD, at=at(ON + timedelta(1), 0))
    yield an_event(5, Kind.REFUND, at=at(ON))
    yield replace(an_event(6, at=at(ON)), is_test=True)


def kept(store: Store) -> dict[str, int]:
    with store.read() as connection:
        return {row.on_day: row.n for row in connection.execute(_ROWS)}


_ROWS = sa.select(conversion_days).where(conversion_days.c.on_day != "")


def test_they_are_the_same_before_and_after_they_were_counted(store: Store) -> None:
    for event in events():
        take(store, event)
    after = ON + timedelta(1)
    asked = [
        (ON, ON),
        (after, after),
        (ON, after),
        (after + timedelta(1), LATER.date()),
    ]
    before = [conversions.between(store, *days) for days in asked]
    counted = conversions.count(store, LATER)

    assert [2, 2, 4, 0] == before
    assert (1, {"2026-11-03": 2, "2026-11-04": 2}) == (counted, kept(store))
    assert before == [conversions.between(store, *days) for days in asked]
    assert 0 == conversions.count(store, LATER)


def test_each_is_counted_once_in_however_many_steps(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversions, "STEP", 2)
    for event in events():
        take(store, event)

    assert 3 == conversions.count(store, LATER)
    take(store, an_event(7, at=at(ON)))
    assert 3 == conversions.between(store, ON, ON)
    assert 0 == conversions.count(store, NOW)  # a commit may still be on its way
    assert 1 == conversions.count(store, LATER)
    assert {"2026-11-03": 3, "2026-11-04": 2} == kept(store)
    assert 3 == conversions.between(store, ON, ON)


def test_what_a_look_up_may_change_is_not_counted_yet(store: Store) -> None:
    take(store, an_event(1, at=at(ON)))
    take(store, replace(an_event(2, at=at(ON)), enrich="stripe"))
    take(store, an_event(3, at=at(ON)))
    conversions.count(store, LATER)

    assert {"2026-11-03": 1} == kept(store)
    assert 3 == conversions.between(store, ON, ON)
    with store.write() as connection:
        connection.execute(sa.update(deliveries).values(enrich=None))
    conversions.count(store, LATER)
    assert {"2026-11-03": 3} == kept(store)


def test_they_stay_when_the_log_is_cleared(store: Store) -> None:
    for event in events():
        take(store, event)
    conversions.count(store, LATER)
    with store.write() as connection:
        connection.execute(sa.delete(deliveries))

    assert 4 == conversions.between(store, ON, ON + timedelta(1))


def clear(store: Store, before: datetime) -> None:
    """Clear the log as the sweep does."""
    with store.write() as connection:
        for table in (deliveries, notices):
            connection.execute(sa.delete(table).where(table.c.received_at < before))


def test_an_order_that_the_log_forgot_is_not_counted_again(store: Store) -> None:
    take(
        store, an_event(1), an_event(2, at=NOW - 100 * DAY)
    )  # the first, so both are new
    take(store, an_event(3, at=NOW + DAY), at=NOW + DAY)
    conversions.count(store, NOW + 2 * DAY)
    clear(store, NOW + DAY)
    at = NOW + 31 * DAY
    take(store, an_event(1), an_event(4, at=at), at=at)
    days = (NOW.date() - 100 * DAY, at.date())
    before = conversions.between(store, *days)
    conversions.count(store, at + DAY)

    assert 4 == before == conversions.between(store, *days)


def test_the_first_order_after_the_log_was_emptied_is_counted(store: Store) -> None:
    take(store, an_event(1))
    conversions.count(store, LATER)
    clear(store, NOW + DAY)
    take(store, an_event(2, at=NOW + 39 * DAY), at=NOW + 40 * DAY)
    conversions.count(store, NOW + 41 * DAY)

    assert {"2026-11-21": 1, "2026-12-30": 1} == kept(store)
