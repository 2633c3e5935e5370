from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from math import inf

import pytest

from forwarder.core.experiment import Objective, Phase, Plan, Shown, Variable, Variant
from forwarder.insights.eprocess import State
from forwarder.insights.experiment import (
    METRICS,
    READINGS,
    WrongPlan,
    check_one_variable,
    days_to_see,
    days_to_verdict,
    is_replicated,
    needed_impressions,
    power_hint,
    warnings,
)
from forwarder.insights.recording import SUCCESSES
from forwarder.insights.trial import standing

START = date(2026, 11, 2)  # a Monday


def variant(name: str, *slots: date, **attributes: str) -> Variant:
    return Variant(name=name, attributes=attributes, slots=slots)


def test_variants_that_differ_in_two_things_are_refused_with_both_names() -> None:
    two = [
        variant("A", headline="x", image="mood"),
        variant("B", headline="y", image="value"),
    ]

    with pytest.raises(WrongPlan, match="headline and image"):
        check_one_variable(two, Variable.HEADLINE)


def test_variants_that_do_not_differ_are_refused() -> None:
    alike = [variant("A", headline="x"), variant("B", headline="x")]

    with pytest.raises(WrongPlan, match="the same headline"):
        check_one_variable(alike, Variable.HEADLINE)


def test_one_variable_may_vary() -> None:
    check_one_variable(
        [variant("A", headline="x"), variant("B", headline="y")], Variable.HEADLINE
    )


@pytest.mark.parametrize(
    ("n", "is_warned"), [(5, True), (6, False), (10, False), (11, True)]
)
def test_six_to_ten_variants_are_a_batch(n: int, *, is_warned: bool) -> None:
    found = warnings([variant(str(number)) for number in range(n)])

    assert is_warned == any(f"{n} variants" in one for one in found)


def test_a_week_for_each_variant_is_a_confounded_schedule() -> None:
    first = [START + timedelta(days=n) for n in range(7)]
    second = [day + timedelta(days=7) for day in first]
    apart = [variant("A", *first), variant("B", *second)]
    together = [variant("A", *first, *second), variant("B", *first, *second)]
    mondays, tuesdays = (first[0], second[0]), (first[1], second[1])
    weekdays = [variant("A", *mondays), variant("B", *tuesdays)]

    assert any("schedule confounded" in one for one in warnings(apart))
    assert any("schedule confounded" in one for one in warnings(weekdays))
    assert not any("schedule" in one for one in warnings(together))


@pytest.mark.parametrize(
    ("n_of_a", "n_of_b", "is_told"),
    [(6, 4, False), (7, 4, True), (12, 8, False), (13, 8, True), (7, 7, False)],
)
def test_r51_slots_within_a_fifth_of_even_shares_are_even(
    n_of_a: int, n_of_b: int, *, is_told: bool
) -> None:
    days = [START + timedelta(days=n) for n in range(14)]
    found = warnings([variant("A", *days[:n_of_a]), variant("B", *days[:n_of_b])])
    told = f"A is published {n_of_a} times, an even share would be"

    assert is_told == any(told in one for one in found)


@pytest.mark.parametrize(
    ("n_days", "is_told"), [(7, True), (8, False), (14, False), (15, True)]
)
def test_r51_a_batch_is_published_within_two_weeks(
    n_days: int, *, is_told: bool
) -> None:
    ends = START, START + timedelta(days=n_days - 1)
    found = warnings([variant("A", *ends), variant("B", *ends)])

    assert is_told == any(f"within {n_days} days" in one for one in found)


@pytest.mark.parametrize(
    ("rate", "change", "impressions"),
    [
        (0.001, -0.5, 47_055),
        (0.001, 0.25, 282_238),
        (0.002, 1.0, 11_735),
        (0.002, 0.5, 39_143),
        (0.004, 2.0, 1_943),
        (0.008, 1.0, 2_905),
    ],
)
def test_the_impressions_needed_are_those_of_the_table(
    rate: float, change: float, impressions: int
) -> None:
    assert impressions == pytest.approx(needed_impressions(rate, change), rel=2e-5)


def test_the_hint_speaks_of_days() -> None:
    assert 14 == days_to_see(0.002, 0.5, 3000)
    assert 7 == days_to_see(0.002, 2.0, 30_000)
    assert days_to_see(0.002, 0.5, 0) is None
    assert "at least 14 days to see a change of +50%" in power_hint(0.002, 0.5, 3000)
    assert "no day shows" in power_hint(0.002, 0.5, 0)
    assert "at a rate of 70% there can be no change" in power_hint(0.7, 0.5, 3000)


@pytest.mark.parametrize("change", [0.0, -1.0, 999.0])
def test_a_change_that_is_none_needs_no_number(change: float) -> None:
    with pytest.raises(ValueError, match="a change of a rate"):
        needed_impressions(0.002, change)


def test_equal_rates_are_never_told_apart() -> None:
    assert inf == days_to_verdict([0.002, 0.002], [3000, 3000], 0.05)
    assert inf == days_to_verdict([0.002, 0.004], [0, 0], 0.05)
    assert 7 <= days_to_verdict([0.002, 0.004], [3000, 3000], 0.05) < 9


def test_restless_days_take_as_many_times_longer() -> None:
    means, daily = [0.002, 0.003], [3000, 3000]
    calm = days_to_verdict(means, daily, 0.05)
    rows = [(2, 20), (12, 4), (1, 22), (13, 9), (3, 15), (9, 3), (2, 21), (6, 14)]
    days = [shown(arm, n, 3000, y) for n, pair in enumerate(rows) for arm, y in
            enumerate(pair)]  # fmt: skip
    found = standing(plan(), days, [])

    assert 10.894 == pytest.approx(calm, abs=1e-3)  # 1 + ln 20 / 0.30277
    assert 3 * (calm - 1) == pytest.approx(days_to_verdict(means, daily, 0.05, 3.0) - 1)
    assert 3.9894 == pytest.approx(found.verdict.dispersion, abs=1e-4)
    assert 10 == found.days_to_verdict  # on calm days 7


def test_every_pair_of_directions_has_its_meaning() -> None:
    assert set(product(("up", "flat", "down"), repeat=2)) == set(READINGS)
    assert "double down on it, but replicate it first" in READINGS["up", "up"]
    assert "check that the Pin" in READINGS["up", "flat"]  # no harsh word
    assert "at the cost of its lasting value" in READINGS["up", "down"]
    assert "call to action and the first screen" in READINGS["flat", "up"]


def test_no_objective_is_judged_by_how_often_a_pin_was_shown() -> None:
    assert set(Objective) == set(METRICS)
    assert not any("impression" in metric for metric in METRICS.values())


def test_r52_visits_are_judged_by_clicks_and_distribution_by_saves() -> None:
    told = {one.value: (METRICS[one], SUCCESSES[one]) for one in Objective}

    assert {"headline", "image", "call_to_action", "landing_headline"} == set(Variable)
    assert {
        "visits": ("outbound_click_rate", "outbound_clicks"),
        "distribution": ("save_rate", "saves"),
        "clarity": ("close_up_rate", "pin_clicks"),
    } == told


def test_a_winner_counts_when_two_of_five_repeat_it() -> None:
    assert not is_replicated([True, False, False, False, False])
    assert is_replicated([True, True, False, False, False])


def plan(phase: Phase = Phase.CREATIVE) -> Plan:
    return Plan(
        name="spring",
        objective=Objective.VISITS,
        variable=Variable.HEADLINE,
        phase=phase,
        variants=[variant("A", headline="x"), variant("B", headline="y")],
        rho=0.002,
    )


def shown(variant_number: int, n_day: int, impressions: int, successes: int) -> Shown:
    return Shown(
        variant=variant_number,
        on=START + timedelta(days=n_day),
        impressions=impressions,
        successes=successes,
    )


def test_days_in_any_order_stand_the_same() -> None:
    days = [
        one
        for n in range(8)
        for one in (shown(0, n, 3000, 6), shown(1, n, 3000, 12 + n % 2))
    ]
    one, other = standing(plan(), days, []), standing(plan(), days[::-1], [])

    assert one.verdict == other.verdict
    assert (State.CONCLUSIVE, "B") == (one.verdict.state, one.winner)
    assert one.days_to_verdict is None
    assert one.is_replicated is None


def test_numbers_revised_by_more_than_five_per_cent_are_told() -> None:
    days = [shown(0, 0, 3000, 100), shown(1, 0, 3000, 100)]
    small = standing(plan(), days, [shown(0, 0, 3000, 105)])
    large = standing(plan(), days, [shown(1, 0, 3200, 100)])

    assert not any("changed by more" in one for one in small.warnings)
    assert any("B on 2026-11-02" in one for one in large.warnings)


def test_the_last_phase_tells_a_spike_from_a_replicated_winner() -> None:
    days = [
        one for n in range(7) for one in (shown(0, n, 3000, 6), shown(1, n, 3000, 7))
    ]
    found = standing(plan(Phase.SCALE), days, [])

    assert found.is_replicated is False  # more clicks, and no verdict
    assert found.days_to_verdict is not None
    assert standing(plan(Phase.SCALE), [], []).arms[0].rate is None


@pytest.mark.parametrize(
    ("clicks", "is_replicated"),
    [((12, 6, 6, 6, 6), False), ((12, 6, 12, 6, 6), True), ((7, 7, 7, 7, 7), False)],
)
def test_r58_a_winner_is_replicated_by_two_verdicts_of_five(
    clicks: tuple[int, ...], *, is_replicated: bool
) -> None:
    arms = [6, *clicks]
    variants = [variant(f"v{n}", headline=f"{n}") for n in range(len(arms))]
    five = replace(plan(Phase.SCALE), variants=variants)
    days = [shown(n, d, 3000, y) for d in range(9) for n, y in enumerate(arms)]

    assert is_replicated is standing(five, days, []).is_replicated
    assert standing(five, days[: 6 * 6], []).is_replicated is False  # six days


@pytest.mark.parametrize(
    ("n_days", "told"),
    [(6, "still collecting"), (7, "21 days as a rule"), (27, "28 at most"),
     (28, "undecided after 28 days: end it")],
)  # fmt: skip
def test_r53_an_experiment_goes_on_for_28_days_at_most(n_days: int, told: str) -> None:
    days = [shown(arm, n, 500, 1) for n in range(n_days) for arm in (0, 1)]

    assert told in standing(plan(), days, []).meaning
