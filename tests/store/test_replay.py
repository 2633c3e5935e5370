from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from forwarder.core.delivery import Encoded, Status
from forwarder.store import Store, jobs, log, outbox, pieces
from forwarder.store import replay as rows
from forwarder.store.inbox import accept
from forwarder.store.jobs import JobKind, NewJob, Scope, State
from forwarder.store.log import Filter
from forwarder.store.outbox import Settled
from forwarder.store.pieces import Limits
from forwarder.store.replay import Found
from forwarder.store.schema import bodies, payloads
from forwarder.store.settling import Verdict
from tests.store.shop import NOW, an_arrival, an_event, take

OLDEST = NOW - timedelta(days=7)
EVERYTHING = Filter()
DELIVERED = Verdict(status=Status.DELIVERED, outcome="delivered")
REFUSED = Verdict(status=Status.REFUSED, outcome="refused", reason="invalid")


def settle(store: Store, verdict: Verdict) -> None:
    """Freeze and settle all that is due."""
    claim = outbox.claim(store, "main", "w1", 1000, NOW)
    assert claim is not None
    frozen = Encoded(body=b"{}", shown=b"{}")
    outbox.freeze(store, claim, {row.id: (row, frozen) for row in claim.rows}, NOW)
    settled = [Settled(row=row, verdict=verdict) for row in claim.rows]
    outbox.settle(store, claim, settled, None, NOW)


@pytest.fixture
def settled(store: Store) -> Store:
    """Number 1 was delivered, 2 refused, 3 left out, 4 is too old, 5 waits."""
    take(store, an_event(1))
    settle(store, DELIVERED)
    take(store, an_event(2), an_event(4, at=OLDEST - timedelta(seconds=1)))
    settle(store, REFUSED)
    accept(store, replace(an_arrival(an_event(3)), skips=["consent"]))
    take(store, an_event(5))
    return store


def words(store: Store) -> dict[str | None, str]:
    lines = log.list_deliveries(store, Filter()).lines
    return {line.order_id: line.status.value for line in lines}


def n_of(store: Store, table: sa.Table) -> int:
    with store.read() as connection:
        count = sa.select(sa.func.count()).select_from(table)
        return connection.execute(count).scalar_one()


ALL = Scope(include_final=True)


def limits(n_max: int = 1000, at: datetime = NOW) -> Limits:
    return Limits(n_max=n_max, now=at, paid=lambda _: at)


def new(store: Store, kind: JobKind, scope: Scope = ALL, n: int = 0) -> None:
    made = NewJob(
        kind=kind,
        scope=scope,
        who="anna",
        reason="a test shop",
        n_planned=n,
        skipped={},
        last_id=rows.newest_id(store),
    )
    jobs.add(store, made, NOW)


def run(
    store: Store,
    kind: JobKind,
    scope: Scope = ALL,
    at: datetime = NOW,
    n_max: int = 1000,
) -> int:
    """Do a whole job; return how many deliveries it changed."""
    new(store, kind, scope)
    job = jobs.take(store, at)
    assert job is not None
    n_done = 0
    while job is not None:
        n_done = job.n_done
        if kind is JobKind.REPLAY:
            job = pieces.replay_piece(store, job, {"main": OLDEST}, limits(n_max, at))
        else:
            job = pieces.discard_piece(store, job, limits(n_max, at))
    assert State.DONE == jobs.list_jobs(store)[0].state
    return n_done


def replay(store: Store, scope: Scope = ALL, at: datetime = NOW) -> int:
    return run(store, JobKind.REPLAY, scope, at)


def discard(store: Store, wanted: Filter = EVERYTHING) -> int:
    return run(store, JobKind.DISCARD, Scope(wanted=wanted))


def test_a_plan_tells_each_kind_apart(settled: Store) -> None:
    found = rows.plan(settled, ALL, "main", OLDEST, NOW)

    assert (
        rows.Plan(
            destination="main",
            n_ready=2,
            n_delivered=1,
            n_too_old=1,
            n_cleared=0,
            n_waiting=1,
            n_for_good=1,
            found=(
                Found(status="delivered", reason="", n=1),
                Found(status="pending", reason="", n=1),
                Found(status="refused", reason="invalid", n=2),
                Found(status="skipped", reason="consent", n=1),
            ),
        )
        == found
    )


def test_a_plan_counts_whom_retention_has_cleared(settled: Store) -> None:
    with settled.write() as connection:
        connection.execute(sa.delete(bodies))

    found = rows.plan(settled, ALL, "main", OLDEST, NOW)
    assert (0, 2) == (found.n_ready, found.n_cleared)
    assert 0 == replay(settled)


def test_a_run_sets_back_what_the_plan_counted(settled: Store) -> None:
    assert 2 == replay(settled)
    assert {
        "1": "pending",
        "2": "pending",
        "3": "skipped",
        "4": "refused",
        "5": "pending",
    } == words(settled)


def test_only_what_was_delivered_keeps_its_bytes(settled: Store) -> None:
    assert 3 == n_of(settled, payloads)

    replay(settled)

    assert 2 == n_of(settled, payloads)  # the one too old was not touched


def test_another_destination_is_left_alone(settled: Store) -> None:
    assert 0 == replay(settled, Scope(wanted=Filter(destination="other")))


def test_a_set_back_delivery_starts_anew(settled: Store) -> None:
    replay(settled, Scope(wanted=Filter(order_id="2")))

    line = log.list_deliveries(settled, Filter(order_id="2")).lines[0]
    assert ("", "", 0, NOW, None) == (
        line.reason,
        line.message,
        line.attempts,
        line.next_attempt_at,
        line.settled_at,
    )


def test_what_waits_or_was_refused_can_be_given_up(settled: Store) -> None:
    assert 3 == rows.count(settled, rows.open_ones(ALL))
    assert "pending" == words(settled)["5"]
    assert 3 == discard(settled)
    assert {
        "1": "delivered",
        "2": "skipped",
        "3": "skipped",
        "4": "skipped",
        "5": "skipped",
    } == words(settled)
    line = log.list_deliveries(settled, Filter(order_id="5")).lines[0]
    assert ("discarded", "a test shop", NOW, None) == (
        line.reason,
        line.message,
        line.settled_at,
        line.next_attempt_at,
    )
    assert 0 == discard(settled)


def test_what_a_worker_holds_is_not_given_up(store: Store) -> None:
    take(store, an_event(1), an_event(2))
    claim = outbox.claim(store, "main", "w1", 1, NOW)

    assert claim is not None
    assert 1 == discard(store)
    settled = [Settled(row=row, verdict=DELIVERED) for row in claim.rows]
    assert 1 == outbox.settle(store, claim, settled, None, NOW)


def test_what_was_given_up_comes_back_only_by_its_reason(settled: Store) -> None:
    discard(settled, Filter(order_id="5"))

    assert 0 == replay(settled, Scope(wanted=Filter(order_id="5")))
    named = Filter(order_id="5", reason="discarded")
    assert 1 == replay(settled, Scope(wanted=named))


def test_much_goes_in_pieces(store: Store) -> None:
    take(store, *(an_event(number) for number in range(5)))

    assert 5 == run(store, JobKind.DISCARD, n_max=2)


def test_what_was_delivered_long_ago_is_not_sent_again(settled: Store) -> None:
    later = NOW + timedelta(hours=25)

    found = rows.plan(settled, ALL, "main", OLDEST, later)

    assert (1, 0, 1) == (found.n_ready, found.n_delivered, found.n_counted)
    assert 1 == replay(settled, at=later)
    assert "delivered" == words(settled)["1"]


def test_a_thousand_at_once_are_planned_by_status_and_reason(settled: Store) -> None:
    found = rows.plan(settled, Scope(), "main", OLDEST, NOW)

    assert (1, 1, 1, 1) == (
        found.n_ready,
        found.n_too_old,
        found.n_final,
        found.n_for_good,
    )


def test_who_comes_back_late_to_a_job_changes_nothing(settled: Store) -> None:
    new(settled, JobKind.REPLAY)
    late = jobs.take(settled, NOW)
    assert late is not None
    after = NOW + jobs.LEASE
    assert jobs.take(settled, after - timedelta(seconds=1)) is None
    newer = jobs.take(settled, after)

    assert newer is not None
    assert (1, 2) == (late.turn, newer.turn)
    assert pieces.replay_piece(settled, late, {"main": OLDEST}, limits()) is None
    assert "delivered" == words(settled)["1"]
    done = pieces.replay_piece(settled, newer, {"main": OLDEST}, limits(1))
    assert done is not None
    assert 1 == done.n_done


def test_a_crash_within_a_piece_leaves_it_undone(
    settled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    new(settled, JobKind.REPLAY)
    job = jobs.take(settled, NOW)
    assert job is not None
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "record", lambda *_: {}["crash"])
        with pytest.raises(KeyError):
            pieces.replay_piece(settled, job, {"main": OLDEST}, limits(1))

    assert "delivered" == words(settled)["1"]
    assert jobs.take(settled, NOW + jobs.LEASE) is not None


def test_a_cancelled_job_stops_after_the_piece_in_hand(settled: Store) -> None:
    new(settled, JobKind.REPLAY, n=2)
    job = jobs.take(settled, NOW)
    assert job is not None
    job = pieces.replay_piece(settled, job, {"main": OLDEST}, limits(1))
    assert job is not None

    assert jobs.cancel(settled, job.id, NOW)
    assert pieces.replay_piece(settled, job, {"main": OLDEST}, limits(1)) is None
    assert not jobs.cancel(settled, job.id, NOW)
    found = jobs.find(settled, job.id)
    assert found is not None
    assert (State.CANCELLED, 1, NOW) == (found.state, found.n_done, found.ended_at)
    assert jobs.take(settled, NOW + timedelta(days=1)) is None
    assert ["pending", "refused"] == [words(settled)[n] for n in ("1", "2")]


def test_a_job_that_is_let_go_is_open_to_all(settled: Store) -> None:
    new(settled, JobKind.REPLAY)
    job = jobs.take(settled, NOW)
    assert job is not None
    assert jobs.take(settled, NOW) is None
    jobs.release(settled, job)

    assert jobs.take(settled, NOW, job.id + 1) is None
    assert jobs.take(settled, NOW, job.id) is not None


def test_jobs_are_listed_newest_first(store: Store) -> None:
    for _ in range(3):
        new(store, JobKind.DISCARD, Scope(wanted=Filter(since=NOW)))
    listed = jobs.list_jobs(store, 2)

    assert [3, 2] == [one.id for one in listed]
    assert [1] == [one.id for one in jobs.list_jobs(store, 2, 2)]
    assert Scope(wanted=Filter(since=NOW)) == listed[0].scope
    assert [None, None] == [jobs.find(store, number) for number in (0, 99)]
