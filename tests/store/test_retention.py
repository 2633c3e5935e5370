from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from forwarder.core.delivery import Encoded, NoticeStatus, Status
from forwarder.store import Store, health, log, outbox, retention
from forwarder.store.inbox import accept
from forwarder.store.log import Filter
from forwarder.store.outbox import Settled, Verdict
from forwarder.store.retention import Retention, Swept, expire, sweep
from forwarder.store.schema import (
    attempts,
    bodies,
    claims,
    deliveries,
    delivery_attempts,
    metadata,
    notices,
    payloads,
    workers,
)
from tests.store.shop import NOW, an_arrival, an_event, take
from tests.store.test_outbox import ANSWER

KEEP = Retention(
    person=timedelta(hours=72), notice=timedelta(days=30), log=timedelta(days=90)
)
NOTHING = Swept(people=0, notices=0, log_lines=0)
DONE = Verdict(status=Status.DELIVERED, outcome="delivered")


def deliver(store: Store, number: int) -> int:
    """Take one event and settle it; return its delivery."""
    take(store, an_event(number))
    claim = outbox.claim(store, "main", "w1", 1, NOW)
    assert claim is not None
    row = claim.rows[0]
    frozen = Encoded(body=b"{}", shown=b"{}")
    outbox.freeze(store, claim, {row.id: (row, frozen)}, NOW)
    outbox.settle(store, claim, [Settled(row=row, verdict=DONE)], ANSWER, NOW)
    return row.id


def count(store: Store, table: sa.Table) -> int:
    with store.read() as connection:
        query = sa.select(sa.func.count()).select_from(table)
        return connection.execute(query).scalar_one()


def held(store: Store) -> None:
    arrival = replace(
        an_arrival(an_event(9)),
        status=NoticeStatus.QUARANTINED,
        events=(),
        skips=(),
    )
    accept(store, arrival)


def test_fresh_things_stay(store: Store) -> None:
    deliver(store, 1)

    assert NOTHING == sweep(store, KEEP, NOW)


def test_people_go_first_and_the_log_stays(store: Store) -> None:
    delivery = deliver(store, 1)
    with store.read() as connection:
        assert connection.execute(sa.select(payloads.c.sealed)).scalar() is not None

    swept = sweep(store, KEEP, NOW + KEEP.person + timedelta(seconds=1))

    assert Swept(people=1, notices=0, log_lines=0) == swept
    story = log.show(store, delivery)
    assert story is not None
    assert ({}, False, 1) == (story.payload, story.is_person_kept, len(story.history))
    with store.read() as connection:
        assert connection.execute(sa.select(payloads.c.sealed)).scalar() is None


def test_what_waits_keeps_its_person(store: Store) -> None:
    take(store, an_event(1))

    assert NOTHING == sweep(store, KEEP, NOW + timedelta(days=29))
    assert 1 == count(store, bodies)


def test_notices_are_cleared_later_but_still_recognised(store: Store) -> None:
    deliver(store, 1)
    later = NOW + KEEP.notice + timedelta(seconds=1)

    assert 1 == sweep(store, KEEP, later).notices
    assert not log.list_notices(store, None)[0].is_kept
    assert 1 == take(store, an_event(1)).duplicates
    assert 0 == sweep(store, KEEP, later).notices


def test_a_quarantined_notice_stays_as_long_as_the_log(store: Store) -> None:
    held(store)

    sweep(store, KEEP, NOW + KEEP.notice + timedelta(days=1))
    assert log.list_notices(store, None)[0].is_kept
    sweep(store, KEEP, NOW + KEEP.log + timedelta(days=1))
    assert [] == log.list_notices(store, None)


def test_in_the_end_nothing_is_left(store: Store) -> None:
    deliver(store, 1)
    held(store)
    health.note_worker(store, "w1", NOW)

    swept = sweep(store, KEEP, NOW + KEEP.log + timedelta(seconds=1))

    assert 1 == swept.log_lines
    kept = [t.name for t in metadata.sorted_tables if count(store, t)]
    assert [] == kept


def test_what_is_not_settled_is_never_forgotten(store: Store) -> None:
    take(store, an_event(1))

    sweep(store, KEEP, NOW + KEEP.log * 2)

    assert (1, 1) == (count(store, deliveries), count(store, bodies))


def test_traces_of_work_go_after_a_day(store: Store) -> None:
    deliver(store, 1)
    health.note_worker(store, "w1", NOW)

    sweep(store, KEEP, NOW + timedelta(days=1, seconds=1))

    assert (0, 0) == (count(store, claims), count(store, workers))
    assert (1, 1) == (count(store, attempts), count(store, delivery_attempts))


def test_a_large_sweep_goes_in_pieces(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "CHUNK", 2)
    for number in range(5):
        deliver(store, number)

    swept = sweep(store, KEEP, NOW + KEEP.log + timedelta(seconds=1))

    assert Swept(people=5, notices=5, log_lines=5) == swept


def test_somebody_set_back_in_between_keeps_its_person(store: Store) -> None:
    first, second = deliver(store, 1), deliver(store, 2)
    with store.write() as connection:
        connection.execute(
            sa.update(deliveries)
            .where(deliveries.c.id == first)
            .values(settled_at=None, status="pending")
        )
        retention._clear_bodies(connection, [first, second])  # noqa: SLF001

    with store.read() as connection:
        kept = connection.execute(sa.select(bodies.c.delivery_id)).scalars().all()
    assert [first] == list(kept)


def test_what_waited_too_long_ends_as_skipped(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "CHUNK", 2)
    old = NOW - timedelta(days=7, seconds=1)
    take(store, *(an_event(number, at=old) for number in range(3)), an_event(8))
    later = NOW + timedelta(minutes=1)

    assert 3 == expire(store, "main", NOW - timedelta(days=7), later)
    assert 0 == expire(store, "main", NOW - timedelta(days=7), later)
    lines = log.list_deliveries(store, Filter(status=Status.SKIPPED)).lines
    assert [("too_old", later)] * 3 == [
        (line.reason, line.settled_at) for line in lines
    ]


def test_what_a_worker_holds_or_another_sends_does_not_expire(store: Store) -> None:
    old = NOW - timedelta(days=8)
    take(store, an_event(1, at=old))
    outbox.claim(store, "main", "w1", 1, NOW)
    take(store, an_event(2, at=old))

    assert 0 == expire(store, "other", NOW, NOW)
    assert 1 == expire(store, "main", NOW - timedelta(days=7), NOW)


def test_notices_of_one_sweep_are_told_apart(store: Store) -> None:
    deliver(store, 1)
    later = NOW + KEEP.log + timedelta(seconds=1)

    assert Swept(people=1, notices=1, log_lines=1) == sweep(store, KEEP, later)
    assert 0 == count(store, notices)
