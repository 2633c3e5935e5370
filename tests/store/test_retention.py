from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from forwarder.core.delivery import Encoded, NoticeStatus, Status
from forwarder.store import (
    Store,
    health,
    log,
    notice_log,
    open_store,
    outbox,
    retention,
)
from forwarder.store.duties import take_duty
from forwarder.store.inbox import accept
from forwarder.store.log import Filter
from forwarder.store.migrate import upgrade
from forwarder.store.outbox import Settled, Verdict
from forwarder.store.retention import Retention, Swept, expire, sweep
from forwarder.store.schema import (
    attempts,
    bodies,
    claims,
    deliveries,
    delivery_attempts,
    duties,
    metadata,
    notices,
    payloads,
    workers,
)
from forwarder.store.schema_jobs import jobs
from forwarder.store.story import show
from tests.store.conftest import KEY
from tests.store.shop import NOW, an_arrival, an_event, take
from tests.store.test_outbox import ANSWER

KEEP = Retention(
    person=timedelta(hours=72),
    notice=timedelta(days=30),
    payload=timedelta(days=40),
    history=timedelta(days=50),
    log=timedelta(days=90),
    repeats=timedelta(days=60),
    jobs=timedelta(days=365),
)
NOTHING = Swept()
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

    assert Swept(people=1) == swept
    story = show(store, delivery)
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
    assert not notice_log.list_notices(store, None)[0].is_kept
    assert 1 == take(store, an_event(1)).duplicates
    assert 0 == sweep(store, KEEP, later).notices


def test_a_quarantined_notice_stays_as_long_as_the_log(store: Store) -> None:
    held(store)

    sweep(store, KEEP, NOW + KEEP.notice + timedelta(days=1))
    assert notice_log.list_notices(store, None)[0].is_kept
    sweep(store, KEEP, NOW + KEEP.log + timedelta(days=1))
    assert [] == notice_log.list_notices(store, None)


def test_in_the_end_nothing_is_left(store: Store) -> None:
    deliver(store, 1)
    held(store)
    health.note_worker(store, "w1", NOW)

    swept = sweep(store, KEEP, NOW + KEEP.log + timedelta(seconds=1))

    assert 1 == swept.log_lines
    kept = [t.name for t in metadata.sorted_tables if count(store, t)]
    assert [] == kept


def test_a_number_is_never_given_twice(store: Store) -> None:
    first = deliver(store, 1)
    sweep(store, KEEP, NOW + KEEP.log + timedelta(seconds=1))
    second = deliver(store, 2)

    assert first < second
    with store.read() as connection:
        assert connection.scalar(sa.select(deliveries.c.notice_id)) == 2
        assert connection.scalar(sa.select(delivery_attempts.c.attempt_id)) == 2


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

    assert Swept(people=5, notices=5, payloads=5, history=5, log_lines=5) == swept


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

    assert Swept(people=1, notices=1, payloads=1, history=1, log_lines=1) == sweep(
        store, KEEP, later
    )
    assert 0 == count(store, notices)


def test_each_thing_has_a_time_of_its_own(store: Store) -> None:
    """People after 3 days, webhooks 30, payloads 40, history 50, repeats 60, log 90."""
    deliver(store, 1)
    found = []
    for days in (2, 4, 31, 41, 51, 61, 91):
        swept = sweep(store, KEEP, NOW + timedelta(days=days))
        found.append((swept, count(store, notices), count(store, attempts)))

    assert [
        (NOTHING, 1, 1),
        (Swept(people=1), 1, 1),
        (Swept(notices=1), 1, 1),
        (Swept(payloads=1), 1, 1),
        (Swept(history=1), 1, 0),
        (NOTHING, 0, 0),
        (Swept(log_lines=1), 0, 0),
    ] == found


def test_what_waits_again_keeps_its_payload_and_history(store: Store) -> None:
    delivery = deliver(store, 1)
    with store.write() as connection:
        connection.execute(
            sa.update(deliveries).values(settled_at=None, status="pending")
        )

    sweep(store, KEEP, NOW + timedelta(days=89))

    story = show(store, delivery)
    assert story is not None
    assert ({}, True) == (story.payload, story.is_person_kept)


def test_old_duties_and_jobs_are_forgotten(store: Store) -> None:
    take_duty(store, "sweep", "this", NOW)
    take_duty(store, "month", "2026-11", NOW)
    job = {column.name: "" for column in jobs.columns if column.name != "id"}
    numbers = ("n_planned", "n_done", "cursor", "last_id", "turn")
    job |= dict.fromkeys(numbers, 0) | {"rate_per_s": None, "lease_until": None}
    times = {"created_at": NOW, "started_at": NOW, "not_before": NOW}
    with store.write() as connection:
        connection.execute(sa.insert(jobs), job | times | {"ended_at": NOW})
        connection.execute(sa.insert(jobs), job | times | {"ended_at": None})

    sweep(store, KEEP, NOW + timedelta(days=2))
    assert (1, 2) == (count(store, duties), count(store, jobs))
    sweep(store, KEEP, NOW + timedelta(days=366))
    assert (0, 1) == (count(store, duties), count(store, jobs))  # one is at work still


def test_what_was_cleared_is_not_in_the_file_any_more(sqlite_url: str) -> None:
    """Not even sealed: the bytes themselves are gone from the file and its log."""
    store = open_store(sqlite_url, [KEY])
    upgrade(store)
    for number in range(30):
        big = an_arrival(an_event(number), body=b"%d" % number * 4_000)
        accept(store, big)
    claim = outbox.claim(store, "main", "w1", 50, NOW)
    assert claim is not None
    shown = {
        row.id: Encoded(body=b"", shown=b'{"n": "%d"}' % row.id * 9)
        for row in claim.rows
    }
    outbox.freeze(store, claim, {r.id: (r, shown[r.id]) for r in claim.rows}, NOW)
    settled = [Settled(row=row, verdict=DONE) for row in claim.rows]
    outbox.settle(store, claim, settled, ANSWER, NOW)
    with store.read() as connection:
        columns = (
            notices.c.sealed,
            bodies.c.sealed,
            payloads.c.sealed,
            payloads.c.shown,
        )
        kept = [
            bytes(one)
            for c in columns
            for one in connection.execute(sa.select(c)).scalars()
        ]
    before = _on_disk(sqlite_url)

    sweep(store, KEEP, NOW + timedelta(days=45))
    after = _on_disk(sqlite_url)
    store.close()

    assert 120 == len(kept)
    assert {True} == {part in before for part in _parts(kept)}
    assert {False} == {part in after for part in _parts(kept)}


def _parts(kept: list[bytes]) -> list[bytes]:
    """A large value lies in several pages: its head and its middle."""
    return [one[at : at + 40] for one in kept for at in (20, len(one) // 2)]


def _on_disk(sqlite_url: str) -> bytes:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    return b"".join(
        one.read_bytes() for one in sorted(file.parent.glob(f"{file.name}*"))
    )


def test_a_reader_does_not_stop_the_sweep(sqlite_url: str) -> None:
    store = open_store(sqlite_url, [KEY])
    upgrade(store)
    deliver(store, 1)
    with store.read() as connection:
        connection.execute(sa.select(notices.c.id)).all()
        swept = sweep(store, KEEP, NOW + timedelta(days=4))

    assert Swept(people=1) == swept
    store.close()
