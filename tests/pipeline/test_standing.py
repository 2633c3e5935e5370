from dataclasses import replace
from datetime import timedelta

import pytest

from forwarder.core.delivery import Answer, Blocked, Deferred, Delivered, Refused
from forwarder.core.event import Person
from forwarder.pipeline.drain import drain
from forwarder.pipeline.overview import PAUSED, Place, overview, pause, resume
from forwarder.pipeline.standing import (
    FAILURES_MAX,
    LIMITED_FIRST,
    OPEN_FIRST,
    OPEN_MAX,
    PROBE_EVERY,
)
from forwarder.store import audit, health, outbox
from tests.pipeline.stand_in import Bench, Reply, each, say
from tests.store.shop import NOW, an_event, take

SERVER_ERROR = Deferred("server_error", "HTTP 503")
AUTH = Blocked("auth", "Authentication failed.")
LIMITED = Deferred("rate_limited", "slow down", counts=False)


def place(bench: Bench) -> Place:
    (found,) = overview(bench.store, [bench.destination], bench.clock())
    return found


def fail(bench: Bench, n: int) -> None:
    """Let n requests of one event each fail, one after the other."""
    bench.destination.script += [say(SERVER_ERROR)] * n
    drain(bench.destination, bench.desk())


def limited(http_status: int | None = 429, pause_s: float | None = None) -> Reply:
    return lambda batch: [
        Answer(
            outcomes=(LIMITED,) * len(batch),
            n_events=len(batch),
            http_status=http_status,
            pause_s=pause_s,
        )
    ]


@pytest.fixture
def broken(bench: Bench) -> Bench:
    """A platform that has failed until it was left alone; eight events wait."""
    take(bench.store, *(an_event(number) for number in range(8)))
    bench.destination.max_batch = 1
    fail(bench, FAILURES_MAX)
    bench.destination.sent.clear()
    return bench


def test_a_platform_that_fails_again_and_again_is_left_alone(broken: Bench) -> None:
    found = place(broken)

    assert ("open", "open", "server_error", NOW + OPEN_FIRST) == (
        found.state,
        found.breaker,
        found.reason,
        found.until,
    )
    broken.clock.skip(seconds=29)
    drain(broken.destination, broken.desk())
    assert [] == broken.destination.sent
    assert [1] * 5 + [0] * 3 == [line.attempts for line in broken.lines()]


def test_one_event_asks_and_a_yes_lets_all_go(broken: Bench) -> None:
    broken.destination.max_batch = 1000
    broken.clock.now = NOW + OPEN_FIRST
    drain(broken.destination, broken.desk())

    assert 1 == len(broken.destination.sent[0])
    assert ("active", "closed", None) == (
        place(broken).state,
        place(broken).breaker,
        place(broken).until,
    )
    broken.clock.skip(minutes=2)
    drain(broken.destination, broken.desk())
    assert {"delivered"} == {line.status.value for line in broken.lines()}


def test_a_no_doubles_the_wait_and_uses_up_no_attempt(broken: Bench) -> None:
    waits = []
    for _ in range(6):
        until = place(broken).until
        assert until is not None
        broken.clock.now = until
        fail(broken, 1)
        after = place(broken).until
        assert after is not None
        waits.append(after - until)

    assert [60, 120, 240, 300, 300, 300] == [wait.total_seconds() for wait in waits]
    assert OPEN_MAX == waits[-1]
    assert [1] * 6 == [len(batch) for batch in broken.destination.sent]
    assert [1] * 5 + [0] * 3 == [line.attempts for line in broken.lines()]


def test_a_refusal_is_an_answer_too(broken: Bench) -> None:
    broken.clock.now = NOW + OPEN_FIRST
    broken.destination.script = [each(Refused("invalid"))]
    drain(broken.destination, broken.desk())

    assert "active" == place(broken).state


def test_only_one_of_many_workers_asks(broken: Bench) -> None:
    broken.clock.now = NOW + OPEN_FIRST

    def look(batch: object) -> list[Answer]:
        del batch
        assert "half_open" == place(broken).state
        assert 0 == drain(broken.destination, broken.desk("w2"))
        return [Answer(outcomes=(Delivered(),), n_events=1, http_status=200)]

    broken.destination.script = [look]
    drain(broken.destination, broken.desk("w1"))

    assert "active" == place(broken).state


def test_who_died_while_asking_is_followed_by_another(broken: Bench) -> None:
    broken.clock.now = NOW + OPEN_FIRST

    def die(_: object) -> list[Answer]:
        raise OSError("killed")

    broken.destination.script = [die]
    with pytest.raises(OSError, match="killed"):
        drain(broken.destination, broken.desk())
    drain(broken.destination, broken.desk())
    assert 1 == len(broken.destination.sent)
    broken.clock.now += outbox.LEASE
    drain(broken.destination, broken.desk())

    assert "active" == place(broken).state


def test_events_that_never_leave_hold_up_no_question(broken: Bench) -> None:
    nobody = [replace(an_event(number), person=Person()) for number in (20, 21, 22)]
    take(broken.store, *nobody, at=NOW - timedelta(seconds=1))
    broken.clock.now = NOW + OPEN_FIRST
    drain(broken.destination, broken.desk())

    assert [("refused", "no_identity")] * 3 == broken.words()[8:]
    assert "active" == place(broken).state


def test_a_question_that_nothing_was_due_for_is_asked_later(broken: Bench) -> None:
    broken.clock.now = NOW + OPEN_FIRST
    claimed = outbox.claim(broken.store, "main", "w2", 8, broken.clock())
    drain(broken.destination, broken.desk())

    assert claimed is not None
    assert (8, []) == (len(claimed.rows), broken.destination.sent)
    assert ("half_open", broken.clock()) == (
        place(broken).state,
        place(broken).until,
    )


def test_now_and_then_a_failure_is_no_illness(bench: Bench) -> None:
    take(bench.store, *(an_event(number) for number in range(4)))
    bench.destination.max_batch = 1
    fail(bench, FAILURES_MAX - 1)
    assert "active" == place(bench).state
    bench.clock.skip(minutes=6)
    fail(bench, 1)

    assert "active" == place(bench).state


def test_what_one_event_is_told_is_no_failure_of_the_platform(bench: Bench) -> None:
    take(bench.store, *(an_event(number) for number in range(8)))
    bench.destination.max_batch = 1
    bench.destination.script = [say(Deferred("rejected_for_now", "later"))] * 8
    drain(bench.destination, bench.desk())

    assert "active" == place(bench).state


def test_one_event_that_makes_the_platform_fail_stops_no_other(broken: Bench) -> None:
    poison = b"shopify:my-shop:5:"
    broken.destination.max_batch = 1000

    def poisoned(batch: list[bytes]) -> list[Answer]:
        is_bad = any(poison in body for body in batch)
        outcome = SERVER_ERROR if is_bad else Delivered()
        return [Answer(outcomes=(outcome,) * len(batch), n_events=len(batch))]

    broken.destination.script = [poisoned] * 90
    for _ in range(240):
        broken.clock.skip(minutes=1)
        drain(broken.destination, broken.desk())

    left = [line.order_id for line in broken.lines() if line.status.value == "pending"]
    assert ["5"] == left
    assert "active" == place(broken).state


def test_a_429_that_says_nothing_doubles_from_a_minute(bench: Bench) -> None:
    take(bench.store, an_event(1))
    waits = []
    for _ in range(3):
        bench.destination.script = [limited()]
        drain(bench.destination, bench.desk())
        assert "rate_limited" == place(bench).state
        until = place(bench).until
        assert until is not None
        waits.append(until - bench.clock.now)
        bench.clock.now = until

    assert [LIMITED_FIRST, LIMITED_FIRST * 2, LIMITED_FIRST * 4] == waits
    assert "active" == place(bench).state
    drain(bench.destination, bench.desk())
    assert [("delivered", "", 1)] == [
        (line.status.value, line.reason, line.attempts) for line in bench.lines()
    ]


def test_a_pause_asked_for_while_blocked_leaves_it_blocked(bench: Bench) -> None:
    take(bench.store, an_event(1))
    bench.destination.script = [say(AUTH), limited(pause_s=900)]
    drain(bench.destination, bench.desk())
    bench.clock.now += PROBE_EVERY
    drain(bench.destination, bench.desk())

    assert ("blocked", bench.clock.now + timedelta(minutes=15)) == (
        place(bench).state,
        place(bench).until,
    )


def test_a_new_credential_closes_the_breaker(broken: Bench) -> None:
    broken.destination.credential = "token-2"
    drain(broken.destination, broken.desk())

    assert "active" == place(broken).state


def test_a_paused_destination_keeps_everything(bench: Bench) -> None:
    take(bench.store, an_event(1))

    assert pause(bench.store, "main", "anna", "a test", NOW)
    assert not pause(bench.store, "main", "ben", "again", NOW)
    assert 0 == drain(bench.destination, bench.desk())
    assert (PAUSED, "a test", "anna", None, 1) == (
        place(bench).state,
        place(bench).reason,
        place(bench).paused_by,
        place(bench).until,
        place(bench).n_pending,
    )
    assert [("pending", "")] == bench.words()
    bench.destination.credential = "token-2"
    assert 0 == drain(bench.destination, bench.desk())
    assert resume(bench.store, "main", "anna", NOW)
    assert not resume(bench.store, "main", "anna", NOW)
    assert 1 == drain(bench.destination, bench.desk())


def test_resuming_tries_what_is_blocked_at_once(bench: Bench) -> None:
    take(bench.store, an_event(1))
    bench.destination.script = [say(AUTH)]
    drain(bench.destination, bench.desk())

    assert resume(bench.store, "main", "anna", NOW)
    assert 1 == drain(bench.destination, bench.desk())
    assert [("delivered", "")] == bench.words()


def test_every_change_that_lasts_is_written_down(broken: Bench) -> None:
    pause(broken.store, "main", "anna", "a test", NOW)
    resume(broken.store, "main", "anna", NOW)
    broken.clock.now = NOW + OPEN_FIRST
    drain(broken.destination, broken.desk())

    noted = audit.entries(broken.store, audit.Wanted()).entries
    assert [
        ("forwarder", "destination.active", "main", ""),
        ("anna", "destination resumed", "main", ""),
        ("anna", "destination paused", "main", "a test"),
        ("forwarder", "destination.open", "main", "server_error"),
    ] == [(one.who, one.action, one.subject, one.detail) for one in noted]


def test_what_will_be_too_old_soon_is_counted_and_goes_first(any_bench: Bench) -> None:
    bench = any_bench
    max_age = bench.destination.max_age
    take(bench.store, *(an_event(number) for number in range(6)))
    old = NOW - max_age + timedelta(hours=3)
    take(bench.store, an_event(8, at=old + timedelta(hours=1)), an_event(9, at=old))
    assert [] == health.near_deadline(bench.store, NOW, timedelta(hours=24))
    bench.destination.max_batch = 2
    bench.destination.script = [say(SERVER_ERROR)]
    drain(bench.destination, bench.desk(), n_batches_max=1)

    first = bench.destination.sent[0]
    assert [b":9:" in body for body in first].count(True) == 1
    (aging,) = health.near_deadline(bench.store, NOW, timedelta(hours=24))
    assert ("main", 2, old, old + max_age) == (
        aging.destination,
        aging.n_events,
        aging.oldest_at,
        aging.deadline_at,
    )
    assert (2, old + max_age) == (
        place(bench).n_near_deadline,
        place(bench).deadline_at,
    )
    assert [] == health.near_deadline(bench.store, NOW, timedelta(hours=2))


def test_a_destination_nobody_has_called_yet_is_active(bench: Bench) -> None:
    assert ("active", "closed", 0) == (
        place(bench).state,
        place(bench).breaker,
        place(bench).n_pending,
    )
