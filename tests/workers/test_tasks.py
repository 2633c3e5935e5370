from dataclasses import replace
from datetime import timedelta

import pytest

from forwarder.core.delivery import Blocked, Deferred
from forwarder.core.event import Person
from forwarder.pipeline.replay import Asker, plan, start_replay
from forwarder.store import health, jobs, log
from forwarder.store.inbox import accept
from forwarder.store.jobs import Scope, State
from forwarder.store.log import Filter
from forwarder.store.story import show
from forwarder.wiring import Wired
from tests.pipeline.stand_in import StandIn, say
from tests.store.shop import an_arrival, an_event, take
from workers import tasks


@pytest.fixture
def stand_in(wired: Wired, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """The only destination, one that obeys."""
    made = StandIn()
    obeying = replace(wired, destinations={"main": made})
    monkeypatch.setattr(tasks, "wired", lambda: obeying)
    return made


def words(wired: Wired) -> list[tuple[str, str]]:
    lines = log.list_deliveries(wired.store, Filter()).lines
    return [(line.status.value, line.reason) for line in reversed(lines)]


def test_a_wake_up_sends_what_is_due(wired: Wired, stand_in: StandIn) -> None:
    now = wired.store.now()
    take(wired.store, an_event(1, at=now), at=now)

    tasks.drain()

    assert [("delivered", "")] == words(wired)
    assert 1 == len(stand_in.sent)
    worker = health.all_workers(wired.store)[0]
    assert worker.worked_at is not None


def test_a_wake_up_for_one_destination_leaves_the_others(
    wired: Wired, stand_in: StandIn
) -> None:
    now = wired.store.now()
    take(wired.store, an_event(1, at=now), at=now)

    tasks.drain(destination="other")
    assert [] == stand_in.sent
    tasks.drain(destination="main")
    assert 1 == len(stand_in.sent)


def test_an_idle_wake_up_says_only_that_somebody_is_there(
    wired: Wired, stand_in: StandIn
) -> None:
    tasks.drain()
    tasks.drain()

    workers = health.all_workers(wired.store)
    assert ([], [None]) == (stand_in.sent, [one.worked_at for one in workers])


def test_a_platform_that_listens_nowhere_defers(wired: Wired) -> None:
    now = wired.store.now()
    event = replace(an_event(1, at=now), person=Person(email=("ada@shop-of-ada.de",)))
    take(wired.store, event, at=now)

    tasks.drain()

    assert [("pending", "network")] == words(wired)


def test_a_thin_event_without_key_goes_on(wired: Wired, stand_in: StandIn) -> None:
    now = wired.store.now()
    thin = replace(an_event(1, at=now), enrich="stripe_line_items")
    take(wired.store, thin, at=now)
    tasks._look_ups.cache_clear()  # noqa: SLF001
    tasks.drain()
    assert [] == stand_in.sent

    tasks.enrich()
    tasks.drain()

    assert [("delivered", "")] == words(wired)
    tasks._look_ups.cache_clear()  # noqa: SLF001


def test_a_sweep_clears_and_expires_once_in_ten_minutes(
    wired: Wired, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = wired.store.now().replace(minute=1)
    monkeypatch.setattr(type(wired.store), "now", lambda _: now)
    old = now - timedelta(days=8)
    take(wired.store, an_event(1, at=now), at=now)
    tasks.drain()
    take(wired.store, an_event(2, at=old), at=now)
    gone = an_arrival(an_event(3, at=old), key="3", at=now, destination="gone")
    accept(wired.store, gone)
    young = an_arrival(an_event(4, at=now), key="4", at=now, destination="gone")
    accept(wired.store, young)

    tasks.sweep()
    assert [
        ("delivered", ""),
        ("skipped", "too_old"),
        ("skipped", "too_old"),
        ("pending", ""),
    ] == words(wired)
    assert person_is_kept(wired)
    now += timedelta(hours=2)
    tasks.sweep()
    assert not person_is_kept(wired)
    assert 1 == len(stand_in.sent)
    take(wired.store, an_event(5, at=old), at=now)
    tasks.sweep()
    assert ("pending", "") == words(wired)[-1]


def person_is_kept(wired: Wired) -> bool:
    number = min(line.id for line in log.list_deliveries(wired.store, Filter()).lines)
    story = show(wired.store, number)
    assert story is not None
    return story.is_person_kept


def test_what_is_blocked_waits_and_expires_in_the_end(
    wired: Wired, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = wired.store.now()
    monkeypatch.setattr(type(wired.store), "now", lambda _: now)
    take(wired.store, an_event(1, at=now), at=now)
    stand_in.script = [say(Blocked("auth", "no"))]
    tasks.drain()
    assert [("blocked", "")] != words(wired)
    now += timedelta(days=7, minutes=1)
    tasks.sweep()

    assert [("skipped", "too_old")] == words(wired)


def test_a_deferred_delivery_is_not_work_done(wired: Wired, stand_in: StandIn) -> None:
    now = wired.store.now()
    take(wired.store, an_event(1, at=now), at=now)
    stand_in.script = [say(Deferred("server_error"))]

    tasks.drain()

    assert [("pending", "server_error")] == words(wired)


def test_a_job_is_done_with_the_next_wake_up(wired: Wired, stand_in: StandIn) -> None:
    now = wired.store.now()
    take(wired.store, *(an_event(number, at=now) for number in range(3)), at=now)
    tasks.drain()
    scope = Scope(include_final=True)
    plans = plan(wired.store, scope, [stand_in], now)
    start_replay(wired.store, scope, plans, Asker(who="anna"), now)

    tasks.drain(destination="main")

    assert [State.DONE] == [job.state for job in jobs.list_jobs(wired.store)]
    assert [3, 3] == [len(batch) for batch in stand_in.sent]
    assert stand_in.sent[0] == stand_in.sent[1]
