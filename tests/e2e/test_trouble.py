"""Thousands of webhooks through crashes and a platform that fails in every way.

In the end each answered one has arrived once, and nothing waits.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from random import Random  # noqa: TID251 - with a seed that is written down
from time import sleep
from typing import Any

import pytest
import sqlalchemy as sa

from forwarder.core.delivery import Status
from forwarder.store.schema import deliveries
from tests.e2e.box import Box
from tests.e2e.processes import wait_until
from tests.e2e.shops import Told, Webhook, in_sum, post_all, webhooks

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

SEED = 20_261_121
N = 5_000
REPEAT_EVERY = 25
DRAINED_WITHIN_S = 120.0
FAULTS: list[Mapping[str, object]] = [
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
REASONS = {"rejected", "attempts_exhausted"}
CRASH = "the worker crashes in the middle of a request"
WEB_REASONS = {"rejected", "attempts_exhausted"}
WEB_CRASH = "the web crashes"
N_CRASHES = 3
HANG: Mapping[str, object] = {"fault": "hang_after_accept", "seconds": 60}
Trouble = Mapping[str, object] | str


def parts(random: Random, n_parts: int) -> list[list[Webhook]]:
    """Return the webhooks in parts; some come twice, the second time later."""
    found: list[list[Webhook]] = [[] for _ in range(n_parts)]
    for webhook in webhooks(N):
        place = random.randrange(n_parts)
        found[place].append(webhook)
        if webhook.serial % REPEAT_EVERY == 0:
            found[random.randrange(place, n_parts)].append(webhook)
    return found


def go_through(box: Box, random: Random) -> list[Told]:
    """Let each trouble happen once, while shops go on posting."""
    troubles: list[Trouble] = [*FAULTS, *[CRASH] * N_CRASHES, WEB_CRASH]
    random.shuffle(troubles)
    told = []
    with ThreadPoolExecutor(1) as pool:
        for trouble, part in zip(troubles, parts(random, len(troubles)), strict=True):
            posting = pool.submit(post_all, box, part)
            happen(box, trouble, random)
            told.append(posting.result())
    return told


def happen(box: Box, trouble: Trouble, random: Random) -> None:
    if trouble == WEB_CRASH:
        sleep(random.random() / 2)
        box.kill("web")
        return
    box.order(HANG if isinstance(trouble, str) else trouble)
    wait_until("the fault has come", lambda: has_come(box), 60, 0.2)
    if trouble == CRASH:
        sleep(random.random() / 2)
        pid = box.kill("worker")
        box.clear_faults()
        box.let_leases_lapse(pid)


def has_come(box: Box) -> bool:
    box.let_time_pass()
    return box.n_faults() == 0


def claims_left(box: Box) -> int:
    query = sa.select(sa.func.count()).where(deliveries.c.claim_id.is_not(None))
    with box.store.read() as connection:
        n: int = connection.execute(query).scalar_one()
    return n


def test_after_every_trouble_each_answered_webhook_has_arrived_once(box: Box) -> None:
    box.start_all()

    told = in_sum(go_through(box, Random(SEED)))  # noqa: S311
    wait_until("all settled", box.hurry, DRAINED_WITHIN_S, 0.5)
    refused = [line for line in box.lines() if line.status is Status.REFUSED]
    before = box.ledger()
    replayed = box.run("events", "replay", "--status", "refused", "--yes")
    wait_until("all settled", box.hurry, DRAINED_WITHIN_S, 0.5)
    lines, ledger = box.lines(), box.ledger(with_events=True)
    events = [one["event"] for one in ledger["events"]]

    assert ([], 0) == (told.others, replayed.returncode)
    assert {"rejected"} <= {line.reason for line in refused} <= REASONS
    assert before["rejected"] > 0
    assert all(line.message for line in refused)
    assert {"delivered": len(told.event_ids)} == box.counts()
    assert told.event_ids == {line.event_id for line in lines}
    assert told.event_ids == {event["event_id"] for event in events}
    assert len(told.event_ids) == ledger["unique"] == len(events)
    assert len(sales(events)) == len(set(sales(events)))
    assert ledger["duplicates"] == ledger["duplicates_identical"]
    assert 0 == claims_left(box)
    assert [] == box.crashes()


def sales(events: list[dict[str, Any]]) -> list[str]:
    """Return the orders that were told: none may stand under two event ids."""
    told = [event for event in events if event["event_name"] == "checkout"]
    return [event["custom_data"]["order_id"] for event in told]
