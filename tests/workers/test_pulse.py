"""A worker that takes nothing notices it, and ends."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from workers import pulse as own
from workers.ear import DEAF_S, Ear
from workers.pulse import EXIT_CODE, STUCK_S, Pulse, Watchdog, end_process, taken_note


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pulse(clock: Clock) -> Pulse:
    return Pulse(clock)


def test_who_looks_for_work_is_well(pulse: Pulse, clock: Clock) -> None:
    for _ in range(10):
        clock.now_s += STUCK_S - 1
        pulse.look()

    assert "" == pulse.fault()


def test_who_does_not_come_back_from_a_look_should_end(
    pulse: Pulse, clock: Clock
) -> None:
    clock.now_s += STUCK_S + 1

    assert "no look for work came to its end for 60 s" == pulse.fault()


def test_a_long_drain_is_work_as_long_as_it_moves(pulse: Pulse, clock: Clock) -> None:
    pulse.is_overdue = True
    for _ in range(20):
        clock.now_s += STUCK_S / 2
        pulse.work()

    assert "" == pulse.fault()


def test_who_looks_and_sends_nothing_of_what_is_due_should_end(
    pulse: Pulse, clock: Clock
) -> None:
    pulse.is_overdue = True
    for _ in range(13):
        clock.now_s += 5
        pulse.look()

    assert "deliveries are due and none was sent for 60 s" == pulse.fault()
    pulse.is_overdue = False
    assert "" == pulse.fault()


def test_word_is_left_for_the_next_one_and_taken_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    end_process("stuck", tmp_path)

    assert [EXIT_CODE] == codes
    assert ["stuck", ""] == [taken_note(tmp_path) for _ in range(2)]


def test_the_end_needs_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    end_process("stuck", tmp_path / "gone")

    assert [EXIT_CODE] == codes


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    ours, theirs = os.pipe()
    os.set_blocking(ours, False)
    monkeypatch.setenv("FORWARDER_PULSE_FD", str(theirs))
    yield ours
    os.close(ours)
    os.close(theirs)


def test_serve_gets_a_sign_of_life_while_all_is_well(
    pipe: int, pulse: Pulse, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own, "pulse", pulse)
    ends: list[str] = []
    seconds = iter([1, 1, STUCK_S])

    def rest(_: float) -> bool:
        clock.now_s += next(seconds)
        return False

    Watchdog(ends.append, rest)._run()  # noqa: SLF001

    assert ["no look for work came to its end for 60 s"] == ends
    assert b".." == os.read(pipe, 9)


def test_the_watchdog_ends_a_process_for_another_fault_as_well(
    pulse: Pulse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own, "pulse", pulse)
    ends: list[str] = []
    faults = iter(["", "the disk did not confirm a write"])
    Watchdog(ends.append, lambda _: False, lambda: next(faults))._run()  # noqa: SLF001

    assert ["the disk did not confirm a write"] == ends


class Broker:
    """Says how many wake-ups wait, or raises."""

    def __init__(self) -> None:
        self.n_waiting = 0
        self.is_down = False

    def __call__(self) -> int:
        if self.is_down:
            raise ConnectionRefusedError
        return self.n_waiting


def test_a_broker_that_is_down_is_told_and_no_reason_to_end(
    pulse: Pulse, clock: Clock
) -> None:
    broker = Broker()
    ear = Ear(broker, pulse, lambda: False)
    broker.is_down = True
    for _ in range(5):
        clock.now_s += 8
        assert "" == ear.listen(clock())

    assert 32 == ear.down_s(clock())
    broker.is_down = False
    assert "" == ear.listen(clock())
    assert 0 == ear.down_s(clock())


def test_who_hears_nothing_of_what_waits_is_deaf_within_half_a_minute(
    pulse: Pulse, clock: Clock
) -> None:
    broker = Broker()
    broker.n_waiting = 3
    ear = Ear(broker, pulse, lambda: False)
    told = []
    for _ in range(4):
        clock.now_s += 5
        told.append(ear.listen(clock()))

    assert ["", "", ""] == told[:3]
    assert "3 wake-ups lie at the broker and none was heard" == told[3]


def test_a_busy_or_hearing_worker_is_not_deaf(pulse: Pulse, clock: Clock) -> None:
    broker = Broker()
    broker.n_waiting = 3
    busy = Ear(broker, pulse, lambda: True)
    hearing = Ear(broker, pulse, lambda: False)
    for _ in range(6):
        clock.now_s += DEAF_S / 2
        assert "" == busy.listen(clock())
        pulse.hear()
        assert "" == hearing.listen(clock())
