"""A source gone quiet is noticed within hours, and a usual day is no alarm."""

import math
from datetime import UTC, datetime, timedelta
from random import Random  # noqa: TID251 - with a seed that is written down

import pytest

from forwarder.alerts.quiet import HOUR, chance_of_at_most, judge

START = datetime(2026, 9, 1, tzinfo=UTC)
SEED = 20_261_122
DAYS = 70


def at_hour(hour: int) -> float:
    """How busy an hour of the day is, as a share of the usual."""
    return 0.1 if hour < 6 else 1.4


def events(per_week: float, seed: int = SEED, days: int = DAYS) -> dict[datetime, int]:
    """Events of a shop that sleeps at night."""
    random = Random(seed)  # noqa: S311
    per_hour = per_week / 168
    found = {}
    for number in range(days * 24):
        hour = START + number * HOUR
        n = poisson(random, per_hour * at_hour(hour.hour))
        if n:
            found[hour] = n
    return found


def poisson(random: Random, mean: float) -> int:
    if mean > 50:
        return max(0, round(random.gauss(mean, math.sqrt(mean))))
    n, product, least = 0, random.random(), math.exp(-mean)
    while product > least:
        n += 1
        product *= random.random()
    return n


def silent_after(hours: dict[datetime, int], end: datetime, most_h: int) -> int | None:
    """After how many hours of silence it is noticed."""
    before = {hour: n for hour, n in hours.items() if hour < end}
    for silent_h in range(1, most_h + 1):
        if judge(before, end + silent_h * HOUR).word == "quiet":
            return silent_h
    return None


@pytest.mark.parametrize(
    ("per_week", "within_h"), [(10_000, 3), (1_000, 12), (300, 24), (30, 72)]
)
def test_a_source_gone_quiet_is_noticed(per_week: float, within_h: int) -> None:
    at_noon = START + timedelta(days=65, hours=12)
    found = silent_after(events(per_week), at_noon, within_h)

    assert found is not None


@pytest.mark.parametrize("per_week", [10_000, 1_000, 100, 10])
def test_two_usual_weeks_are_no_alarm(per_week: float) -> None:
    hours = events(per_week)
    n_alarms, was_bad = 0, False
    for number in range(56 * 24, DAYS * 24, 2):
        at = START + number * HOUR
        seen = {hour: n for hour, n in hours.items() if hour < at}
        is_bad = judge(seen, at).word in {"quiet", "fewer"}
        n_alarms += is_bad and not was_bad
        was_bad = is_bad

    assert 0 == n_alarms


def test_a_drop_to_a_fifth_is_noticed_though_something_still_comes() -> None:
    hours = events(10_000)
    end = START + timedelta(days=65, hours=18)
    fewer = {h: n if h < end - 6 * HOUR else n // 5 for h, n in hours.items()}
    verdict = judge({h: n for h, n in fewer.items() if h < end}, end)

    assert "fewer" == verdict.word
    assert verdict.n < verdict.expected / 2


def test_one_bad_week_before_does_not_hide_the_next_outage() -> None:
    hours = events(10_000)
    end = START + timedelta(days=65, hours=18)
    outage = end - timedelta(weeks=2)
    holed = {h: n for h, n in hours.items() if not outage - 24 * HOUR <= h < outage}

    assert silent_after(holed, end, 3) is not None


def test_a_source_that_never_sent_anything_is_never_quiet() -> None:
    assert "never" == judge({}, START).word


def test_few_events_are_not_judged() -> None:
    hours = {START + timedelta(days=3 * n): 1 for n in range(10)}

    assert "few_data" == judge(hours, START + timedelta(days=60)).word


def test_a_young_source_is_judged_by_its_own_pauses() -> None:
    hours = {
        hour: n for hour, n in events(500, days=5).items() if hour.hour not in range(6)
    }
    end = START + timedelta(days=5)

    assert "usual" == judge(hours, end).word
    assert "usual" == judge(hours, end + 7 * HOUR).word
    assert "quiet" == judge(hours, end + 24 * HOUR).word


@pytest.mark.parametrize("expected", [0.5, 12.0, 400.0, 5_000.0])
def test_chances_add_up(expected: float) -> None:
    chances = [chance_of_at_most(n, expected) for n in (0, expected / 2, 2 * expected)]

    assert chances == sorted(chances)
    assert 0 <= chances[0] <= chances[-1] <= 1
    assert chances[-1] > 0.9 or expected < 1
    if expected < 100:
        assert math.isclose(chances[0], math.exp(-expected))


def test_nothing_expected_is_no_wonder() -> None:
    assert 1.0 == chance_of_at_most(0, 0)
