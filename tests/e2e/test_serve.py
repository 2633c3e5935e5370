"""`forwarder serve`: one command that keeps its children running, and ends them all."""

from time import monotonic

import pytest

from tests.e2e.box import Box
from tests.e2e.processes import STOP_WITHIN_S, is_alive, is_open, wait_until
from tests.e2e.shops import post_all, webhooks

pytestmark = pytest.mark.slow

AGAIN_WITHIN_S = 30.0


def test_serve_refuses_to_start_twice_on_a_folder_or_a_port(
    one_box: Box, tmp_path_factory: pytest.TempPathFactory
) -> None:
    one_box.start_all()
    serve = one_box.the("serve")

    with Box(tmp_path_factory.mktemp("other"), port=one_box.port) as other:
        same_folder = one_box.run("serve", "--port=0")
        same_port = other.run("serve", f"--port={one_box.port}")

    assert (2, 2) == (same_folder.returncode, same_port.returncode)
    assert f"process {serve.pid}" in same_folder.stderr
    assert f"port {one_box.port}" in same_port.stderr
    assert one_box.is_ready()
    assert "Traceback" not in same_folder.stderr + same_port.stderr


def test_serve_starts_a_killed_child_again_and_then_stops_within_30_seconds(
    one_box: Box,
) -> None:
    one_box.start_all()
    serve = one_box.the("serve")

    for role in ("web", "worker"):
        one_box.kill(role)
        wait_until("ready again", one_box.is_ready, AGAIN_WITHIN_S)
    told = post_all(one_box, webhooks(7))
    one_box.wait_until_drained()
    worker = one_box.child("worker")
    at_s = monotonic()
    code = serve.stop()

    assert ([], 0) == (told.others, code)
    assert told.event_ids == {line.event_id for line in one_box.lines()}
    assert monotonic() - at_s < STOP_WITHIN_S
    assert [] == serve.left()
    assert not is_alive(worker)
    assert not is_open(one_box.port)
    assert [] == one_box.crashes()


def test_a_stop_in_the_middle_of_a_request_loses_and_doubles_nothing(
    one_box: Box,
) -> None:
    one_box.start_all()
    one_box.order({"fault": "hang_after_accept", "seconds": 3, "times": 1})

    told = post_all(one_box, webhooks(1))
    wait_until("the sandbox has it", lambda: one_box.ledger()["unique"] == 1, 10)
    code = one_box.the("serve").stop()

    assert (1, 0) == (told.accepted, code)
    assert {"delivered": 1} == one_box.counts()
    assert 0 == one_box.ledger()["duplicates"]
    assert [] == one_box.the("serve").left()


def test_the_children_end_when_the_supervisor_is_killed(one_box: Box) -> None:
    one_box.start_all()
    serve = one_box.the("serve")

    serve.kill()
    wait_until("the children end", lambda: not serve.left(), STOP_WITHIN_S)

    assert not is_open(one_box.port)
    assert [] == one_box.crashes()
