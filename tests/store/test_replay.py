from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from forwarder.core.delivery import Encoded, Status
from forwarder.store import Store, log, outbox
from forwarder.store import replay as rows
from forwarder.store.inbox import accept
from forwarder.store.log import Filter
from forwarder.store.outbox import Settled, Verdict
from forwarder.store.schema import bodies, payloads
from tests.store.shop import NOW, an_arrival, an_event, take

OLDEST = NOW - timedelta(days=7)
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


def test_a_plan_tells_each_kind_apart(settled: Store) -> None:
    found = rows.plan(settled, Filter(), "main", OLDEST, NOW)

    assert (
        rows.Plan(
            destination="main",
            n_ready=2,
            n_delivered=1,
            n_too_old=1,
            n_cleared=0,
            n_waiting=1,
            n_for_good=1,
        )
        == found
    )


def test_a_plan_counts_whom_retention_has_cleared(settled: Store) -> None:
    with settled.write() as connection:
        connection.execute(sa.delete(bodies))

    found = rows.plan(settled, Filter(), "main", OLDEST, NOW)
    assert (0, 2) == (found.n_ready, found.n_cleared)
    assert 0 == rows.run(settled, Filter(), "main", OLDEST, NOW)


def test_a_run_sets_back_what_the_plan_counted(settled: Store) -> None:
    assert 2 == rows.run(settled, Filter(), "main", OLDEST, NOW)
    assert {
        "1": "pending",
        "2": "pending",
        "3": "skipped",
        "4": "refused",
        "5": "pending",
    } == words(settled)


def test_only_what_was_delivered_keeps_its_bytes(settled: Store) -> None:
    assert 3 == n_of(settled, payloads)

    rows.run(settled, Filter(), "main", OLDEST, NOW)

    assert 2 == n_of(settled, payloads)  # the one too old was not touched


def test_another_destination_is_left_alone(settled: Store) -> None:
    assert 0 == rows.run(settled, Filter(), "other", OLDEST, NOW)


def test_a_set_back_delivery_starts_anew(settled: Store) -> None:
    rows.run(settled, Filter(order_id="2"), "main", OLDEST, NOW)

    line = log.list_deliveries(settled, Filter(order_id="2")).lines[0]
    assert ("", "", 0, NOW, None) == (
        line.reason,
        line.message,
        line.attempts,
        line.next_attempt_at,
        line.settled_at,
    )


def test_what_waits_or_was_refused_can_be_given_up(settled: Store) -> None:
    assert 3 == rows.discard(settled, Filter(), NOW, is_dry_run=True)
    assert "pending" == words(settled)["5"]
    assert 3 == rows.discard(settled, Filter(), NOW, is_dry_run=False)
    assert {
        "1": "delivered",
        "2": "skipped",
        "3": "skipped",
        "4": "skipped",
        "5": "skipped",
    } == words(settled)
    line = log.list_deliveries(settled, Filter(order_id="5")).lines[0]
    assert ("discarded", NOW, None) == (
        line.reason,
        line.settled_at,
        line.next_attempt_at,
    )
    assert 0 == rows.discard(settled, Filter(), NOW, is_dry_run=False)


def test_what_a_worker_holds_is_not_given_up(store: Store) -> None:
    take(store, an_event(1), an_event(2))
    claim = outbox.claim(store, "main", "w1", 1, NOW)

    assert claim is not None
    assert 1 == rows.discard(store, Filter(), NOW, is_dry_run=False)
    settled = [Settled(row=row, verdict=DELIVERED) for row in claim.rows]
    assert 1 == outbox.settle(store, claim, settled, None, NOW)


def test_what_was_given_up_comes_back_only_by_its_reason(settled: Store) -> None:
    rows.discard(settled, Filter(order_id="5"), NOW, is_dry_run=False)

    assert 0 == rows.run(settled, Filter(order_id="5"), "main", OLDEST, NOW)
    named = Filter(order_id="5", reason="discarded")
    assert 1 == rows.run(settled, named, "main", OLDEST, NOW)


def test_giving_up_much_goes_in_pieces(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "CHUNK", 2)
    take(store, *(an_event(number) for number in range(5)))

    assert 5 == rows.discard(store, Filter(), NOW, is_dry_run=False)


def test_rows_given_back_cost_no_attempt(store: Store) -> None:
    take(store, an_event(1))
    claim = outbox.claim(store, "main", "w1", 1, NOW)
    assert claim is not None

    assert 1 == outbox.release(store, claim, claim.rows, NOW)
    again = outbox.claim(store, "main", "w1", 1, NOW)
    assert again is not None
    assert [1] == [row.attempts for row in again.rows]


def test_what_was_delivered_long_ago_is_not_sent_again(settled: Store) -> None:
    later = NOW + timedelta(hours=25)

    found = rows.plan(settled, Filter(), "main", OLDEST, later)

    assert (1, 0, 1) == (found.n_ready, found.n_delivered, found.n_counted)
    assert 1 == rows.run(settled, Filter(), "main", OLDEST, later)
    assert "delivered" == words(settled)["1"]
