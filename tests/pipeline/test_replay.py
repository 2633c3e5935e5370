import json
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from forwarder.core.delivery import Refused, Status
from forwarder.core.event import Person
from forwarder.pipeline.drain import drain
from forwarder.pipeline.jobs import Workshop, work
from forwarder.pipeline.replay import Asker, plan, send_again, start_replay
from forwarder.store import audit, jobs
from forwarder.store.inbox import accept
from forwarder.store.jobs import Job, Scope, State
from forwarder.store.log import Filter
from forwarder.store.replay import Found, Plan
from forwarder.store.schema import bodies
from tests.pipeline.stand_in import Bench, say
from tests.store.shop import NOW, an_arrival, an_event, take


@pytest.fixture
def full(bench: Bench) -> Bench:
    """One delivery delivered, refused, skipped, too old, cleared, left out, waiting."""
    store = bench.store
    take(store, an_event(1))
    drain(bench.destination, bench.desk())
    take(store, an_event(2), replace(an_event(3), person=Person()))
    bench.destination.script = [say(Refused("invalid"))]
    drain(bench.destination, bench.desk())
    accept(store, replace(an_arrival(an_event(4)), skips=["unpaid"]))
    take(store, an_event(5, at=NOW - timedelta(days=8)))
    drain(bench.destination, bench.desk())
    take(store, an_event(6))
    drain(bench.destination, bench.desk())
    with store.write() as connection:
        cleared = bench.lines()[-1].id
        connection.execute(sa.delete(bodies).where(bodies.c.delivery_id == cleared))
    accept(store, replace(an_arrival(an_event(7)), skips=["consent"]))
    take(store, an_event(8))
    return bench


ALL = Scope(include_final=True)
COUNTS = Plan(
    destination="main",
    n_ready=4,
    n_delivered=1,
    n_too_old=1,
    n_cleared=1,
    n_waiting=1,
    n_for_good=1,
    found=(
        Found(status="delivered", reason="", n=2),
        Found(status="pending", reason="", n=1),
        Found(status="refused", reason="invalid", n=1),
        Found(status="refused", reason="no_identity", n=1),
        Found(status="skipped", reason="consent", n=1),
        Found(status="skipped", reason="too_old", n=1),
        Found(status="skipped", reason="unpaid", n=1),
    ),
)


def replay(bench: Bench, scope: Scope, rate: int | None = None) -> Job:
    """Ask for a replay and do it, as far as its rate allows now."""
    now = bench.clock()
    plans = plan(bench.store, scope, [bench.destination], now)
    asker = Asker(who="anna", reason="mended", rate_per_s=rate)
    job = start_replay(bench.store, scope, plans, asker, now)
    go_on(bench)
    found = jobs.find(bench.store, job.id)
    assert found is not None
    return found


def go_on(bench: Bench, *, is_stopping: bool = False) -> int:
    shop = Workshop(
        desk=bench.desk(is_stopping=is_stopping),
        endpoints={},
        destinations=[bench.destination],
    )
    return work(shop, bench.clock() + timedelta(seconds=5))


def test_a_plan_counts_and_changes_nothing(full: Bench) -> None:
    before = full.words()

    assert [COUNTS] == plan(full.store, ALL, [full.destination], NOW)
    assert before == full.words()


def test_what_ended_well_is_taken_only_when_asked_for(full: Bench) -> None:
    found = plan(full.store, Scope(), [full.destination], NOW)[0]

    assert (2, 4, 1) == (found.n_ready, found.n_final, found.n_for_good)
    delivered = Scope(wanted=Filter(status=Status.DELIVERED))
    assert 1 == plan(full.store, delivered, [full.destination], NOW)[0].n_ready


def test_a_replay_sets_back_what_can_still_be_sent(full: Bench) -> None:
    job = replay(full, ALL)

    assert (State.DONE, 4, 4) == (job.state, job.n_planned, job.n_done)
    assert {"too_old": 1, "cleared": 1, "for_good": 1, "waiting": 1} == job.skipped
    assert [
        ("pending", ""),
        ("pending", ""),
        ("pending", ""),
        ("pending", ""),
        ("skipped", "too_old"),
        ("delivered", ""),
        ("skipped", "consent"),
        ("pending", ""),
    ] == full.words()


def test_a_job_stands_in_the_audit_log(full: Bench) -> None:
    job = replay(full, ALL)

    noted = audit.entries(full.store, audit.Wanted()).entries[0]
    assert ("anna", "replay", f"job {job.id}", "4 planned; mended") == (
        noted.who,
        noted.action,
        noted.subject,
        noted.detail,
    )


def test_a_replay_ends_like_every_delivery_and_says_that_it_was_one(
    full: Bench,
) -> None:
    replay(full, Scope(wanted=Filter(status=Status.DELIVERED)))
    drain(full.destination, full.desk())

    history = full.story(0).history
    assert ["auto", "replay"] == [one.mode for one in history]
    assert ("delivered", "") == full.words()[0]


def test_what_is_sent_again_never_shares_a_request_with_what_came_by_itself(
    full: Bench,
) -> None:
    replay(full, ALL)
    full.destination.sent.clear()
    drain(full.destination, full.desk())

    assert [1, 3] == [len(batch) for batch in full.destination.sent]
    assert ["auto"] == [one.mode for one in full.story(7).history]
    assert ["auto", "replay"] == [one.mode for one in full.story(0).history]


def test_live_traffic_goes_first_and_leaves_replays_their_turn(bench: Bench) -> None:
    take(bench.store, *(an_event(number) for number in range(6)))
    drain(bench.destination, bench.desk())
    replay(bench, ALL)
    take(bench.store, *(an_event(number) for number in range(6, 11)))
    bench.destination.max_batch = 2
    bench.destination.sent.clear()
    drain(bench.destination, bench.desk())

    numbers = [
        [int(json.loads(body)["id"].split(":")[2]) for body in batch]
        for batch in bench.destination.sent
    ]
    assert [[6, 7], [8, 9], [10], [0, 1], [2, 3], [4, 5]] == numbers


def test_one_delivery_is_sent_again_by_hand_ahead_of_the_others(full: Bench) -> None:
    itself = Scope(wanted=Filter(event_id=an_event(1).event_id), include_final=True)
    full.destination.sent.clear()

    assert 1 == send_again(full.store, itself, [full.destination], "anna", NOW)
    drain(full.destination, full.desk())
    assert ["auto", "manual"] == [one.mode for one in full.story(0).history]
    assert b":1:checkout" in full.destination.sent[0][0]
    assert 0 == send_again(full.store, Scope(wanted=Filter(event_id="x")), [], "a", NOW)


def test_what_was_delivered_leaves_as_it_left_before(full: Bench) -> None:
    first = full.destination.sent[0]
    full.destination.version = 2
    replay(
        full, Scope(wanted=Filter(event_id=an_event(1).event_id), include_final=True)
    )
    full.destination.sent.clear()
    drain(full.destination, full.desk())

    assert [first] == full.destination.sent[1:]


def test_what_was_refused_is_encoded_afresh(full: Bench) -> None:
    full.destination.version = 2
    replay(full, Scope(wanted=Filter(reason="invalid")))
    full.destination.sent.clear()
    drain(full.destination, full.desk())

    assert all(b'"version": 2' in batch[0] for batch in full.destination.sent)


def test_what_was_left_out_on_purpose_needs_its_reason_named(full: Bench) -> None:
    accept(
        full.store, replace(an_arrival(an_event(9), key="9"), skips=["order_cancelled"])
    )
    named = Scope(wanted=Filter(reason="order_cancelled"))

    plans = plan(full.store, named, [full.destination], NOW)
    assert (1, 0) == (plans[0].n_ready, plans[0].n_for_good)
    assert 1 == replay(full, named).n_done


def test_only_the_destinations_of_the_filter_are_replayed(full: Bench) -> None:
    both = [full.destination, replace(full.destination, name="other")]
    plans = plan(full.store, ALL, both, NOW)
    other = Scope(wanted=Filter(destination="other"), include_final=True)

    assert [("main", 4), ("other", 0)] == [(p.destination, p.n_ready) for p in plans]
    assert ["other"] == [p.destination for p in plan(full.store, other, both, NOW)]
    assert 0 == replay(full, other).n_done


def test_what_comes_after_the_plan_is_not_part_of_the_job(full: Bench) -> None:
    plans = plan(full.store, ALL, [full.destination], NOW)
    start_replay(full.store, ALL, plans, Asker(who="anna"), NOW)
    take(full.store, replace(an_event(20), person=Person()))
    drain(full.destination, full.desk())
    go_on(full)

    assert ("refused", "no_identity") == full.words()[-1]


def test_what_changes_between_plan_and_work_is_told(full: Bench) -> None:
    plans = plan(full.store, ALL, [full.destination], NOW)
    job = start_replay(full.store, ALL, plans, Asker(who="anna"), NOW)
    with full.store.write() as connection:
        connection.execute(sa.delete(bodies))
    go_on(full)

    found = jobs.find(full.store, job.id)
    assert found is not None
    assert (State.DONE, 0, 4) == (found.state, found.n_done, found.skipped["changed"])


def test_a_rate_is_kept(bench: Bench) -> None:
    take(bench.store, *(an_event(number) for number in range(50)))
    drain(bench.destination, bench.desk())

    assert 10 == replay(bench, ALL, rate=10).n_done
    assert 0 == go_on(bench)
    bench.clock.skip(seconds=1)
    assert 10 == go_on(bench)
    bench.clock.skip(seconds=60)  # a rest saves up ten seconds' worth at most
    assert 30 == go_on(bench)
    assert State.DONE == jobs.list_jobs(bench.store)[0].state


def test_a_job_with_a_rate_keeps_no_other_waiting(bench: Bench) -> None:
    take(bench.store, *(an_event(number) for number in range(50)))
    drain(bench.destination, bench.desk())
    replay(bench, ALL, rate=1)
    second = replay(bench, ALL)

    assert (State.DONE, 49) == (second.state, second.n_done)


def test_a_worker_that_ends_leaves_the_job_to_the_next(bench: Bench) -> None:
    take(bench.store, an_event(1))
    drain(bench.destination, bench.desk())
    plans = plan(bench.store, ALL, [bench.destination], NOW)
    start_replay(bench.store, ALL, plans, Asker(who="anna"), NOW)

    assert 0 == go_on(bench, is_stopping=True)
    assert 1 == go_on(bench)


def test_a_job_that_fails_says_so_and_stops_no_other(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(bench.store, an_event(1))
    drain(bench.destination, bench.desk())
    with monkeypatch.context() as patch:
        patch.setattr(
            "forwarder.store.pieces.replay_piece", lambda *_: {}["ada@example.org"]
        )
        failed = replay(bench, ALL)

    assert (State.FAILED, "KeyError: see the log") == (failed.state, failed.message)
    assert State.DONE == replay(bench, ALL).state


def test_a_replay_of_nothing_sends_nothing(bench: Bench) -> None:
    take(bench.store, an_event(1))

    job = replay(bench, ALL)
    assert (State.DONE, 0, {"waiting": 1}) == (job.state, job.n_done, job.skipped)
