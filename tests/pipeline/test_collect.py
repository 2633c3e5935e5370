from collections.abc import Sequence
from threading import Event

import pytest

from forwarder.core.mirror import MirrorEvent
from forwarder.pipeline import collect
from forwarder.pipeline.collect import MirrorQueue
from forwarder.store.writer import StoreDown
from tests.store.test_mirror import SEEN


class Disk:
    """Takes batches, or fails as often as it was told to."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.batches: list[Sequence[MirrorEvent]] = []
        self.is_written = Event()
        self.has_failed = Event()

    def __call__(self, batch: Sequence[MirrorEvent]) -> None:
        if self.faults:
            self.has_failed.set()
            raise self.faults.pop()
        self.batches.append(batch)
        self.is_written.set()


def test_what_waits_is_written_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "BATCH_MAX", 2)
    disk = Disk()
    queue = MirrorQueue(disk, every_s=60)
    for _ in range(5):
        assert queue.put(SEEN)
    queue.stop()

    assert [2, 2, 1] == [len(batch) for batch in disk.batches]


def test_a_database_that_is_down_is_tried_again_in_order() -> None:
    disk = Disk(StoreDown("gone"), StoreDown("gone"))
    queue = MirrorQueue(disk, every_s=0.01, later_s=0.01)
    queue.put(SEEN)

    assert disk.is_written.wait(5)
    queue.stop()
    assert [[SEEN]] == disk.batches


def test_a_full_queue_takes_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "WAITING_MAX", 2)
    queue = MirrorQueue(Disk(), every_s=60)

    assert [True, True, False] == [queue.put(SEEN) for _ in range(3)]
    queue.stop()


def test_a_batch_that_can_never_be_written_does_not_stop_the_rest() -> None:
    disk = Disk(ValueError("no"))
    queue = MirrorQueue(disk, every_s=0.01)
    queue.put(SEEN)
    assert disk.has_failed.wait(5)
    queue.put(SEEN)

    assert disk.is_written.wait(5)
    queue.stop()
    assert 1 == len(disk.batches)
