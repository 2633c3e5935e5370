from datetime import UTC, datetime, timedelta
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from forwarder.core.backoff import (
    ASKED_MAX_S,
    ASKED_MIN_S,
    ATTEMPTS_MAX,
    JITTER_SHARE,
    WAITS_S,
    retry_at,
)

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
JITTERS = st.floats(0, 1, exclude_max=True)


def wait_s(attempts: int, asked_s: float | None = None, jitter: float = 0.5) -> float:
    return (retry_at(attempts, NOW, asked_s, jitter) - NOW).total_seconds()


def test_the_schedule_is_the_published_one() -> None:
    waits = [wait_s(attempts) for attempts in range(1, ATTEMPTS_MAX)]

    assert [30, 120, 600, 1800, 7200, 21600, 43200, 86400, 86400] == waits
    assert timedelta(hours=68, minutes=42, seconds=30) == timedelta(seconds=sum(waits))


def test_five_attempts_fall_into_the_first_hour_with_any_luck() -> None:
    worst = accumulate(wait_s(attempts, jitter=0.9999) for attempts in range(1, 5))

    assert 51.1 * 60 > list(worst)[-1]


@given(attempts=st.integers(1, ATTEMPTS_MAX - 1), jitter=JITTERS)
def test_every_wait_is_within_a_fifth_of_its_step(attempts: int, jitter: float) -> None:
    step = WAITS_S[attempts - 1]

    found = wait_s(attempts, jitter=jitter)

    assert step * (1 - JITTER_SHARE) - 1e-6 <= found <= step * (1 + JITTER_SHARE)


@given(attempts=st.integers(-5, 100), jitter=JITTERS)
def test_any_number_of_attempts_has_a_wait(attempts: int, jitter: float) -> None:
    found = wait_s(attempts, jitter=jitter)

    assert 24 - 1e-6 <= found <= 86_400 * 1.2


@given(attempts=st.integers(1, 20), asked_s=st.floats(allow_nan=False), jitter=JITTERS)
def test_what_is_asked_for_wins_within_its_bounds(
    attempts: int, asked_s: float, jitter: float
) -> None:
    asked = min(max(asked_s, ASKED_MIN_S), ASKED_MAX_S)

    found = wait_s(attempts, asked_s, jitter)

    assert asked - 1e-6 <= found <= asked * (1 + JITTER_SHARE) + 1e-6


def test_a_wish_that_is_no_number_is_no_wish() -> None:
    assert wait_s(1) == wait_s(1, float("nan"))
