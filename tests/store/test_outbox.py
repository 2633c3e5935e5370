import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from forwarder.core.delivery import Answer, Delivered, Encoded, Status
from forwarder.store import Store, log, outbox
from forwarder.store.log import Filter
from forwarder.store.outbox import LEASE, Claim, Settled, Verdict
from forwarder.store.schema import bodies, deliveries
from forwarder.store.story import show
from tests.store.conftest import KEY
from tests.store.shop import NOW, an_event, take

DONE = Verdict(status=Status.DELIVERED, outcome="delivered")
ANSWER = Answer(outcomes=(Delivered(),), n_events=1, http_status=200, duration_ms=5)


def claimed(store: Store, n_max: int = 1000, seconds: float = 0) -> Claim:
    at = NOW + timedelta(seconds=seconds)
    claim = outbox.claim(store, "main", "w1", n_max, at)
    assert claim is not None
    return claim


def settle_all(store: Store, claim: Claim, verdict: Verdict = DONE) -> int:
    settled = [Settled(row=row, verdict=verdict) for row in claim.rows]
    return outbox.settle(store, claim, settled, ANSWER, NOW)


def test_a_claim_takes_what_is_due_and_opens_it(store: Store) -> None:
    take(store, an_event(1), an_event(2))

    claim = claimed(store)

    assert [an_event(1), an_event(2)] == [row.event for row in claim.rows]
    assert [1, 1] == [row.attempts for row in claim.rows]


def test_nothing_is_claimed_twice(store: Store) -> None:
    take(store, *(an_event(number) for number in range(30)))

    first, second = claimed(store, 20), claimed(store, 20)

    assert (20, 10) == (len(first.rows), len(second.rows))
    assert not {r.id for r in first.rows} & {r.id for r in second.rows}
    assert outbox.claim(store, "main", "w1", 20, NOW) is None


def test_another_destination_is_left_alone(store: Store) -> None:
    take(store, an_event(1))

    assert outbox.claim(store, "main:test", "w1", 10, NOW) is None


def test_what_is_settled_is_not_claimed_again(store: Store) -> None:
    take(store, an_event(1))
    claim = claimed(store)

    assert 1 == settle_all(store, claim)
    assert outbox.claim(store, "main", "w1", 10, NOW + LEASE * 2) is None
    story = show(store, claim.rows[0].id)
    assert story is not None
    assert (Status.DELIVERED, NOW) == (story.line.status, story.line.settled_at)
    assert [("delivered", 200, 5, 1, "auto")] == [
        (e.outcome, e.http_status, e.duration_ms, e.n_events, e.mode)
        for e in story.history
    ]


def test_a_dead_workers_rows_come_back_with_the_lease(store: Store) -> None:
    take(store, an_event(1))
    claimed(store)

    assert outbox.claim(store, "main", "w2", 10, NOW + LEASE / 2) is None
    again = claimed(store, seconds=LEASE.total_seconds() + 1)
    assert 2 == again.rows[0].attempts
    line = log.list_deliveries(store, Filter()).lines[0]
    assert "answer_lost" == line.reason


def test_an_attempt_that_was_cut_off_has_a_line_in_the_history(store: Store) -> None:
    take(store, an_event(1), an_event(2))
    claimed(store)
    again = claimed(store, seconds=LEASE.total_seconds() + 1)
    settle_all(store, again)
    story = show(store, again.rows[0].id)

    assert story is not None
    assert [("cut_off", None, 2), ("delivered", 200, 1)] == [
        (one.outcome, one.http_status, one.n_events) for one in story.history
    ]
    assert story.history[0].message.startswith("worker w1 took it at ")
    assert ("", 2) == (story.line.message, story.line.attempts)


def test_who_comes_back_late_settles_nothing(store: Store) -> None:
    take(store, an_event(1))
    late = claimed(store)
    newer = claimed(store, seconds=LEASE.total_seconds() + 1)

    assert newer.id > late.id
    assert 0 == settle_all(store, late, replace(DONE, status=Status.REFUSED))
    assert 1 == settle_all(store, newer)
    line = log.list_deliveries(store, Filter()).lines[0]
    assert Status.DELIVERED == line.status


def test_a_heartbeat_keeps_the_rows(store: Store) -> None:
    take(store, an_event(1))
    claim = claimed(store)

    outbox.extend(store, claim, NOW + LEASE / 2)

    assert outbox.claim(store, "main", "w2", 10, NOW + LEASE * 1.2) is None


def test_a_foreign_heartbeat_renews_nothing(store: Store) -> None:
    take(store, an_event(1))
    late = claimed(store)
    claimed(store, seconds=LEASE.total_seconds() + 1)

    outbox.extend(store, late, NOW + LEASE * 10)

    assert outbox.claim(store, "main", "w3", 10, NOW + LEASE * 3) is not None


def test_what_was_frozen_first_is_what_leaves(store: Store) -> None:
    take(store, an_event(1))
    claim = claimed(store)
    row = claim.rows[0]
    first = Encoded(body=b'{"a":1}', shown=b'{"a":"masked"}')
    second = Encoded(body=b'{"a":2}', shown=b'{"a":"other"}')

    outbox.freeze(store, claim, {row.id: (row, first)}, NOW)
    outbox.freeze(store, claim, {row.id: (row, second)}, NOW)

    again = claimed(store, seconds=LEASE.total_seconds() + 1).rows[0]
    assert again.event is None
    assert again.payload is not None
    assert (b'{"a":"masked"}', "198.51.100.7", "UA/1") == (
        again.payload.shown,
        again.payload.ip,
        again.payload.user_agent,
    )


def test_one_row_that_does_not_open_stops_no_other(store: Store) -> None:
    take(store, an_event(1), an_event(2))
    with store.write() as connection:
        first = connection.execute(
            sa.select(sa.func.min(bodies.c.delivery_id))
        ).scalar()
        connection.execute(
            sa.update(bodies).where(bodies.c.delivery_id == first).values(sealed=b"x")
        )

    rows = claimed(store).rows

    assert [None, an_event(2)] == [row.event for row in rows]


def test_a_deferred_row_waits_for_its_time(store: Store) -> None:
    take(store, an_event(1))
    later = Verdict(
        status=Status.PENDING,
        outcome="deferred",
        reason="server_error",
        next_attempt_at=NOW + timedelta(seconds=30),
    )
    settle_all(store, claimed(store), later)

    assert outbox.claim(store, "main", "w1", 1, NOW + timedelta(seconds=29)) is None
    assert 2 == claimed(store, seconds=31).rows[0].attempts


def test_what_is_not_its_fault_costs_no_attempt(store: Store) -> None:
    take(store, an_event(1))
    later = Verdict(
        status=Status.PENDING,
        outcome="deferred",
        reason="rate_limited",
        next_attempt_at=NOW,
        counts=False,
    )
    for _ in range(3):
        settle_all(store, claimed(store), later)

    assert 1 == claimed(store).rows[0].attempts


def test_a_claim_uses_the_index_of_due_rows(store: Store) -> None:
    prefix = "EXPLAIN QUERY PLAN " if store.is_sqlite else "EXPLAIN "
    statement = str(
        sa.select(deliveries.c.id)
        .where(
            sa.text("status = 'pending'"),
            deliveries.c.enrich.is_(None),
            deliveries.c.destination == "main",
            deliveries.c.mode == "auto",
            deliveries.c.next_attempt_at <= NOW,
        )
        .order_by(deliveries.c.next_attempt_at)
        .limit(10)
        .compile(store.engine, compile_kwargs={"literal_binds": True})
    )
    with store.read() as connection:
        connection.exec_driver_sql("SELECT 1")
        if not store.is_sqlite:
            connection.exec_driver_sql("SET enable_seqscan = off")
        rows = connection.exec_driver_sql(prefix + statement).all()

    assert "deliveries_due" in str(rows)


RACER = """
import sys
from datetime import UTC, datetime
from forwarder.store import open_store, outbox
store = open_store(sys.argv[1], [sys.argv[2]])
now = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
print("ready", flush=True)
sys.stdin.readline()
while claim := outbox.claim(store, "main", sys.argv[3], 7, now):
    for row in claim.rows:
        print(row.id, flush=True)
"""


@pytest.mark.parametrize("n_racers", [2, 4])
def test_racing_processes_never_share_a_row(
    store: Store, database_url: str, n_racers: int
) -> None:
    take(store, *(an_event(number) for number in range(300)))
    racers = [
        subprocess.Popen(  # noqa: S603  our own interpreter
            [sys.executable, "-c", RACER, database_url, KEY, f"w{number}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=dict(os.environ),
        )
        for number in range(n_racers)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert "ready\n" == racer.stdout.readline()
    outputs = [racer.communicate("go\n", timeout=60)[0] for racer in racers]

    ids = [int(line) for output in outputs for line in output.split()]
    assert 300 == len(ids)
    assert 300 == len(set(ids))
