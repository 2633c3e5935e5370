from dataclasses import replace
from datetime import timedelta

from forwarder.store import Store, checks, duties, health, outbox
from forwarder.store.health import Backlog, Health, Worker
from forwarder.store.inbox import accept
from tests.store.shop import NOW, an_arrival, an_event, note_health, take
from tests.store.test_outbox import settle_all

WELL = Health(
    name="main",
    state=health.ACTIVE,
    reason="",
    message="",
    since=NOW,
    credential="fingerprint",
    not_before=None,
)


def test_nothing_is_known_at_first(store: Store) -> None:
    assert health.health_of(store, "main") is None
    assert ([], [], []) == (
        health.all_health(store),
        health.all_workers(store),
        health.backlogs(store),
    )


def test_the_last_note_counts(store: Store) -> None:
    ill = replace(WELL, state=health.BLOCKED, reason="auth", not_before=NOW)
    note_health(store, WELL)
    note_health(store, ill)
    note_health(store, replace(WELL, name="a"))

    assert ill == health.health_of(store, "main")
    assert ["a", "main"] == [one.name for one in health.all_health(store)]


def test_being_there_does_not_wipe_out_having_worked(store: Store) -> None:
    later = NOW + timedelta(seconds=5)
    health.note_worker(store, "w1", NOW, has_worked=True)
    health.note_worker(store, "w1", later)
    health.note_worker(store, "w2", NOW)

    assert [
        Worker(name="w1", seen_at=later, worked_at=NOW),
        Worker(name="w2", seen_at=NOW, worked_at=None),
    ] == health.all_workers(store)


def test_what_waits_is_counted_by_destination(store: Store) -> None:
    take(store, an_event(1), an_event(2))
    take(store, an_event(3), at=NOW + timedelta(hours=1))
    other = an_arrival(an_event(1), key="o", destination="a", at=NOW)
    before = health.backlogs(store)
    accept(store, other)

    assert [Backlog(destination="main", n_pending=3, oldest_at=NOW)] == before
    assert ["a", "main"] == [one.destination for one in health.backlogs(store)]


def test_what_is_due_has_been_so_since_a_time(store: Store) -> None:
    take(store, an_event(1))

    assert health.oldest_due(store, NOW - timedelta(seconds=1)) is None
    assert health.oldest_due(store, NOW + timedelta(hours=1)) == NOW


def test_what_waits_rightly_is_not_due(store: Store) -> None:
    take(store, an_event(1))
    later = NOW + timedelta(minutes=1)
    note_health(store, replace(WELL, state=health.BLOCKED))
    assert health.oldest_due(store, later) is None

    note_health(store, replace(WELL, state=health.RATE_LIMITED, not_before=later))
    assert health.oldest_due(store, NOW) is None
    assert health.oldest_due(store, later) == NOW


def test_what_is_settled_is_not_due(store: Store) -> None:
    take(store, an_event(1))
    claim = outbox.claim(store, "main", "w", 9, NOW)
    assert claim is not None
    settle_all(store, claim)

    assert health.oldest_due(store, NOW + timedelta(days=1)) is None
    assert [] == health.backlogs(store)


def test_one_of_many_takes_a_duty(store: Store) -> None:
    assert duties.take_duty(store, "sweep", "2026-11-21T08:0", NOW)
    assert not duties.take_duty(store, "sweep", "2026-11-21T08:0", NOW)
    assert duties.take_duty(store, "sweep", "2026-11-21T08:1", NOW)
    assert duties.take_duty(store, "month_end", "2026-11-21T08:0", NOW)


def test_the_disk_is_measured(store: Store) -> None:
    assert checks.commits_per_s(store) > 0


def test_the_versions_with_the_wal_reset_bug_are_known() -> None:
    bad = ["3.7.0", "3.40.1", "3.44.5", "3.45.0", "3.50.6", "3.51.0", "3.51.2"]
    good = ["3.6.23", "3.44.6", "3.50.7", "3.51.3", "3.53.0"]

    assert [True] * len(bad) == [checks.has_wal_reset_bug(one) for one in bad]
    assert [False] * len(good) == [checks.has_wal_reset_bug(one) for one in good]
