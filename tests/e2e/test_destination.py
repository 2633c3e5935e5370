"""A platform that is ill for a while, and one that a person leaves alone."""

import pytest

from forwarder.core.delivery import Status
from forwarder.store import health, jobs
from forwarder.store.jobs import State
from tests.e2e.box import Box
from tests.e2e.processes import wait_until
from tests.e2e.shops import post_all, webhooks

pytestmark = pytest.mark.slow

N = 2_000


def state(box: Box) -> str:
    known = health.health_of(box.store, "main")
    return "" if known is None else known.state


def is_open(box: Box) -> bool:
    """Say whether it is left alone; until then, hurry to the next attempt."""
    if state(box) != health.OPEN:
        box.let_time_pass()
    return state(box) == health.OPEN


def test_a_sick_platform_is_left_alone_until_one_event_gets_through(
    one_box: Box,
) -> None:
    one_box.start_all()
    one_box.order({"fault": "http", "status": 503, "times": 20})
    told = post_all(one_box, webhooks(21))
    wait_until("the breaker is open", lambda: is_open(one_box), 40, 0.2)
    calls, attempts = one_box.n_faults(), [line.attempts for line in one_box.lines()]
    one_box.clear_faults()
    more = post_all(one_box, list(webhooks(42))[21:])
    wait_until("all settled", one_box.hurry, 60, 0.5)

    assert ([], []) == (told.others, more.others)
    assert calls > 0  # not all of the twenty were asked for
    assert max(attempts) <= 6
    assert health.ACTIVE == state(one_box)
    assert {"delivered"} == one_box.counts().keys()
    assert told.event_ids | more.event_ids == {x.event_id for x in one_box.lines()}
    assert 0 == one_box.ledger()["duplicates"]


def test_a_paused_destination_keeps_everything_and_a_replay_outlives_its_worker(
    one_box: Box,
) -> None:
    one_box.start_all()
    paused = one_box.run("destinations", "pause", "main", "--because", "a test")
    told = post_all(one_box, webhooks(N))
    waiting = one_box.counts()
    calls = one_box.ledger()["requests"]
    resumed = one_box.run("destinations", "resume", "main")
    one_box.wait_until_drained(60)
    asked = one_box.run(
        *("events", "replay", "--status", "delivered", "--yes", "--no-wait"),
        *("--rate", str(N // 4)),
    )
    wait_until("the job is at work", lambda: one_job(one_box).n_done > 0, 20, 0.05)
    one_box.kill("worker")
    wait_until("the job is done", lambda: one_job(one_box).is_over, 60, 0.2)
    one_box.wait_until_drained(60)
    ledger = one_box.ledger()

    assert ([], 0, 0) == (told.others, paused.returncode, resumed.returncode)
    assert (0, {"pending": len(told.event_ids)}) == (calls, waiting)
    assert 0 == asked.returncode, asked.stderr
    job = one_job(one_box)
    assert (State.DONE, len(told.event_ids)) == (job.state, job.n_done)
    assert {Status.DELIVERED} == {line.status for line in one_box.lines()}
    assert len(told.event_ids) == ledger["unique"]
    assert ledger["duplicates"] == ledger["duplicates_identical"]
    assert len(told.event_ids) <= ledger["duplicates"]


def one_job(box: Box) -> jobs.Job:
    (found,) = jobs.list_jobs(box.store)
    return found
