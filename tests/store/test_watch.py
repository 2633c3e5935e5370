"""Counters, volumes and readings, on both databases."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from forwarder.core.tally import Tally
from forwarder.store import (
    Store,
    duties,
    health,
    open_store,
    tallies,
    volumes,
    watch,
)
from forwarder.store.inbox import accept
from forwarder.store.migrate import upgrade
from forwarder.store.writer import StoreDown
from tests.store.conftest import KEY
from tests.store.shop import NOW, an_arrival, an_event, take

NAME = "forwarder_webhooks_received_total"


def test_counts_of_many_processes_add_up(store: Store) -> None:
    def count() -> None:
        for _ in range(5):
            own = Tally()
            for word in ("accepted", "duplicate"):
                own.add(NAME, ("shop", word), 2)
            tallies.flush(store, own)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [
        (NAME, ("shop", "accepted"), 40.0),
        (NAME, ("shop", "duplicate"), 40.0),
    ] == tallies.totals(store, NAME)


def test_nothing_counted_writes_nothing(store: Store) -> None:
    tallies.flush(store, Tally())

    assert [] == tallies.totals(store)


def test_what_cannot_be_written_is_counted_later() -> None:
    down = open_store("postgresql://nobody@127.0.0.1:9/none", [KEY], "web")
    own = Tally()
    own.add(NAME, ("shop", "accepted"))
    with pytest.raises(StoreDown):
        tallies.flush(down, own)

    assert {(NAME, ("shop", "accepted")): 1} == own.uncounted()
    down.close()


def test_what_waits_for_a_lock_in_vain_is_counted_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'forwarder.db'}"
    web, other = (open_store(url, [KEY], role) for role in ("web", "worker"))
    upgrade(web)
    own = Tally()
    own.add(NAME, ("shop", "accepted"))
    with other.write():
        with pytest.raises(StoreDown):  # from now on nobody waits as long as the lock
            web.commit(lambda _: None)
        with pytest.raises(StoreDown):
            tallies.flush(web, own)
    tallies.flush(web, own)
    web.commit(lambda _: None)  # whatever waited in line is written by now

    assert [(NAME, ("shop", "accepted"), 1.0)] == tallies.totals(web, NAME)
    web.close()
    other.close()


def test_a_value_falls_into_the_first_bucket_that_holds_it() -> None:
    own = Tally()
    for value in (0.1, 0.5, 0.6, 7):
        own.observe("x", (), value, (0.5, 1))

    assert {
        ("x_bucket", ("0.5",)): 2,
        ("x_bucket", ("1",)): 1,
        ("x_bucket", ("inf",)): 1,
        ("x_sum", ()): pytest.approx(8.2),
    } == own.take()
    assert {} == own.take()


def test_each_event_is_counted_once_in_its_hour(store: Store) -> None:
    start = NOW - timedelta(hours=30)
    for number in range(60):
        at = start + timedelta(minutes=30 * number)
        take(store, an_event(number, at=at), at=at)
    for minute in range(0, 90, 7):
        counted_to = volumes.count_volumes(store, NOW + timedelta(minutes=minute))
    hours = volumes.volumes_by_hour(store)["my-shop", "checkout"]

    assert NOW + timedelta(minutes=84) - volumes.LAG == counted_to
    assert {2} == set(hours.values())
    assert 60 == sum(hours.values())


def test_what_comes_late_into_an_hour_is_added(store: Store) -> None:
    take(store, an_event(1, at=NOW), at=NOW)
    volumes.count_volumes(store, NOW + timedelta(minutes=5))
    late = NOW + timedelta(minutes=20)
    take(store, an_event(2, at=late), at=late)
    volumes.count_volumes(store, NOW + timedelta(minutes=30))

    assert {NOW: 2} == volumes.volumes_by_hour(store)["my-shop", "checkout"]


def test_old_hours_are_forgotten(store: Store) -> None:
    take(store, an_event(1, at=NOW), at=NOW)
    volumes.count_volumes(store, NOW + timedelta(hours=1))
    volumes.count_volumes(store, NOW + volumes.KEPT + timedelta(hours=1))

    assert {} == volumes.volumes_by_hour(store)


def test_a_reading_replaces_the_one_before(store: Store) -> None:
    watch.note_measure(store, "disk", "box", 1, NOW)
    watch.note_measure(store, "disk", "box", 2.5, NOW + timedelta(minutes=1))
    watch.note_measure(store, "disk", "other", 1, NOW)

    assert [("box", 2.5), ("other", 1.0)] == [
        (one.subject, one.value) for one in watch.all_measures(store)
    ]
    watch.forget_measures(store, NOW + timedelta(seconds=1))
    assert ["box"] == [one.subject for one in watch.all_measures(store)]


def test_what_waits_is_told_by_destination(store: Store) -> None:
    take(store, an_event(1), an_event(2))
    other = an_arrival(an_event(3), at=NOW + timedelta(hours=1), destination="other")
    accept(store, other)
    with store.write() as connection:
        connection.exec_driver_sql(
            "UPDATE deliveries SET reason = 'answer_lost' "
            "WHERE event_id = 'shopify:my-shop:1:checkout'"
        )

    assert [("main", 2, 1, NOW, NOW), ("other", 1, 0, other.received_at, None)] == [
        (one.destination, one.n, one.n_lost, one.oldest_at, one.oldest_lost_at)
        for one in watch.waiting(store)
    ]


def test_workers_that_are_gone_are_forgotten(store: Store) -> None:
    for name, hours in (("old", 0), ("ended", 25), ("new", 25)):
        health.note_worker(store, name, NOW + timedelta(hours=hours))
    watch.forget_workers(store, NOW + timedelta(hours=1))
    watch.forget_worker(store, "ended")

    assert ["new"] == [one.name for one in health.all_workers(store)]


def test_the_notes_of_a_frequent_job_last_a_day(store: Store) -> None:
    assert watch.last_duty(store, "watch") is None
    for hours in (0, 30):
        duties.take_duty(store, "watch", str(hours), NOW + timedelta(hours=hours))
    duties.take_duty(store, "sweep", "0", NOW)
    watch.forget_duties(store, "watch", NOW + timedelta(hours=31))

    assert duties.take_duty(store, "watch", "0", NOW)
    assert not duties.take_duty(store, "sweep", "0", NOW)


def test_nothing_remains_of_no_job(store: Store) -> None:
    assert 0 == watch.n_remaining(store)
    assert {} == watch.refused_now(store)
