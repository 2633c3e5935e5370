"""Thousands of webhooks through crashes and a platform that fails in every way.

In the end each answered one has arrived once, and nothing waits.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from random import Random  # noqa: TID251 - with a seed that is written down
from time import sleep
from typing import Any

import pytest
import sqlalchemy as sa

from forwarder.core.delivery import Status
from forwarder.store.schema import deliveries
from tests.e2e.box import Box, wait_until
from tests.e2e.shops import Told, Webhook, post_all, webhooks

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

SEED = 20_261_121
N = 5_000
REPEAT_EVERY = 25
DRAINED_WITHIN_S = 120.0
ONCE: list[dict[str, object]] = [
    {"fault": "http", "status": 500},
    {"fault": "http", "status": 500, "when": "after"},
    {"fault": "http", "status": 429, "headers": {"Retry-After": "1"}},
    {"fault": "http", "status": 429, "headers": {"Retry-After": "2"}},
    {"fault": "fail_events", "share": 0.1, "message": "Not a good event."},
    {"fault": "fail_events", "share": 0.02, "message": "Not a good event."},
    {"fault": "hang_after_accept", "seconds": 2},
    {"fault": "hang_before_accept", "seconds": 1},
    {"fault": "drop_connection", "when": "before"},
    {"fault": "drop_connection", "when": "after"},
    {"fault": "drop_connection", "when": "mid_body"},
    {"fault": "truncate_events", "n": 3},
    {"fault": "html", "status": 502},
    {"fault": "slow", "seconds": 1},
]
CRASH = "crash"
N_CRASHES = 4


def given(random: Random) -> Iterator[Webhook]:
    """Give the webhooks, some of them twice, the second time a little later."""
    again: list[Webhook] = []
    for webhook in webhooks(N):
        yield webhook
        if webhook.serial % REPEAT_EVERY == 0:
            again.append(webhook)
        if again and random.random() < 0.02:
            yield again.pop(0)
    yield from again


def troubles(random: Random) -> list[dict[str, object] | str]:
    """Return what goes wrong, in an order of its own."""
    found = [*ONCE, *[CRASH] * N_CRASHES]
    random.shuffle(found)
    return found


def crash_in_a_request(box: Box) -> None:
    """Kill the worker while its request is accepted and not answered yet."""
    n_before = box.ledger()["batches"]["count"]
    box.order({"fault": "hang_after_accept", "seconds": 60})
    wait_until("a request hangs", lambda: _n_batches(box) > n_before, 60)
    pid = box.kill("worker")
    box.clear_faults()
    box.let_leases_lapse(pid)


def _n_batches(box: Box) -> int:
    box.let_time_pass()
    n: int = box.ledger()["batches"]["count"]
    return n


def go_through(box: Box, random: Random, posting: Future[Told]) -> None:
    for trouble in troubles(random):
        sleep(random.random() / 2)
        if isinstance(trouble, str):
            crash_in_a_request(box)
        else:
            box.order(trouble)
            box.let_time_pass()
    box.kill("web")
    posting.result()


def is_drained(box: Box) -> bool:
    box.let_time_pass()
    return box.is_drained()


def claims_left(box: Box) -> int:
    query = sa.select(sa.func.count()).where(deliveries.c.claim_id.is_not(None))
    with box.store.read() as connection:
        n: int = connection.execute(query).scalar_one()
    return n


def test_after_every_trouble_each_answered_webhook_has_arrived_once(box: Box) -> None:
    random = Random(SEED)  # noqa: S311
    box.start_all()

    with ThreadPoolExecutor(1) as pool:
        posting = pool.submit(post_all, box, given(random))
        go_through(box, Random(SEED), posting)  # noqa: S311
    told = posting.result()
    wait_until("all settled", lambda: is_drained(box), DRAINED_WITHIN_S, 0.5)
    refused = [line for line in box.lines() if line.status is Status.REFUSED]
    before = box.ledger()
    replayed = box.run("events", "replay", "--status", "refused", "--yes")
    wait_until("all settled", lambda: is_drained(box), DRAINED_WITHIN_S, 0.5)
    lines, ledger = box.lines(), box.ledger(with_events=True)
    events = [one["event"] for one in ledger["events"]]

    assert ([], 0) == (told.others, replayed.returncode)
    assert {"rejected"} == {line.reason for line in refused}
    assert {"Not a good event."} == {line.message for line in refused}
    assert before["rejected"] >= len(refused) > 0
    assert {"delivered": len(told.event_ids)} == box.counts()
    assert told.event_ids == {line.event_id for line in lines}
    assert told.event_ids == {event["event_id"] for event in events}
    assert len(told.event_ids) == ledger["unique"] == len(events)
    assert len(sales(events)) == len(set(sales(events)))
    assert ledger["duplicates"] == ledger["duplicates_identical"]
    assert 0 == claims_left(box)
    assert [] == box.crashes()
    print(
        told.accepted,
        told.duplicates,
        told.repeated,
        len(refused),
        {k: v for k, v in ledger.items() if k != "events"},
        max(l.attempts for l in lines),
    )


def sales(events: list[dict[str, Any]]) -> list[str]:
    """Return the orders that were told: none may stand under two event ids."""
    told = [event for event in events if event["event_name"] == "checkout"]
    return [event["custom_data"]["order_id"] for event in told]
