from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from forwarder.core.delivery import Delivered, NoticeStatus, Refused, Status
from forwarder.core.event import Person, Reading, Unreadable
from forwarder.pipeline.drain import drain
from forwarder.pipeline.receive import Endpoint, receive
from forwarder.pipeline.replay import Reparsed, plan, reparse, replay
from forwarder.store import log, quarantine
from forwarder.store.inbox import accept
from forwarder.store.log import Filter
from forwarder.store.quarantine import held_notices
from forwarder.store.replay import Plan
from forwarder.store.schema import bodies, notices
from tests.pipeline.stand_in import Bench, say
from tests.pipeline.test_receive import NOTICE, a_reading, an_endpoint
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


COUNTS = Plan(
    destination="main",
    n_ready=4,
    n_delivered=1,
    n_too_old=1,
    n_cleared=1,
    n_waiting=1,
    n_for_good=1,
)


def test_a_plan_counts_and_changes_nothing(full: Bench) -> None:
    before = full.words()

    assert [COUNTS] == plan(full.store, Filter(), [full.destination], NOW)
    assert before == full.words()


def test_a_replay_sets_back_what_can_still_be_sent(full: Bench) -> None:
    done = replay(full.store, Filter(), [full.destination], NOW)

    assert ([COUNTS], 4) == (done.plans, done.n_set_back)
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


def test_a_replay_ends_like_every_delivery_and_says_that_it_was_one(
    full: Bench,
) -> None:
    replay(full.store, Filter(status=Status.DELIVERED), [full.destination], NOW)
    drain(full.destination, full.desk())

    history = full.story(0).history
    assert ["auto", "replay"] == [one.mode for one in history]
    assert ("delivered", "") == full.words()[0]


def test_what_was_delivered_leaves_as_it_left_before(full: Bench) -> None:
    first = full.destination.sent[0]
    full.destination.version = 2
    replay(full.store, Filter(event_id=an_event(1).event_id), [full.destination], NOW)
    full.destination.sent.clear()
    drain(full.destination, full.desk())

    assert first[0] in full.destination.sent[0]


def test_what_was_refused_is_encoded_afresh(full: Bench) -> None:
    full.destination.version = 2
    replay(full.store, Filter(reason="invalid"), [full.destination], NOW)
    full.destination.sent.clear()
    drain(full.destination, full.desk())

    assert b'"version": 2' in full.destination.sent[0][0]


def test_what_was_left_out_on_purpose_needs_its_reason_named(full: Bench) -> None:
    accept(
        full.store, replace(an_arrival(an_event(9), key="9"), skips=["order_cancelled"])
    )
    named = Filter(reason="order_cancelled")

    plans = plan(full.store, named, [full.destination], NOW)
    assert (1, 0) == (plans[0].n_ready, plans[0].n_for_good)
    assert 1 == replay(full.store, named, [full.destination], NOW).n_set_back


def test_only_the_destinations_of_the_filter_are_replayed(full: Bench) -> None:
    other = replace(full.destination, name="other")
    both = [full.destination, other]

    plans = plan(full.store, Filter(), both, NOW)
    assert [("main", 4), ("other", 0)] == [(p.destination, p.n_ready) for p in plans]
    done = replay(full.store, Filter(destination="other"), both, NOW)
    assert (["other"], 0) == ([p.destination for p in done.plans], done.n_set_back)


def test_a_long_replay_goes_in_pieces(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forwarder.store.replay.CHUNK", 3)
    take(bench.store, *(an_event(number) for number in range(10)))
    drain(bench.destination, bench.desk())

    assert 10 == replay(bench.store, Filter(), [bench.destination], NOW).n_set_back
    assert 10 == drain(bench.destination, bench.desk())


@dataclass(slots=True)
class Mended:
    """Quarantined notices, and the endpoint as it is now."""

    bench: Bench
    endpoints: dict[str, Endpoint] = field(default_factory=dict)

    def reparse(self, *, is_dry_run: bool = False) -> Reparsed:
        return reparse(self.bench.store, self.endpoints, NOW, is_dry_run=is_dry_run)

    def statuses(self) -> list[str]:
        found = log.list_notices(self.bench.store, None)
        return [notice.status.value for notice in reversed(found)]


@pytest.fixture
def mended(bench: Bench) -> Mended:
    """Two notices are held; the adapter has been mended since."""
    broken = an_endpoint(Unreadable("not JSON"))
    for body in (b"1", b"2"):
        receive(broken, replace(NOTICE, body=body), bench.store, NOW)
    return Mended(bench, {"my-shop": an_endpoint(a_reading(an_event(1)))})


def test_held_notices_are_read_again_once_the_adapter_is_mended(
    mended: Mended,
) -> None:
    done = mended.reparse()

    assert Reparsed(n_read=2, n_still_unreadable=0) == done
    assert ["accepted", "duplicate"] == mended.statuses()
    assert [("pending", "")] == mended.bench.words()
    assert 1 == drain(mended.bench.destination, mended.bench.desk())
    assert Reparsed(n_read=0, n_still_unreadable=0) == mended.reparse()


def test_a_dry_run_reads_and_changes_nothing(mended: Mended) -> None:
    done = mended.reparse(is_dry_run=True)

    assert Reparsed(n_read=2, n_still_unreadable=0) == done
    assert ["quarantined", "quarantined"] == mended.statuses()


@pytest.mark.parametrize("fault", [Unreadable("still not"), KeyError("x")])
def test_what_still_cannot_be_read_stays_held(mended: Mended, fault: Exception) -> None:
    mended.endpoints["my-shop"] = an_endpoint(fault)

    assert Reparsed(n_read=0, n_still_unreadable=2) == mended.reparse()
    assert ["quarantined", "quarantined"] == mended.statuses()


def test_notices_of_an_endpoint_that_is_gone_stay_held(mended: Mended) -> None:
    mended.endpoints.clear()

    assert Reparsed(n_read=0, n_still_unreadable=2) == mended.reparse()


@pytest.mark.parametrize("sealed", [None, b"x"])
def test_a_notice_that_does_not_open_stays_held(
    mended: Mended, sealed: bytes | None
) -> None:
    with mended.bench.store.write() as connection:
        first = sa.select(sa.func.min(notices.c.id)).scalar_subquery()
        connection.execute(
            sa.update(notices).where(notices.c.id == first).values(sealed=sealed)
        )

    assert Reparsed(n_read=1, n_still_unreadable=1) == mended.reparse()


def test_a_held_notice_may_turn_out_to_hold_no_event(mended: Mended) -> None:
    mended.endpoints["my-shop"] = an_endpoint(Reading(ignored="ping"))

    assert 2 == mended.reparse().n_read
    assert ["ignored", "ignored"] == mended.statuses()


def test_a_held_notice_keeps_the_time_it_came(mended: Mended) -> None:
    held = next(held_notices(mended.bench.store))

    assert held.notice is not None
    assert NOW == held.notice.received_at


def test_two_who_reparse_at_once_write_it_once(mended: Mended) -> None:
    held = next(held_notices(mended.bench.store))
    arrival = replace(
        an_arrival(an_event(1), key=held.delivery_key), status=NoticeStatus.ACCEPTED
    )
    first = quarantine.let_go(mended.bench.store, held, arrival)
    second = quarantine.let_go(mended.bench.store, held, arrival)

    assert (1, 0) == (first.accepted, first.duplicates)
    assert (0, 1) == (second.accepted, second.duplicates)
    assert ["accepted", "quarantined"] == mended.statuses()


def test_a_replay_of_nothing_sends_nothing(bench: Bench) -> None:
    take(bench.store, an_event(1))
    bench.destination.script = [say(Delivered())]

    assert 0 == replay(bench.store, Filter(), [bench.destination], NOW).n_set_back
