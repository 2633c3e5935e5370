import random  # noqa: TID251  seeded simulations
from math import log

import pytest

from forwarder.insights.eprocess import Day, State, Terms, Verdict, follow, judge

TERMS = Terms(rho=0.002)
THRESHOLD = 2.995732
WORKED = [
    # impressions and clicks of both arms; ln E, dispersion, L after the day
    (3000, 6, 6000, 20, 0.0, 0.0),
    (3200, 9, 6100, 31, 1.308316, 0.999911),
    (2800, 4, 5900, 19, 2.474882, 2.076173),
    (3100, 5, 6200, 30, 5.189023, 5.189023),
    (2900, 8, 5800, 18, 4.295482, 4.295482),
    (3000, 5, 6000, 27, 6.528669, 6.528669),
    (3050, 7, 6150, 25, 7.494629, 7.494629),
]


def arms_of(rows: list[tuple[int, int, int, int]]) -> list[list[Day | None]]:
    return [[Day(m, y) for m, y, *_ in rows], [Day(m, y) for *_, m, y in rows]]


def same_day(n_days: int, *row: int) -> list[list[Day | None]]:
    m_a, y_a, m_b, y_b = row
    return arms_of([(m_a, y_a, m_b, y_b)] * n_days)


def test_the_worked_example_comes_out_day_by_day() -> None:
    rows = [row[:4] for row in WORKED]
    verdicts = list(follow(arms_of(rows), TERMS))[1:]

    assert len(WORKED) == len(verdicts)
    for row, verdict in zip(WORKED, verdicts, strict=True):
        assert row[4] == pytest.approx(verdict.log_e, abs=1e-6)
        assert row[5] == pytest.approx(verdict.l, abs=1e-6)
    assert THRESHOLD == pytest.approx(verdicts[-1].threshold, abs=1e-6)
    assert (State.CONCLUSIVE, 7, 1) == told(verdicts[-1])
    assert {State.COLLECTING} == {verdict.state for verdict in verdicts[:-1]}


def told(verdict: Verdict) -> tuple[State, int, int | None]:
    return verdict.state, verdict.day, verdict.winner


@pytest.mark.parametrize(
    ("row", "day", "expected_l"),
    [
        ((3000, 6, 3000, 12), 7, 6.117014),
        ((500, 1, 500, 2), 19, 3.005866),
        ((3000, 6, 6000, 24), 7, 7.882941),
    ],
)
def test_the_same_day_over_and_over_is_decided_when_the_reference_says(
    row: tuple[int, int, int, int], day: int, expected_l: float
) -> None:
    verdict = judge(same_day(21, *row), TERMS)

    assert (State.CONCLUSIVE, day, 1) == told(verdict)
    assert expected_l == pytest.approx(verdict.l, abs=1e-6)


def test_equal_arms_win_nothing() -> None:
    verdict = judge(same_day(21, 3000, 6, 3000, 6), TERMS)

    assert (State.DIRECTIONAL, 21, None) == told(verdict)
    assert 0 == pytest.approx(verdict.l, abs=1e-12)


def test_equal_arms_end_as_futile_once_the_ratio_is_known_well() -> None:
    verdict = judge(same_day(40, 30_000, 60, 30_000, 60), TERMS)

    assert (State.FUTILE, 28, None) == told(verdict)


def test_restless_days_count_for_less() -> None:
    a = (2, 12, 1, 13, 3, 9, 2, 6)
    b = (20, 4, 22, 9, 15, 3, 21, 14)
    verdict = judge(
        arms_of([(3000, x, 3000, y) for x, y in zip(a, b, strict=True)]), TERMS
    )

    assert (State.DIRECTIONAL, 8, None) == told(verdict)
    assert pytest.approx(-9.071399, abs=1e-6) == verdict.log_e
    assert pytest.approx(-2.273865, abs=1e-6) == verdict.l


def test_swapped_arms_swap_the_winner_and_nothing_else() -> None:
    one, other = arms_of([row[:4] for row in WORKED])
    there, back = judge([one, other], TERMS), judge([other, one], TERMS)

    assert (there.log_e, there.l) == pytest.approx((back.log_e, back.l))
    assert (1, 0) == (there.winner, back.winner)


def test_going_on_never_changes_a_verdict() -> None:
    arms = same_day(7, 3000, 6, 3000, 12)
    for arm, day in zip(arms, (Day(3000, 90), Day(3000, 0)), strict=True):
        arm.extend([day] * 20)

    assert judge(same_day(7, 3000, 6, 3000, 12), TERMS) == judge(arms, TERMS)


def test_no_verdict_before_a_week_and_three_thousand_impressions() -> None:
    assert State.COLLECTING is judge(same_day(6, 9000, 9, 9000, 90), TERMS).state
    small = same_day(7, 428, 0, 428, 40)  # 2,996 each
    assert State.COLLECTING is judge(small, TERMS).state
    enough = [*small[0], Day(4, 0)], [*small[1], Day(4, 0)]
    assert State.CONCLUSIVE is judge(enough, TERMS).state


def test_floors_met_without_a_verdict_is_a_direction() -> None:
    days = [(428, 1, 428, 1)] * 6
    verdict = judge(arms_of([*days, (432, 0, 432, 3)]), TERMS)  # 3,000 each: 6 and 9
    one_less = judge(arms_of([*days, (431, 0, 432, 3)]), TERMS)

    assert (State.DIRECTIONAL, 7, None) == told(verdict)
    assert (State.COLLECTING, 7, None) == told(one_less)


def test_more_clicks_than_impressions_wait_for_the_next_day() -> None:
    rows = [row[:4] for row in WORKED[:5]]
    split = [(0, 4, 0, 0), (3000, 2, 6000, 20), *rows[1:]]
    merged, whole = judge(arms_of(split), TERMS), judge(arms_of(rows), TERMS)

    assert pytest.approx((whole.log_e, whole.l)) == (merged.log_e, merged.l)
    assert (5, 6) == (whole.day, merged.day)


def test_a_day_that_an_arm_lacks_is_not_used() -> None:
    arms = same_day(7, 3000, 6, 3000, 12)
    holes: list[list[Day | None]] = [
        [Day(3000, 500), *arms[0], Day(-1, 0)],
        [None, *arms[1], Day(3000, 900)],
    ]

    assert judge(arms, TERMS) == judge(holes, TERMS)


def test_a_day_without_impressions_adds_nothing_but_is_a_day() -> None:
    quiet = [(0, 0, 0, 0), *[row[:4] for row in WORKED[:5]], (0, 0, 0, 0)]
    before, after = (
        judge(arms_of([r[:4] for r in WORKED[:5]]), TERMS),
        judge(arms_of(quiet), TERMS),
    )

    assert pytest.approx(before.log_e) == after.log_e
    assert (State.CONCLUSIVE, 7, 1) == told(after)


def test_more_arms_raise_the_threshold() -> None:
    three = [*same_day(7, 3000, 6, 3000, 6), [Day(3000, 20)] * 7]
    with_control = judge(three, TERMS)
    without = judge(three, Terms(rho=0.002, has_control=False))

    assert pytest.approx(log(40)) == with_control.threshold
    assert pytest.approx(log(60)) == without.threshold
    assert (State.CONCLUSIVE, 7, 2) == told(with_control)


def test_a_rate_of_nought_is_no_fault() -> None:
    verdict = judge(same_day(10, 3000, 0, 3000, 0), Terms(rho=0.0))

    assert (State.DIRECTIONAL, 10, None) == told(verdict)
    assert pytest.approx(0.0) == verdict.log_e


def test_one_arm_is_no_experiment() -> None:
    with pytest.raises(ValueError, match="at least two arms"):
        judge([[Day(1, 0)]], TERMS)


def run(
    chance: random.Random, rates: tuple[float, float], daily: tuple[int, int], cv: float
) -> State:
    arms: list[list[Day | None]] = [
        [_day(chance, rate, impressions, cv) for _ in range(21)]
        for rate, impressions in zip(rates, daily, strict=True)
    ]
    return judge(arms, TERMS).state


def _day(chance: random.Random, rate: float, impressions: int, cv: float) -> Day:
    if cv:
        rate *= chance.gammavariate(cv**-2, cv**2)
    return Day(impressions, min(impressions, _poisson(chance, rate * impressions)))


def _poisson(chance: random.Random, mean: float) -> int:
    count, waited = -1, 0.0
    while waited < mean:
        waited += chance.expovariate(1.0)
        count += 1
    return max(count, 0)


@pytest.mark.parametrize(
    ("daily", "cv"),
    [
        ((3000, 3000), 0.0),
        ((2000, 6000), 0.0),
        ((3000, 3000), 0.5),
        ((3000, 3000), 1.0),
    ],
)
def test_looking_daily_at_no_difference_seldom_finds_one(
    daily: tuple[int, int], cv: float
) -> None:
    chance = random.Random(20261122)  # noqa: S311  a seed
    false = sum(
        run(chance, (0.002, 0.002), daily, cv) is State.CONCLUSIVE for _ in range(2000)
    )

    assert false <= 100  # 5 %


def test_a_doubled_rate_is_found() -> None:
    chance = random.Random(20261123)  # noqa: S311  a seed
    found = sum(
        run(chance, (0.002, 0.004), (3000, 3000), 0.0) is State.CONCLUSIVE
        for _ in range(500)
    )

    assert found >= 475  # 95 %
