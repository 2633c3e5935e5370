import threading
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from forwarder.core.delivery import NoticeStatus, Status
from forwarder.core.event import Kind
from forwarder.store import Store, log, notice_log
from forwarder.store.inbox import Receipt, accept
from forwarder.store.log import Filter
from forwarder.store.quarantine import held_notices
from forwarder.store.schema import bodies, deliveries, notices
from forwarder.store.seal import Unopenable
from forwarder.store.writer import StoreDown
from tests.store.shop import NOW, an_arrival, an_event, take


def test_a_notice_and_its_events_are_written_down(store: Store) -> None:
    receipt = take(store, an_event(1), an_event(2))

    assert (2, 0) == (receipt.accepted, receipt.duplicates)
    lines = log.list_deliveries(store, Filter()).lines
    assert ["2", "1"] == [line.order_id for line in lines]
    assert {Status.PENDING} == {line.status for line in lines}
    assert {(2935, "EUR")} == {(line.value_minor, line.currency) for line in lines}


def test_the_same_notice_twice_is_one(store: Store) -> None:
    first = take(store, an_event(1))
    again = take(store, an_event(1))

    assert Receipt(notice_id=first.notice_id, duplicates=1) == again
    assert {"pending": 1} == log.count_by_status(store, Filter())
    assert 1 == notice_log.count_notices(store)["duplicate"]


def test_the_same_key_with_another_body_is_flagged_and_kept_beside(
    store: Store,
) -> None:
    first = accept(store, an_arrival(an_event(1), key="k"))
    for body in (b"another", b"another", b"a third"):
        receipt = accept(store, an_arrival(an_event(2), key="k", body=body))

    kept, story = notice_log.list_notices(store, None)
    assert (first.notice_id, 1, 0) == (
        receipt.notice_id,
        receipt.duplicates,
        receipt.accepted,
    )
    assert (first.notice_id, True, 3, kept.id) == (
        story.id,
        story.is_conflict,
        story.n_duplicates,
        story.conflict_id,
    )
    assert (NoticeStatus.DUPLICATE, True, f"webhook {first.notice_id}") == (
        kept.status,
        kept.is_kept,
        kept.reason[-len(f"webhook {first.notice_id}") :],
    )
    assert {"pending": 1} == log.count_by_status(store, Filter())
    assert (1, 3) == tuple(
        notice_log.count_notices(store)[word] for word in ("accepted", "duplicate")
    )


def test_one_order_in_two_notices_is_one_delivery(store: Store) -> None:
    accept(store, an_arrival(an_event(1), key="orders/create"))
    second = accept(store, an_arrival(an_event(1), key="orders/paid"))

    assert (0, 1) == (second.accepted, second.duplicates)
    told = notice_log.list_notices(store, None)[0]
    assert (NoticeStatus.DUPLICATE, True) == (told.status, told.is_kept)
    assert "all in it was told before, by webhook 1" == told.reason


def test_one_order_of_two_kinds_is_two_deliveries(store: Store) -> None:
    event = an_event(1)
    twin = replace(event, kind=Kind.SIGNUP)

    assert 2 == take(store, event, twin).accepted


def test_two_destinations_each_get_the_event(store: Store) -> None:
    accept(store, an_arrival(an_event(1), key="a"))
    other = accept(store, an_arrival(an_event(1), key="b", destination="main:test"))

    assert 1 == other.accepted


def test_a_skipped_event_is_settled_at_once(store: Store) -> None:
    arrival = replace(an_arrival(an_event(1)), skips=["test_order"])
    accept(store, arrival)

    line = log.list_deliveries(store, Filter()).lines[0]
    assert (Status.SKIPPED, "test_order", NOW, None) == (
        line.status,
        line.reason,
        line.settled_at,
        line.next_attempt_at,
    )


@pytest.mark.parametrize(
    ("kind", "value", "status"),
    [
        (Kind.CANCEL, "29.35", Status.SKIPPED),
        (Kind.REFUND, "29.35", Status.SKIPPED),
        (Kind.REFUND, "5.00", Status.PENDING),
    ],
)
def test_a_sale_that_still_waits_ends_with_its_cancellation(
    store: Store, kind: Kind, value: str, status: Status
) -> None:
    take(store, an_event(1))
    arrival = replace(an_arrival(an_event(1, kind, value=value)), skips=["not_mapped"])
    accept(store, arrival)

    sale = log.list_deliveries(store, Filter(kind="checkout")).lines[0]
    assert status == sale.status


def test_many_threads_at_once_lose_and_double_nothing(store: Store) -> None:
    receipts: list[Receipt] = []

    def send(numbers: range) -> None:
        receipts.extend(take(store, an_event(number)) for number in numbers)

    threads = [
        threading.Thread(target=send, args=(range(start, start + 40),))
        for start in (0, 0, 20, 40)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 80 == sum(receipt.accepted for receipt in receipts)
    assert 80 == sum(receipt.duplicates for receipt in receipts)
    assert {"pending": 80} == log.count_by_status(store, Filter())


def test_one_bad_notice_does_not_fail_its_neighbours(store: Store) -> None:
    bad = replace(an_arrival(an_event(1)), reason=None)  # type: ignore[arg-type]

    with pytest.raises(StoreDown):
        accept(store, bad)
    assert 1 == take(store, an_event(2)).accepted


def test_nothing_of_a_person_rests_in_clear(store: Store) -> None:
    take(store, an_event(1))

    with store.read() as connection:
        found = [
            str(row)
            for table in (notices, deliveries, bodies)
            for row in connection.execute(sa.select(table)).all()
        ]
    assert "ada1@" not in " ".join(found)
    assert "198.51.100.7" not in " ".join(found)


def test_a_sealed_value_does_not_open_in_another_row(store: Store) -> None:
    sealed = store.sealer.seal(b"someone", "notice\na\n1", NOW)

    assert b"someone" == store.sealer.open(sealed, "notice\na\n1")
    with pytest.raises(Unopenable):
        store.sealer.open(sealed, "notice\na\n2")


def test_a_quarantined_notice_is_held_as_it_came(store: Store) -> None:
    arrival = replace(
        an_arrival(an_event(1), body=b"\xff"),
        status=NoticeStatus.QUARANTINED,
        reason="not JSON",
        events=(),
        skips=(),
    )
    receipt = accept(store, arrival)

    held = held_notices(store)[0]
    assert (1, receipt.notice_id) == (receipt.quarantined, held.id)
    assert held.notice is not None
    assert (b"\xff", {"x-topic": "orders/paid"}) == (
        held.notice.body,
        held.notice.headers,
    )


def test_pages_follow_one_another_without_gap(store: Store) -> None:
    take(store, *(an_event(number) for number in range(25)))

    seen: list[str | None] = []
    page = log.list_deliveries(store, Filter(), 10)
    seen += [line.order_id for line in page.lines]
    while page.next_id is not None:
        page = log.list_deliveries(store, Filter(before_id=page.next_id), 10)
        seen += [line.order_id for line in page.lines]

    assert [str(number) for number in reversed(range(25))] == seen


def test_filters_narrow_the_log(store: Store) -> None:
    take(store, an_event(1))
    take(store, an_event(2, Kind.SIGNUP), at=NOW + timedelta(hours=1))

    def found(**wanted: object) -> int:
        return len(log.list_deliveries(store, Filter(**wanted)).lines)  # type: ignore[arg-type]

    assert 1 == found(kind="signup")
    assert 1 == found(order_id="1")
    assert 1 == found(since=NOW + timedelta(minutes=1))
    assert 1 == found(until=NOW + timedelta(minutes=1))
    assert 2 == found(status=Status.PENDING)
    assert 0 == found(status=Status.REFUSED)
