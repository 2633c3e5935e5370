"""A token that was taken away: everything waits, a person is told, nothing is lost."""

import pytest

from forwarder.core.delivery import Status
from tests.e2e.box import Box
from tests.e2e.processes import wait_until
from tests.e2e.shops import post_all, webhooks

pytestmark = pytest.mark.slow


def test_a_new_token_and_a_restarted_worker_send_what_waited(one_box: Box) -> None:
    one_box.start_all()
    one_box.order({"fault": "http", "status": 401, "times": None})

    told = post_all(one_box, webhooks(21))
    wait_until("blocked", lambda: {"blocked"} == one_box.counts().keys(), 20)
    lines = one_box.lines()
    calls = one_box.ledger()["requests"]
    more = post_all(one_box, list(webhooks(28))[21:])
    sick = one_box.run("doctor")
    is_ready = one_box.is_ready()
    told_calls = one_box.ledger()["requests"]
    one_box.clear_faults()
    one_box.token = "pina_EXAMPLE2"
    one_box.write_settings()
    one_box.child("worker").terminate()
    one_box.wait_until_drained(30)
    well = one_box.run("doctor")

    assert ([], []) == (told.others, more.others)
    assert {(Status.BLOCKED, "auth", 0)} == {
        (line.status, line.reason, line.attempts) for line in lines
    }
    assert (1, False) == (sick.returncode, is_ready)
    assert "token" in sick.stdout
    assert calls == told_calls  # not one call more, whoever posts meanwhile
    assert 0 == well.returncode, well.stdout
    assert one_box.is_ready()
    assert told.event_ids | more.event_ids == {x.event_id for x in one_box.lines()}
    assert {"delivered"} == one_box.counts().keys()
    assert len(one_box.lines()) == one_box.ledger()["unique"]
    assert 0 == one_box.ledger()["duplicates"]
    for token in ("pina_EXAMPLE1", "pina_EXAMPLE2"):
        assert not [line for line in one_box.logged() if token in line]
