import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from forwarder.core.backoff import ATTEMPTS_MAX, WAITS_S
from forwarder.core.delivery import (
    Answer,
    Blocked,
    Deferred,
    Delivered,
    Outcome,
    Refused,
    Skipped,
    Status,
)
from forwarder.core.event import Person
from forwarder.pipeline.drain import drain
from forwarder.pipeline.standing import PROBE_EVERY
from forwarder.pipeline.verdicts import verdict
from forwarder.store import health, log
from forwarder.store.claimed import Claimed
from forwarder.store.log import Filter
from forwarder.store.outbox import LEASE
from forwarder.store.schema import bodies, payloads
from tests.pipeline.stand_in import Bench, each, say
from tests.store.shop import NOW, an_event, take

SERVER_ERROR = Deferred("server_error", "HTTP 500")
AUTH = Blocked("auth", "Authentication failed.")


def test_what_is_due_leaves_in_one_batch_and_is_settled(bench: Bench) -> None:
    take(bench.store, *(an_event(number) for number in range(30)))

    assert 30 == drain(bench.destination, bench.desk())
    assert [30] == [len(batch) for batch in bench.destination.sent]
    assert [("delivered", "")] * 30 == bench.words()


def test_an_empty_queue_calls_nobody(bench: Bench) -> None:
    assert 0 == drain(bench.destination, bench.desk())
    assert [] == bench.destination.sent


def test_a_batch_is_never_larger_than_the_platform_takes(bench: Bench) -> None:
    take(bench.store, *(an_event(number) for number in range(5)))
    bench.destination.max_batch = 2

    assert 5 == drain(bench.destination, bench.desk())
    assert [2, 2, 1] == [len(batch) for batch in bench.destination.sent]


def test_a_call_ends_after_its_number_of_batches(bench: Bench) -> None:
    take(bench.store, *(an_event(number) for number in range(5)))
    bench.destination.max_batch = 1

    assert 2 == drain(bench.destination, bench.desk(), n_batches_max=2)


def test_a_process_that_ends_claims_nothing_more(bench: Bench) -> None:
    take(bench.store, an_event(1))

    assert 0 == drain(bench.destination, bench.desk(is_stopping=True))
    assert [("pending", "")] == bench.words()


def test_each_event_gets_its_own_outcome(bench: Bench) -> None:
    take(bench.store, *(an_event(number) for number in range(4)))
    bench.destination.script = [
        each(
            Delivered("a warning"),
            SERVER_ERROR,
            Refused("invalid", "currency"),
            Skipped("too_old"),
        )
    ]

    assert 4 == drain(bench.destination, bench.desk())
    assert [
        ("delivered", ""),
        ("pending", "server_error"),
        ("refused", "invalid"),
        ("skipped", "too_old"),
    ] == bench.words()
    assert ["a warning", "HTTP 500", "currency", ""] == [
        line.message for line in bench.lines()
    ]


def test_the_history_holds_every_attempt(bench: Bench) -> None:
    take(bench.store, an_event(1))
    bench.destination.script = [say(SERVER_ERROR)]
    drain(bench.destination, bench.desk())
    bench.clock.skip(seconds=36)
    drain(bench.destination, bench.desk())

    assert [("deferred", 500, "auto"), ("delivered", 200, "auto")] == [
        (one.outcome, one.http_status, one.mode) for one in bench.story().history
    ]
    assert [{"field": "phone", "reason": "phone_no_country"}] == bench.story().dropped


@pytest.mark.parametrize(
    ("age", "reason"),
    [(timedelta(minutes=59), ""), (timedelta(minutes=61), "late_offline")],
)
def test_what_comes_over_an_hour_late_is_marked(
    bench: Bench, age: timedelta, reason: str
) -> None:
    take(bench.store, an_event(1, at=NOW - age))
    drain(bench.destination, bench.desk())

    assert [("delivered", reason)] == bench.words()


def test_a_failing_event_follows_the_schedule_to_its_end(bench: Bench) -> None:
    take(bench.store, an_event(1))
    waits_s = []
    for _ in range(ATTEMPTS_MAX):
        bench.destination.script = [say(SERVER_ERROR)]
        started_at = bench.clock.now
        drain(bench.destination, bench.desk())
        next_at = bench.lines()[0].next_attempt_at
        if next_at is not None:
            waits_s.append((next_at - started_at).total_seconds())
            bench.clock.now = next_at

    assert list(WAITS_S) == waits_s
    assert [("refused", "attempts_exhausted")] == bench.words()
    assert [ATTEMPTS_MAX] == [len(bench.destination.sent)]
    assert ATTEMPTS_MAX == len(bench.story().history)


def test_a_worker_that_always_dies_does_not_try_for_ever(bench: Bench) -> None:
    take(bench.store, an_event(1))

    def die(_: Sequence[bytes]) -> Iterable[Answer]:
        raise OSError("killed")

    for _ in range(ATTEMPTS_MAX):
        bench.destination.script = [die]
        with pytest.raises(OSError, match="killed"):
            drain(bench.destination, bench.desk())
        bench.clock.skip(seconds=61)

    assert [("pending", "answer_lost")] == bench.words()
    assert 1 == drain(bench.destination, bench.desk())
    assert [("refused", "attempts_exhausted")] == bench.words()
    assert ATTEMPTS_MAX == len(bench.destination.sent)


def test_what_the_platform_asks_for_wins_over_the_schedule(bench: Bench) -> None:
    take(bench.store, an_event(1))
    later = Deferred("rate_limited", retry_after_s=100.0, counts=False)
    bench.destination.script = [say(later)]

    drain(bench.destination, bench.desk())

    line = bench.lines()[0]
    assert NOW + timedelta(seconds=110) == line.next_attempt_at
    assert 0 == line.attempts


def test_a_pause_holds_the_whole_destination_and_ends_by_itself(bench: Bench) -> None:
    take(bench.store, an_event(1), an_event(2))
    bench.destination.max_batch = 1
    later = Deferred("rate_limited", retry_after_s=60.0, counts=False)
    bench.destination.script = [say(later, pause_s=60.0)]
    drain(bench.destination, bench.desk())
    bench.clock.skip(seconds=59)
    drain(bench.destination, bench.desk())

    assert 1 == len(bench.destination.sent)
    bench.clock.skip(seconds=20)
    assert 2 == drain(bench.destination, bench.desk())
    known = health.health_of(bench.store, "main")
    assert known is not None
    assert health.ACTIVE == known.state


def test_a_blocked_destination_is_asked_every_five_minutes(bench: Bench) -> None:
    take(bench.store, an_event(1))
    bench.destination.script = [say(AUTH), say(AUTH)]
    drain(bench.destination, bench.desk())
    take(bench.store, an_event(2))
    bench.clock.now = NOW + PROBE_EVERY - timedelta(seconds=1)
    drain(bench.destination, bench.desk())

    assert 1 == len(bench.destination.sent)
    assert ["blocked", "blocked"] == [line.status.value for line in bench.lines()]
    bench.clock.now = NOW + PROBE_EVERY
    drain(bench.destination, bench.desk())
    assert [1, 1] == [len(batch) for batch in bench.destination.sent]
    assert [0, 0] == [line.attempts for line in bench.lines()]
    bench.clock.now += PROBE_EVERY
    assert 2 == drain(bench.destination, bench.desk())
    assert ["delivered", "delivered"] == [line.status.value for line in bench.lines()]
    assert [health.ACTIVE] == [known.state for known in health.all_health(bench.store)]


def test_a_new_credential_ends_a_block_at_once(bench: Bench) -> None:
    take(bench.store, an_event(1))
    bench.destination.script = [say(AUTH)]
    drain(bench.destination, bench.desk())
    bench.destination.credential = "token-2"

    assert 1 == drain(bench.destination, bench.desk())
    assert [("delivered", "")] == bench.words()


def test_a_credential_may_change_while_all_is_well(bench: Bench) -> None:
    take(bench.store, an_event(1))
    drain(bench.destination, bench.desk())
    bench.destination.credential = "token-2"
    drain(bench.destination, bench.desk())

    known = health.health_of(bench.store, "main")
    assert known is not None
    assert (health.ACTIVE, "token-2") == (known.state, known.credential)


def test_a_block_says_why(bench: Bench) -> None:
    take(bench.store, an_event(1))
    bench.destination.script = [say(AUTH)]
    drain(bench.destination, bench.desk())

    known = health.health_of(bench.store, "main")
    assert known is not None
    assert ("blocked", "auth", AUTH.message, NOW + PROBE_EVERY) == (
        known.state,
        known.reason,
        known.message,
        known.not_before,
    )


def test_what_is_too_old_or_ahead_of_time_is_never_sent(bench: Bench) -> None:
    take(
        bench.store,
        an_event(1, at=NOW - timedelta(days=7, seconds=1)),
        an_event(2, at=NOW - timedelta(days=7) + timedelta(seconds=1)),
        an_event(3, at=NOW + timedelta(minutes=5, seconds=1)),
        an_event(4, at=NOW + timedelta(minutes=5)),
    )

    assert 4 == drain(bench.destination, bench.desk())
    assert [
        ("skipped", "too_old"),
        ("delivered", "late_offline"),
        ("refused", "in_future"),
        ("delivered", ""),
    ] == bench.words()
    assert [2] == [len(batch) for batch in bench.destination.sent]


def test_what_leaves_again_is_the_same_to_the_byte(bench: Bench) -> None:
    take(bench.store, an_event(1))
    bench.destination.script = [say(SERVER_ERROR)]
    drain(bench.destination, bench.desk())
    bench.destination.version = 2
    bench.clock.skip(minutes=2)
    drain(bench.destination, bench.desk())

    first, second = bench.destination.sent
    assert first == second
    assert b'"version": 1' in first[0]
    assert b"198.51.100.7" in first[0]
    payload = bench.story().payload
    assert payload is not None
    assert "***" == payload["ip"]


def test_one_bad_event_is_refused_alone(bench: Bench) -> None:
    take(
        bench.store,
        an_event(1),
        replace(an_event(2), person=Person()),
        replace(an_event(3), search="raise"),
        an_event(4),
    )

    assert 4 == drain(bench.destination, bench.desk())
    assert [
        ("delivered", ""),
        ("refused", "no_identity"),
        ("refused", "not_readable"),
        ("delivered", ""),
    ] == bench.words()


def test_a_sealed_event_that_does_not_open_is_refused_alone(bench: Bench) -> None:
    take(bench.store, an_event(1), an_event(2))
    with bench.store.write() as connection:
        connection.execute(
            sa.update(bodies)
            .where(bodies.c.delivery_id == bench.lines()[0].id)
            .values(sealed=b"x")
        )

    assert 2 == drain(bench.destination, bench.desk())
    assert [("refused", "not_readable"), ("delivered", "")] == bench.words()


@pytest.mark.parametrize("sealed", [None, b"x"])
def test_bytes_that_cannot_be_made_again_are_refused_alone(
    bench: Bench, sealed: bytes | None
) -> None:
    take(bench.store, an_event(1), an_event(2))
    bench.destination.script = [say(SERVER_ERROR)]
    drain(bench.destination, bench.desk())
    first = bench.lines()[0].id
    with bench.store.write() as connection:
        connection.execute(
            sa.update(payloads)
            .where(payloads.c.delivery_id == first)
            .values(sealed=sealed)
        )
    bench.clock.skip(minutes=1)

    assert 2 == drain(bench.destination, bench.desk())
    assert [("refused", "not_readable"), ("delivered", "")] == bench.words()


def test_an_event_of_nobody_known_by_address_leaves_as_it_is(bench: Bench) -> None:
    event = replace(an_event(1), person=Person(email=("ada@example.org",)))
    take(bench.store, event)
    bench.destination.script = [say(SERVER_ERROR)]
    drain(bench.destination, bench.desk())
    bench.clock.skip(minutes=1)
    drain(bench.destination, bench.desk())

    first, second = bench.destination.sent
    assert first == second


def test_a_worker_that_comes_back_late_changes_nothing(any_bench: Bench) -> None:
    bench = any_bench
    take(bench.store, an_event(1))

    def sleep(batch: Sequence[bytes]) -> Iterable[Answer]:
        bench.clock.skip(seconds=LEASE.total_seconds() + 1)
        assert 1 == drain(bench.destination, bench.desk("w2"))
        yield from say(Refused("invalid"))(batch)

    bench.destination.script = [sleep]

    assert 0 == drain(bench.destination, bench.desk("w1"))
    assert [("delivered", "")] == bench.words()
    first, second = bench.destination.sent
    assert first == second
    told = {one.outcome for one in bench.story().history}
    assert {"cut_off", "delivered", "refused"} == told


def test_the_lease_is_renewed_between_the_requests_of_a_batch(bench: Bench) -> None:
    take(bench.store, an_event(1), an_event(2))

    def slowly(_: Sequence[bytes]) -> Iterable[Answer]:
        bench.clock.skip(seconds=50)
        yield Answer(outcomes=(Delivered(),), n_events=1, http_status=200)
        bench.clock.skip(seconds=50)
        assert 0 == drain(bench.destination, bench.desk("w2"))
        yield Answer(outcomes=(Delivered(),), n_events=1, http_status=200)

    bench.destination.script = [slowly]

    assert 2 == drain(bench.destination, bench.desk("w1"))
    assert 1 == len(bench.destination.sent)


def test_a_request_refused_as_a_whole_stands_in_the_log_without_outcomes(
    bench: Bench,
) -> None:
    take(bench.store, an_event(1))

    def halved(batch: Sequence[bytes]) -> Iterable[Answer]:
        yield Answer(outcomes=(), n_events=len(batch), http_status=400)
        yield from say(Delivered())(batch)

    bench.destination.script = [halved]

    assert 1 == drain(bench.destination, bench.desk())
    assert ["delivered"] == [one.outcome for one in bench.story().history]


def test_a_destination_that_forgets_an_event_is_a_fault_and_loses_nothing(
    bench: Bench,
) -> None:
    take(bench.store, an_event(1), an_event(2))
    bench.destination.script = [each(Delivered())]

    with pytest.raises(RuntimeError, match="fewer events"):
        drain(bench.destination, bench.desk())
    assert [("delivered", ""), ("pending", "")] == bench.words()
    bench.clock.skip(seconds=61)
    assert 1 == drain(bench.destination, bench.desk())
    assert [("delivered", ""), ("delivered", "")] == bench.words()


def test_two_drains_at_once_send_every_event_once(any_bench: Bench) -> None:
    bench = any_bench
    take(bench.store, *(an_event(number) for number in range(200)))
    bench.destination.max_batch = 7
    start = threading.Barrier(2)
    counts: list[int] = []

    def work(name: str) -> None:
        start.wait()
        counts.append(drain(bench.destination, bench.desk(name)))

    threads = [threading.Thread(target=work, args=(name,)) for name in ("w1", "w2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    sent = [body for batch in bench.destination.sent for body in batch]
    assert 200 == sum(counts)
    assert (200, 200) == (len(sent), len(set(sent)))
    assert {"delivered": 200} == log.count_by_status(bench.store, Filter())


def test_a_second_destination_is_not_touched(bench: Bench) -> None:
    take(bench.store, an_event(1))
    bench.destination.name = "main:test"

    assert 0 == drain(bench.destination, bench.desk())
    assert [("pending", "")] == bench.words()


OUTCOMES: list[Outcome] = [
    Delivered(),
    SERVER_ERROR,
    Deferred("rate_limited", retry_after_s=5.0, counts=False),
    Refused("invalid"),
    AUTH,
    Skipped("too_old"),
]


@given(
    outcome=st.sampled_from(OUTCOMES),
    attempts=st.integers(1, ATTEMPTS_MAX),
    jitter=st.floats(0, 1, exclude_max=True),
    age_s=st.integers(0, 604_800),
)
def test_every_outcome_ends_or_has_a_next_time(
    outcome: Outcome, attempts: int, jitter: float, age_s: int
) -> None:
    row = a_row(attempts, NOW - timedelta(seconds=age_s))

    found = verdict(outcome, row, NOW, jitter)

    is_open = found.status is Status.PENDING
    assert is_open == (found.next_attempt_at is not None)
    assert found.next_attempt_at is None or found.next_attempt_at >= NOW
    if isinstance(outcome, Deferred) and outcome.counts:
        assert is_open == (attempts < ATTEMPTS_MAX)
    if isinstance(outcome, Blocked):
        assert is_open
        assert not found.counts


def a_row(attempts: int, occurred_at: datetime) -> Claimed:
    return Claimed(
        id=1,
        event_id="e",
        kind="checkout",
        occurred_at=occurred_at,
        received_at=occurred_at,
        attempts=attempts,
        mode="auto",
        event=None,
        payload=None,
    )
