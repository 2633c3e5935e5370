"""Many that do the same at once: one request for all, and nothing twice."""

import pytest

from tests.e2e.box import Box
from tests.e2e.processes import is_open, wait_until
from tests.e2e.shops import post_all, webhooks

pytestmark = pytest.mark.slow


def test_a_thousand_waiting_events_leave_in_one_request(box: Box) -> None:
    box.upgrade()
    box.start_sandbox()
    box.start_web()

    told = post_all(box, webhooks(500, ["kit"]))  # two events in each
    before = box.ledger()["requests"]
    box.start("worker", *([] if box.broker_url else ["--beat"]))
    box.wait_until_drained()
    ledger = box.ledger()

    assert (1000, 0, []) == (told.accepted, before, told.others)
    assert (1, {"count": 1, "max": 1000}) == (ledger["requests"], ledger["batches"])
    assert 1000 == ledger["unique"]
    assert {1} == {line.attempts for line in box.lines()}


def test_two_workers_and_two_beats_send_nothing_twice(box: Box) -> None:
    upgraded = box.run("db", "upgrade")
    started = [box.start("sandbox", f"--port={box.sandbox_port}")]
    started += [box.start("web", f"--port={box.port}")]
    for _ in range(2):
        started += [box.start("worker"), box.start("beat")]
    box.wait_for(started[0], lambda: is_open(box.sandbox_port))
    box.wait_for(started[1], box.answers)
    wait_until("both work", lambda: len(box.workers()) == 2, 30)

    told = post_all(box, webhooks(500))
    box.wait_until_drained()
    ledger, lines = box.ledger(), box.lines()

    assert (0, []) == (upgraded.returncode, told.others)
    assert told.event_ids == {line.event_id for line in lines}
    assert len(told.event_ids) == len(lines) == ledger["unique"]
    assert 0 == ledger["duplicates"]
    assert {1} == {line.attempts for line in lines}
    assert all(one.process.poll() is None for one in started)
    assert [] == list(box.folder.rglob("*beat*schedule*"))
    assert [] == box.crashes()
