"""The worker's own bell."""

import threading

import pytest
from structlog.testing import capture_logs

from workers import poll


class Bell:
    """Stands in for the wait between two looks and ends after some of them."""

    def __init__(self, n_looks: int) -> None:
        self.n_left = n_looks

    def __call__(self, seconds: float) -> bool:
        assert poll.EVERY_S == seconds

        self.n_left -= 1
        return self.n_left == 0


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was looked at, in order; nothing is really done."""
    found: list[str] = []
    for name in ("drain", "enrich", "sweep"):
        monkeypatch.setattr(poll, name, lambda name=name: found.append(name))
    monkeypatch.setattr(poll, "upkeep", lambda: None)
    return found


def test_a_look_sends_and_enriches_and_seldom_sweeps(
    done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poll, "rest", Bell(poll.SWEEP_EVERY))

    poll.poll()

    assert poll.SWEEP_EVERY == done.count("drain") == done.count("enrich")
    assert ["drain", "enrich", "sweep"] == done[-3:]
    assert 1 == done.count("sweep")


def test_a_fault_does_not_end_the_looks(
    done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        done.append("drain")
        raise OSError("somebody@example.com was here")

    monkeypatch.setattr(poll, "drain", fail)
    monkeypatch.setattr(poll, "rest", Bell(2))

    with capture_logs() as logs:
        poll.poll()

    assert ["drain", "enrich", "drain", "enrich"] == done
    assert ["OSError", "OSError"] == [line["fault"] for line in logs]


def test_a_worker_that_ends_by_itself_ends_the_looks_at_once(
    done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping = threading.Event()
    looks = threading.Thread(target=poll.poll)
    monkeypatch.setattr(poll, "rest", stopping.wait)
    monkeypatch.setattr(poll, "stop", stopping.set)
    monkeypatch.setattr(poll, "_thread", looks)
    looks.start()

    poll._end()  # noqa: SLF001 - Celery calls it

    assert not looks.is_alive()
    assert ["drain", "enrich"] == done
