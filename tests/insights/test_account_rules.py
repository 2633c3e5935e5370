from dataclasses import replace
from fractions import Fraction

import pytest

from forwarder.insights.account_rules import (
    AccountView,
    Outside,
    clicks_missing_on_site,
    creative_friction,
    distribution_collapse,
    low_save_rate,
    ocr_drop,
    tag_low_attribution,
    top3_concentration,
    top10_concentration,
    value_mismatch,
    vanity_growth,
)
from forwarder.insights.findings import Finding, RuleState
from forwarder.insights.rates import (
    chance_of_drop,
    ocr_band,
    outbound_click_rate,
    save_band,
    save_rate,
)
from tests.insights.accounts import LIMITS, counts, view

FIRED, WEAK = RuleState.FIRED, RuleState.WEAK_SIGNAL
QUIET, UNKNOWN = RuleState.NOT_FIRED, RuleState.INSUFFICIENT_DATA


def clicked(clicks_before: int, clicks_now: int, shown: int = 100_000) -> AccountView:
    return view(counts(shown, 0, clicks_before, 500), counts(shown, 0, clicks_now, 500))


@pytest.mark.parametrize(
    ("clicks", "word"),
    [(0, "low"), (99, "low"), (100, "workable"), (400, "workable"), (401, "uncommon")],
)
def test_r10_both_ends_of_the_click_band_belong_to_its_middle(
    clicks: int, word: str
) -> None:
    rate = outbound_click_rate(counts(100_000, 0, clicks))

    assert word == ocr_band(LIMITS).word(rate)


@pytest.mark.parametrize(
    ("saves", "word"),
    [(199, "low"), (200, "steady"), (800, "steady"), (801, "rare")],
)
def test_r11_both_ends_of_the_save_band_belong_to_its_middle(
    saves: int, word: str
) -> None:
    band = save_band(LIMITS)

    assert band is not None
    assert word == band.word(save_rate(counts(100_000, saves=saves), LIMITS))


def test_r3_saves_per_close_up_have_no_band() -> None:
    one = counts(10_000, 1_000, saves=50)
    other = replace(LIMITS, save_rate_denominator="closeups")

    assert Fraction(1, 200) == save_rate(one, LIMITS)
    assert Fraction(1, 20) == save_rate(one, other)
    assert save_band(other) is None
    assert UNKNOWN is low_save_rate(view(one, one, limits=other)).state


def test_r25_a_drop_with_steady_impressions_is_creative_friction() -> None:
    found = view(counts(100_000, 0, 200, 500), counts(101_000, 0, 145, 505))

    assert (FIRED, True) == told(creative_friction(found))
    assert QUIET is ocr_drop(found).state
    assert 0.9988 == pytest.approx(
        chance_of_drop((200, 100_000), (145, 101_000)), abs=1e-4
    )


def told(finding: Finding) -> tuple[RuleState, bool]:
    return finding.state, finding.is_confirmed


@pytest.mark.parametrize(("now", "state"), [(150, QUIET), (149, FIRED)])
def test_r25_a_drop_of_a_quarter_is_not_more_than_a_quarter(
    now: int, state: RuleState
) -> None:
    assert state is creative_friction(clicked(200, now)).state


@pytest.mark.parametrize(
    ("shown", "friction", "drop"),
    [
        (109_999, FIRED, QUIET),
        (110_000, FIRED, QUIET),
        (110_001, QUIET, FIRED),
        (90_000, FIRED, QUIET),
        (89_999, QUIET, FIRED),
        (130_000, QUIET, FIRED),
    ],
)
def test_r26_with_moving_impressions_it_is_a_drop(
    shown: int, friction: RuleState, drop: RuleState
) -> None:
    now = counts(shown, 0, shown * 140 // 100_000, 500)
    found = view(counts(100_000, 0, 200, 500), now)

    assert (friction, drop) == (creative_friction(found).state, ocr_drop(found).state)


def test_r25_what_chance_may_do_is_a_weak_signal() -> None:
    assert (WEAK, False) == told(creative_friction(clicked(20, 14)))
    assert (WEAK, False) == told(creative_friction(clicked(19, 4)))
    assert (WEAK, False) == told(creative_friction(clicked(200, 20, shown=2_999)))
    assert (FIRED, True) == told(creative_friction(clicked(200, 20, shown=3_000)))


def test_r20_nothing_before_is_no_drop() -> None:
    nothing = view(counts(), counts(100_000, 0, 200, 500))

    assert UNKNOWN is creative_friction(nothing).state
    assert UNKNOWN is value_mismatch(nothing).state
    assert UNKNOWN is vanity_growth(nothing).state
    assert UNKNOWN is distribution_collapse(nothing).state
    assert (
        UNKNOWN is creative_friction(view(counts(100, 0, 2), counts(100, 0, 2))).state
    )


def test_r27_saves_that_fall_while_clicks_hold_are_a_value_mismatch() -> None:
    fell = view(counts(100_000, 0, 200, 500), counts(100_000, 0, 210, 350))
    with_impressions = view(counts(100_000, 0, 200, 500), counts(70_000, 0, 140, 350))
    by_count = replace(
        with_impressions, limits=replace(LIMITS, value_mismatch_basis="saves")
    )

    assert (FIRED, True) == told(value_mismatch(fell))
    assert QUIET is value_mismatch(with_impressions).state
    assert FIRED is value_mismatch(by_count).state


@pytest.mark.parametrize(
    ("saves", "clicks", "state"),
    [(375, 200, QUIET), (374, 200, FIRED), (300, 220, FIRED), (300, 221, QUIET)],
)
def test_r27_its_borders_are_exact(saves: int, clicks: int, state: RuleState) -> None:
    found = view(counts(100_000, 0, 200, 500), counts(100_000, 0, clicks, saves))

    assert state is value_mismatch(found).state


@pytest.mark.parametrize(
    ("shown", "saves", "state"),
    [
        (100_000, 199, FIRED),
        (100_000, 200, QUIET),
        (3_000, 0, FIRED),
        (2_999, 0, UNKNOWN),
    ],
)
def test_r28_under_two_per_thousand_is_a_low_save_rate(
    shown: int, saves: int, state: RuleState
) -> None:
    now = counts(shown, 0, 10, saves)

    assert state is low_save_rate(view(now, now)).state


def shares(top: int, n_top: int) -> AccountView:
    """An account of 1,000 clicks of which so many fall on the first Pins."""
    rest = [(1000 - top) // (40 - n_top)] * (40 - n_top)
    each = [top // n_top] * (n_top - 1)
    listed = (*each, top - sum(each), *rest)
    return view(
        counts(), counts(), recent=counts(100_000, 0, 1000), clicks=tuple(listed)
    )


@pytest.mark.parametrize(("top", "state"), [(600, QUIET), (601, FIRED)])
def test_r30_three_pins_with_more_than_sixty_per_cent(
    top: int, state: RuleState
) -> None:
    assert state is top3_concentration(shares(top, 3)).state


@pytest.mark.parametrize(("top", "state"), [(700, QUIET), (701, FIRED)])
def test_r31_ten_pins_with_more_than_seventy_per_cent(
    top: int, state: RuleState
) -> None:
    found = top10_concentration(shares(top, 10))

    assert state is found.state
    assert "effective_pins" in found.numbers


def test_r30_few_clicks_or_few_pins_are_no_concentration() -> None:
    few_pins = view(counts(), counts(), recent=counts(9, 0, 900), clicks=(100,) * 9)
    few_clicks = view(counts(), counts(), recent=counts(9, 0, 49), clicks=(4,) * 12)

    assert UNKNOWN is top3_concentration(few_pins).state
    assert UNKNOWN is top3_concentration(few_clicks).state


@pytest.mark.parametrize(
    ("shown", "clicks", "conversions", "state"),
    [
        (140_000, 205, 10, FIRED),
        (125_000, 200, 10, FIRED),
        (124_999, 200, 10, QUIET),
        (140_000, 221, 10, QUIET),
        (140_000, 205, 12, QUIET),
    ],
)
def test_r16_more_impressions_and_nothing_else_is_vanity(
    shown: int, clicks: int, conversions: int, state: RuleState
) -> None:
    found = view(
        counts(100_000, 0, 200, 500),
        counts(shown, 0, clicks, 500),
        outside=Outside(conversions=conversions, conversions_before=10),
    )

    assert state is vanity_growth(found).state


@pytest.mark.parametrize(
    ("shown", "state"), [(45_000, FIRED), (50_000, FIRED), (50_002, QUIET)]
)
def test_r73_half_the_impressions_with_stable_rates_is_distribution(
    shown: int, state: RuleState
) -> None:
    now = counts(shown, 0, shown // 500, shown // 200)
    found = view(counts(100_000, 0, 200, 500), now)

    assert state is distribution_collapse(found).state
    assert QUIET is creative_friction(found).state


@pytest.mark.parametrize(
    ("clicks", "saves", "state"),
    [(110, 225, FIRED), (90, 275, FIRED), (111, 250, QUIET), (100, 224, QUIET)],
)
def test_r73_a_rate_that_moves_by_more_than_a_tenth_is_not_stable(
    clicks: int, saves: int, state: RuleState
) -> None:
    found = view(counts(100_000, 0, 200, 500), counts(50_000, 0, clicks, saves))
    small, enough = (
        distribution_collapse(view(counts(n, 0, 30, 30), counts(n // 2, 0, 15, 15)))
        for n in (2_999, 3_000)
    )

    assert state is distribution_collapse(found).state
    assert (UNKNOWN, FIRED) == (small.state, enough.state)


@pytest.mark.parametrize(
    ("captured", "state"), [(300, FIRED), (399, FIRED), (400, QUIET)]
)
def test_r38_fewer_clicks_than_four_of_five_are_missing(
    captured: int, state: RuleState
) -> None:
    outside = Outside(captured_clicks=captured, platform_clicks=500)
    found = clicks_missing_on_site(view(counts(), counts(), outside=outside))

    assert state is found.state


@pytest.mark.parametrize(("sent", "state"), [(100, FIRED), (97, FIRED), (96, QUIET)])
def test_r39_more_than_a_fifth_more_on_the_server(sent: int, state: RuleState) -> None:
    outside = Outside(tag_events=80, server_events=sent)
    found = tag_low_attribution(view(counts(), counts(), outside=outside))

    assert state is found.state


def test_what_nobody_counted_is_unknown() -> None:
    nobody = view(counts(), counts())

    assert UNKNOWN is clicks_missing_on_site(nobody).state
    assert UNKNOWN is tag_low_attribution(nobody).state
