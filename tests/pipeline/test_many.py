"""A replay of very many, on each database: every one once, whoever dies on the way."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from forwarder.core.delivery import Status
from forwarder.pipeline.jobs import Workshop, work
from forwarder.pipeline.replay import Asker, plan, start_replay
from forwarder.store import Store, jobs, log
from forwarder.store.jobs import Scope, State
from forwarder.store.log import Filter
from forwarder.store.schema import bodies, deliveries
from tests.pipeline.stand_in import Bench
from tests.store.shop import NOW

SCOPE = Scope(wanted=Filter(status=Status.REFUSED))


def fill(store: Store, n: int) -> None:
    """Write n refused deliveries with something sealed beside each."""
    rows = [
        {
            "id": number,
            "notice_id": number,
            "destination": "main",
            "endpoint": "my-shop",
            "source": "shopify",
            "event_id": f"shopify:my-shop:{number}:checkout",
            "kind": "checkout",
            "status": "refused",
            "reason": "invalid" if number % 3 else "rejected",
            "message": "",
            "has_click": False,
            "is_test": False,
            "occurred_at": NOW,
            "received_at": NOW,
            "attempts": 1,
            "mode": "auto",
            "settled_at": NOW,
        }
        for number in range(1, n + 1)
    ]
    sealed = [{"delivery_id": row["id"], "sealed": b"x" * 600} for row in rows]
    with store.write() as connection:
        connection.execute(sa.insert(deliveries), rows)
        connection.execute(sa.insert(bodies), sealed)


def shop_of(bench: Bench) -> Workshop:
    return Workshop(desk=bench.desk(), endpoints={}, destinations=[bench.destination])


@pytest.mark.parametrize("n", [2_000, pytest.param(50_000, marks=pytest.mark.slow)])
def test_a_replay_of_many_survives_a_worker_that_dies(any_bench: Bench, n: int) -> None:
    bench = any_bench
    fill(bench.store, n)
    plans = plan(bench.store, SCOPE, [bench.destination], NOW)
    job = start_replay(bench.store, SCOPE, plans, Asker(who="anna"), NOW)
    died = jobs.take(bench.store, NOW)  # and never comes back

    assert died is not None
    assert (n, [n // 3, n - n // 3]) == (
        plans[0].n_ready,
        sorted(found.n for found in plans[0].found),
    )
    assert 0 == work(shop_of(bench), NOW + timedelta(hours=1))
    bench.clock.now += jobs.LEASE
    assert n == work(shop_of(bench), NOW + timedelta(hours=1))
    done = jobs.find(bench.store, job.id)
    assert done is not None
    assert (State.DONE, n, n) == (done.state, done.n_done, done.n_planned)
    assert {"pending": n} == log.count_by_status(bench.store, Filter())
