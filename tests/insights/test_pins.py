from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest

from forwarder.core.kpi import Counts
from forwarder.insights.decay import decay_findings, decay_of, half_life
from forwarder.insights.findings import RuleState
from forwarder.insights.missed import almost_famous, look
from forwarder.insights.pin_rules import PinView, chance_of_so_few, judge_pins
from forwarder.insights.quadrant import Quadrant, cuts, quadrants
from tests.insights.accounts import LIMITS, counts

FIRST = date(2026, 8, 1)


def fired(view: PinView, rule: str) -> set[str | None]:
    return {
        one.pin_id
        for one in judge_pins(view)
        if one.rule == rule and one.state is RuleState.FIRED
    }


def crowd(**pins: Counts) -> PinView:
    """A Pin or two among eight usual ones: close-up rate 2 %, clicks 0.2 %."""
    usual = {f"usual{n}": counts(10_000, 200, 20, 50) for n in range(8)}
    return PinView(pins={**usual, **pins}, account=counts(), limits=LIMITS)


@pytest.mark.parametrize(("clicks", "fires"), [(180, True), (199, True), (200, False)])
def test_r29_half_the_usual_close_ups_at_many_impressions(
    clicks: int, *, fires: bool
) -> None:
    found = fired(crowd(big=counts(20_000, clicks, 40, 100)), "low_close_up")

    assert ({"big"} if fires else set()) == found


def test_r29_a_pin_shown_seldom_is_not_scrolled_past() -> None:
    assert set() == fired(crowd(small=counts(9_000, 9, 9, 9)), "low_close_up")


@pytest.mark.parametrize(("clicks", "fires"), [(8, True), (9, True), (10, False)])
def test_r32_looked_at_and_not_followed(clicks: int, *, fires: bool) -> None:
    found = fired(
        crowd(look=counts(10_000, 400, clicks, 50)), "close_ups_without_clicks"
    )

    assert ({"look"} if fires else set()) == found


def test_r35_a_hundred_thousand_showings_and_a_handful_of_clicks() -> None:
    view = crowd(handful=counts(100_000, 1500, 5, 300))

    assert {"handful"} == fired(view, "high_impressions_low_clicks")


def test_r36_kept_for_later_and_never_bought() -> None:
    view = crowd(saved=counts(100_000, 2000, 20, 900))

    assert {"saved"} == fired(view, "high_saves_low_conversions")


@pytest.mark.parametrize(
    ("conversions", "fires"), [({}, False), ({"saved": 0}, True), ({"saved": 1}, False)]
)
def test_r36_a_pin_with_a_link_that_sold_nothing_fires_however_often_clicked(
    conversions: dict[str, int], *, fires: bool
) -> None:
    view = crowd(saved=counts(100_000, 2000, 400, 900))
    told = replace(view, conversions=conversions)

    assert ({"saved"} if fires else set()) == fired(told, "high_saves_low_conversions")


def test_a_finding_is_confirmed_only_when_chance_seldom_does_it() -> None:
    view = crowd(sure=counts(100_000, 4000, 5, 300), unsure=counts(1_000, 40, 0, 3))
    found = {
        one.pin_id: one.is_confirmed
        for one in judge_pins(view)
        if one.rule == "close_ups_without_clicks" and one.state is RuleState.FIRED
    }

    assert {"sure": True, "unsure": False} == found


def test_pins_shown_too_seldom_are_not_judged() -> None:
    tiny = PinView(pins={"a": counts(999, 9, 0, 0)}, account=counts(), limits=LIMITS)

    assert {RuleState.INSUFFICIENT_DATA} == {one.state for one in judge_pins(tiny)}


def test_r34_missed_clicks_rank_the_almost_famous() -> None:
    view = PinView(
        pins={
            "A": counts(9000, 1000, 50),
            "B": counts(9000, 100, 5),
            "C": counts(9000, 1000, 200),
            "D": counts(9000, 49, 0),
        },
        account=counts(100_000, 5000, 1000),
        limits=LIMITS,
    )
    states = {one.pin_id: one.state for one in almost_famous(look(view), LIMITS)}

    assert {"A": Fraction(125), "B": Fraction(5)} == look(view).missed
    assert {
        "A": RuleState.FIRED,
        "B": RuleState.FIRED,
        "C": RuleState.NOT_FIRED,
    } == states


def test_r34_of_many_pins_the_upper_quarter_is_looked_at() -> None:
    pins = {f"p{n}": counts(9000, 100 + n, 1) for n in range(20)}
    view = PinView(pins=pins, account=counts(0, 1000, 200), limits=LIMITS)

    assert {"p15", "p16", "p17", "p18", "p19"} == set(look(view).missed)


def test_r34_without_close_ups_nothing_is_missed() -> None:
    view = PinView(pins={"a": counts(10)}, account=counts(10), limits=LIMITS)

    assert {} == look(view).missed
    assert [RuleState.INSUFFICIENT_DATA] == [
        one.state for one in almost_famous(look(view), LIMITS)
    ]


@pytest.mark.parametrize(
    ("clicks", "saves", "word"),
    [
        (300, 500, Quadrant.DISTRIBUTION_MULTIPLIER),
        (300, 100, Quadrant.TRANSACTIONAL),
        (50, 500, Quadrant.USEFUL_NOT_PITCHED),
        (50, 100, Quadrant.REWORK),
        (110, 210, Quadrant.DISTRIBUTION_MULTIPLIER),
        (100, 210, Quadrant.USEFUL_NOT_PITCHED),
        (110, 200, Quadrant.TRANSACTIONAL),
    ],
)
def test_r12_r13_the_duet_has_four_quadrants(
    clicks: int, saves: int, word: Quadrant
) -> None:
    one = counts(100_000, 0, clicks, saves)

    assert {"1": word} == quadrants({"1": one}, cuts({}, LIMITS), LIMITS)


@pytest.mark.parametrize(
    ("shown", "known"), [(200, False), (999, False), (1000, True), (0, False)]
)
def test_r13_a_pin_shown_seldom_has_no_quadrant(shown: int, *, known: bool) -> None:
    pins = {"1": counts(shown, 0, shown, shown)}
    found = quadrants(pins, cuts({}, LIMITS), LIMITS)["1"]

    assert known == (found is not Quadrant.NOT_ENOUGH_DATA)


def test_r13_the_cut_may_lie_elsewhere() -> None:
    pins = {"a": counts(10_000, 0, 10, 10), "b": counts(10_000, 0, 30, 50)}
    mid = cuts(pins, replace(LIMITS, duet_cut="mid"))
    own = cuts(pins, replace(LIMITS, duet_cut="account_median"))

    assert (Fraction(25, 10_000), Fraction(50, 10_000)) == mid
    assert (Fraction(2, 1000), Fraction(3, 1000)) == own


def weekly(*counts_a_week: int) -> dict[date, int]:
    """Return daily clicks that sum to so many a week."""
    return {
        FIRST + timedelta(days=7 * week + day): total // 7 + (day < total % 7)
        for week, total in enumerate(counts_a_week)
        for day in range(7)
    }


def test_r37_a_pin_that_falls_below_half_its_peak_has_decayed() -> None:
    found = decay_of(weekly(100, 80, 45, 20), LIMITS)

    assert found is not None
    assert 100 == pytest.approx(found.peak_per_week, rel=0.02)
    assert found.decayed_on is not None
    assert 3 == (found.decayed_on - FIRST).days // 7 + 1
    assert 1.28 == pytest.approx(half_life([100, 80, 45, 20]), abs=0.005)
    assert found.half_life_weeks == pytest.approx(1.28, abs=0.05)


def test_r37_one_row_a_week_is_read_as_weeks() -> None:
    rows = {FIRST + timedelta(days=7 * n): c for n, c in enumerate((100, 80, 45, 20))}
    found = decay_of(rows, LIMITS)

    assert found is not None
    assert (100, FIRST + timedelta(days=14)) == (
        pytest.approx(found.peak_per_week),
        found.decayed_on,
    )


def test_r37_missing_days_are_no_fall() -> None:
    days = weekly(70, 70, 70, 70)
    kept = {day: count for day, count in days.items() if day.weekday() < 5}
    found = decay_of(kept, LIMITS)

    assert found is not None
    assert found.decayed_on is None


def test_r37_a_small_peak_is_none_and_a_slow_fall_is_no_decay() -> None:
    small = decay_findings({"a": weekly(19, 2, 1, 0)}, LIMITS)
    slow = decay_findings({"a": weekly(100, 90, 80, 70)}, LIMITS)
    fell = decay_findings({"a": weekly(100, 80, 45, 20)}, LIMITS)

    assert [RuleState.INSUFFICIENT_DATA] == [one.state for one in small]
    assert [RuleState.NOT_FIRED] == [one.state for one in slow]
    assert [(RuleState.FIRED, True)] == [(one.state, one.is_confirmed) for one in fell]
    assert decay_of({}, LIMITS) is None


def test_a_rising_pin_has_no_half_life() -> None:
    assert half_life([1, 2, 3]) is None
    assert half_life([3, 0, 1]) is None


def test_so_few_is_the_poisson_chance() -> None:
    assert 1.0 == chance_of_so_few(3, 0)
    assert 0.0 == chance_of_so_few(-1, 3)
    assert 0.406 == pytest.approx(chance_of_so_few(1, 2.0), abs=1e-3)
    assert 0.5 == pytest.approx(chance_of_so_few(5000, 5000.5), abs=0.01)
