"""The folder of wake-ups on one box: whatever lies in it, the worker goes on."""

from contextlib import suppress
from pathlib import Path
from queue import Empty
from threading import Thread

import pytest
from kombu import Connection

from forwarder.broker import QUEUE, folders, transport
from tests.e2e.box import Box
from tests.e2e.shops import post_all, webhooks

pytestmark = pytest.mark.slow


def test_a_broken_wake_up_does_not_end_the_worker(one_box: Box) -> None:
    one_box.start_all()
    post_all(one_box, webhooks(1))
    one_box.wait_until_drained(10)
    worker = one_box.child("worker")
    queue = one_box.folder / "var" / "broker" / "queue"

    for place, content in enumerate((b"", b"{", b"\xff\xfe")):
        (queue / f"{place}.forwarder.msg").write_bytes(content)
    told = post_all(one_box, webhooks(14))
    one_box.wait_until_drained(10)

    assert ([], 1) == (told.others, told.duplicates)
    assert worker.pid == one_box.child("worker").pid
    assert told.event_ids == {line.event_id for line in one_box.lines()}
    assert [] == one_box.crashes()


def test_a_wake_up_is_never_seen_before_it_is_whole(tmp_path: Path) -> None:
    n = 500
    settings = transport("", tmp_path)
    options = settings["broker_transport_options"]
    found = []

    def publish() -> None:
        with Connection(settings["broker_url"], transport_options=options) as line:
            channel = line.channel()
            for place in range(n):
                channel._put(QUEUE, {"place": place})  # noqa: SLF001

    with Connection(settings["broker_url"], transport_options=options) as line:
        channel = line.channel()
        writer = Thread(target=publish)
        writer.start()
        while len(found) < n and (writer.is_alive() or channel._size(QUEUE)):  # noqa: SLF001
            with suppress(Empty):
                found.append(channel._get(QUEUE)["place"])  # noqa: SLF001
        writer.join()

    assert list(range(n)) == found
    assert [] == list(folders(tmp_path)[0].iterdir())
