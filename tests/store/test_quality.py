"""What the pages on set-up and match quality ask the store, on both databases."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
import sqlalchemy as sa

from forwarder.core.delivery import NoticeStatus
from forwarder.core.event import Kind
from forwarder.store import Store, quality
from forwarder.store.inbox import accept
from forwarder.store.latest import first_delivered, latest
from forwarder.store.schema import deliveries, payloads
from tests.store.shop import NOW, an_arrival, an_event, take

DAY = timedelta(days=1)


def settle(store: Store, number: int, status: str, reason: str = "") -> None:
    """End a delivery; what was sent of it is kept, unless it named nobody."""
    notes = {"dropped": [{"field": "phone", "reason": "junk"}], "warnings": []}
    with store.write() as connection:
        values = {"status": status, "reason": reason, "settled_at": NOW}
        of_it = deliveries.c.order_id == str(number)
        connection.execute(
            sa.update(deliveries).where(of_it).values(next_attempt_at=None, **values)
        )
        if reason != quality.NOBODY:
            found = connection.execute(sa.select(deliveries.c.id).where(of_it)).scalar()
            row = {"delivery_id": found, "shown": b"{}", "sealed": None}
            notes_text = msgspec.json.encode(notes)
            connection.execute(sa.insert(payloads), {**row, "notes": notes_text})


def test_an_empty_store_has_nothing_to_judge(store: Store) -> None:
    assert [] == quality.sample(store, NOW - DAY)
    assert latest(store) is None
    assert latest(store, "my-shop") is None
    assert first_delivered(store) is None


def test_the_sample_holds_what_was_sent_and_what_named_nobody(store: Store) -> None:
    take(store, *(an_event(number) for number in range(1, 5)))
    take(store, replace(an_event(5), is_test=True))
    settle(store, 1, "delivered")
    settle(store, 2, "refused", quality.NOBODY)
    settle(store, 3, "skipped", "too_old")
    settle(store, 5, "delivered")
    found = quality.sample(store, NOW - DAY)

    assert [(None, None), (timedelta(0), b"{}")] == [
        (one.way, one.shown) for one in found
    ]
    assert [("phone", "junk")] == found[1].dropped
    assert [] == found[0].dropped
    assert [] == quality.sample(store, NOW + DAY)
    assert [] == quality.sample(store, NOW - DAY, "another")
    assert 2 == len(quality.sample(store, NOW - DAY, "my-shop"))


def test_of_a_busy_endpoint_the_newest_are_looked_at(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quality, "EACH_MAX", 2)
    take(store, *(an_event(number) for number in range(1, 5)))
    for number in range(1, 5):
        settle(store, number, "delivered")
    take(store, an_event(9, Kind.SIGNUP))
    settle(store, 9, "delivered")
    found = quality.sample(store, NOW - DAY)

    assert ["signup", "checkout", "checkout"] == [one.kind for one in found]


def test_the_newest_webhook_of_an_endpoint_comes_with_its_events(store: Store) -> None:
    take(store, an_event(1), an_event(2))
    ignored = replace(
        an_arrival(an_event(3), key="late"),
        events=(),
        skips=(),
        status=NoticeStatus.IGNORED,
        reason="ping",
        endpoint="another",
    )
    accept(store, ignored)
    mine, other = latest(store, "my-shop"), latest(store, "another")

    assert mine is not None
    assert other is not None
    assert ["1", "2"] == [line.order_id for line in mine.lines]
    assert ("ping", []) == (other.notice.reason, other.lines)
    assert other == latest(store)


def test_the_first_delivered_one_is_found(store: Store) -> None:
    take(store, an_event(1), an_event(2))
    assert first_delivered(store) is None
    settle(store, 2, "delivered")

    assert 2 == first_delivered(store)
