import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forwarder.store.migrate import NEWEST, current_version
from workers import state
from workers.state import Every, Turns

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)


def test_work_is_done_once_when_nobody_asks_meanwhile() -> None:
    done: list[int] = []
    turns = Turns()

    assert turns.take("main", lambda: done.append(1))
    assert turns.take("main", lambda: done.append(2))
    assert [1, 2] == done


def test_who_asks_meanwhile_gets_another_round_by_whoever_is_at_it() -> None:
    turns = Turns()
    answers: list[bool] = []
    rounds: list[int] = []

    def work() -> None:
        rounds.append(1)
        if len(rounds) == 1:
            answers.extend(turns.take("main", work) for _ in range(3))

    assert turns.take("main", work)
    assert ([False] * 3, 2) == (answers, len(rounds))


def test_another_thing_can_be_worked_on_meanwhile() -> None:
    turns = Turns()
    answers: list[bool] = []

    turns.take("main", lambda: answers.append(turns.take("other", lambda: None)))

    assert [True] == answers


def test_a_fault_leaves_the_place_free() -> None:
    turns = Turns()

    def fail() -> None:
        turns.take("main", fail)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        turns.take("main", fail)
    assert turns.take("main", lambda: None)


def test_no_two_threads_work_on_one_thing_and_no_call_is_lost() -> None:
    turns = Turns()
    n_inside, worst, n_rounds = 0, 0, 0
    asked = threading.Event()

    def work() -> None:
        nonlocal n_inside, worst, n_rounds
        n_inside += 1
        worst = max(worst, n_inside)
        asked.wait()
        n_rounds += 1
        n_inside -= 1

    threads = [
        threading.Thread(target=turns.take, args=("main", work)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    asked.set()
    for thread in threads:
        thread.join()

    assert 1 == worst
    assert n_rounds >= 1


def test_it_is_time_once_a_period() -> None:
    every = Every(timedelta(seconds=5))
    seconds = [0, 1, 4.9, 5, 9.9, 10, 10]

    due = [every.is_due(NOW + timedelta(seconds=second)) for second in seconds]

    assert [True, False, False, True, False, True, False] == due


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process that has not been asked to end."""
    monkeypatch.setattr(state, "_stopping", threading.Event())
    state._wired.cache_clear()  # noqa: SLF001
    yield
    state._wired.cache_clear()  # noqa: SLF001


@pytest.mark.usefixtures("running")
def test_a_process_that_is_asked_to_end_knows_it() -> None:
    assert not state.is_stopping()
    assert not state.rest(0)
    state.stop()
    assert state.is_stopping()
    assert state.rest(60)


@pytest.mark.usefixtures("running")
def test_a_process_is_wired_once_with_its_tables_there(
    settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORWARDER_CONFIG", str(settings_file))

    first, second = state.wired(), state.wired()

    assert first is second
    assert NEWEST == current_version(first.store)
    first.store.close()
