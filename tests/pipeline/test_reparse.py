from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from forwarder.core.delivery import NoticeStatus
from forwarder.core.event import Reading, Unreadable
from forwarder.pipeline.drain import drain
from forwarder.pipeline.jobs import Reparsed, Workshop, try_reparse, work
from forwarder.pipeline.receive import Endpoint, receive
from forwarder.pipeline.replay import Asker, start_reparse
from forwarder.store import jobs, notice_log, quarantine
from forwarder.store.jobs import Scope, State
from forwarder.store.log import Filter
from forwarder.store.quarantine import held_notices
from forwarder.store.schema import notices
from tests.pipeline.stand_in import Bench
from tests.pipeline.test_receive import NOTICE, a_reading, an_endpoint
from tests.store.shop import NOW, an_arrival, an_event

EVERYTHING = Filter()


@dataclass(slots=True)
class Mended:
    """Quarantined notices, and the endpoint as it is now."""

    bench: Bench
    endpoints: dict[str, Endpoint] = field(default_factory=dict)

    def shop(self) -> Workshop:
        return Workshop(
            desk=self.bench.desk(),
            endpoints=self.endpoints,
            destinations=[self.bench.destination],
        )

    def reparse(self, wanted: Filter = EVERYTHING) -> tuple[int, dict[str, int]]:
        """Do it; return how many were read, and what was left alone and why."""
        asker = Asker(who="anna")
        job = start_reparse(self.bench.store, Scope(wanted=wanted), asker, NOW)
        work(self.shop(), NOW + timedelta(seconds=5))
        found = jobs.find(self.bench.store, job.id)
        assert found is not None
        assert State.DONE == found.state
        return found.n_done, dict(found.skipped)

    def statuses(self) -> list[str]:
        found = notice_log.list_notices(self.bench.store, None)
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
    assert (2, {}) == mended.reparse()
    assert ["accepted", "duplicate"] == mended.statuses()
    assert [("pending", "")] == mended.bench.words()
    assert 1 == drain(mended.bench.destination, mended.bench.desk())
    assert (0, {}) == mended.reparse()


def test_a_dry_run_reads_and_changes_nothing(mended: Mended) -> None:
    done = try_reparse(mended.shop(), EVERYTHING, NOW)

    assert Reparsed(n_read=2, n_still_unreadable=0) == done
    assert ["quarantined", "quarantined"] == mended.statuses()


@pytest.mark.parametrize("fault", [Unreadable("still not"), KeyError("x")])
def test_what_still_cannot_be_read_stays_held(mended: Mended, fault: Exception) -> None:
    mended.endpoints["my-shop"] = an_endpoint(fault)

    assert (0, {"unreadable": 2}) == mended.reparse()
    assert ["quarantined", "quarantined"] == mended.statuses()


def test_notices_of_an_endpoint_that_is_gone_stay_held(mended: Mended) -> None:
    mended.endpoints.clear()

    assert (0, {"unreadable": 2}) == mended.reparse()


@pytest.mark.parametrize("sealed", [None, b"x"])
def test_a_notice_that_does_not_open_stays_held(
    mended: Mended, sealed: bytes | None
) -> None:
    with mended.bench.store.write() as connection:
        first = sa.select(sa.func.min(notices.c.id)).scalar_subquery()
        connection.execute(
            sa.update(notices).where(notices.c.id == first).values(sealed=sealed)
        )

    assert (1, {"unreadable": 1}) == mended.reparse()


def test_a_held_notice_may_turn_out_to_hold_no_event(mended: Mended) -> None:
    mended.endpoints["my-shop"] = an_endpoint(Reading(ignored="ping"))

    assert (2, {}) == mended.reparse()
    assert ["ignored", "ignored"] == mended.statuses()


def test_a_held_notice_keeps_the_time_it_came(mended: Mended) -> None:
    held = held_notices(mended.bench.store)[0]

    assert held.notice is not None
    assert NOW == held.notice.received_at


def test_two_who_reparse_at_once_write_it_once(mended: Mended) -> None:
    held = held_notices(mended.bench.store)[0]
    arrival = replace(
        an_arrival(an_event(1), key=held.delivery_key), status=NoticeStatus.ACCEPTED
    )
    store = mended.bench.store
    with store.write() as connection:
        first = quarantine.let_go(connection, store, held, arrival)
        second = quarantine.let_go(connection, store, held, arrival)

    assert (1, 0) == (first.accepted, first.duplicates)
    assert (0, 1) == (second.accepted, second.duplicates)
    assert ["accepted", "quarantined"] == mended.statuses()


def test_only_the_notices_of_the_filter_are_read(mended: Mended) -> None:
    elsewhere = Filter(endpoint="other")
    later = Filter(since=NOW + timedelta(seconds=1))

    assert [(0, {}), (0, {})] == [mended.reparse(elsewhere), mended.reparse(later)]
    assert (2, {}) == mended.reparse(
        Filter(
            endpoint="my-shop",
            source="a-source",
            reason="not JSON",
            until=NOW + timedelta(seconds=1),
        )
    )
