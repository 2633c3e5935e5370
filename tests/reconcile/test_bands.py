"""The arithmetic of the bands, on cases that can be worked out by hand."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forwarder.reconcile.bands import (
    Ratio,
    Spread,
    gap_band,
    im_critical,
    ratio_band,
    ratio_of_days,
    squared_cv,
    t_critical,
    wilson,
)

NORMAL = NormalDist()


def test_a_point_takes_the_two_sided_critical_value() -> None:
    assert im_critical(0, 0.1, 0.05) == pytest.approx(1.959964, abs=1e-6)


def test_a_wide_set_takes_the_one_sided_critical_value() -> None:
    assert im_critical(10, 0.1, 0.05) == pytest.approx(1.644854, abs=1e-6)
    assert im_critical(1, 0, 0.10) == pytest.approx(1.281552, abs=1e-6)


@pytest.mark.parametrize("gain", [0.2, 0.7, 1.5, 4.0])
@pytest.mark.parametrize("alpha", [0.05, 0.10])
def test_the_critical_value_solves_its_equation(gain: float, alpha: float) -> None:
    c = im_critical(gain * 0.3, 0.3, alpha)

    assert 1 - alpha == pytest.approx(NORMAL.cdf(c + gain) - NORMAL.cdf(-c), abs=1e-9)


def test_student_is_wider_than_the_normal_by_the_days_there_are() -> None:
    assert t_critical(1.959964, 29) == pytest.approx(2.045230, abs=1e-4)


def test_wilson_agrees_with_the_published_example() -> None:
    low, high = wilson(15, 148, 1.959964)  # Newcombe 1998, table I

    assert (0.0624, 0.1605) == (
        pytest.approx(low, abs=1e-4),
        pytest.approx(high, abs=1e-4),
    )


def test_the_standard_errors_match_the_formulas_done_by_hand() -> None:
    tag, server = np.array([6.0, 2.0, 4.0]), np.array([8.0, 4.0, 4.0])

    ratio = ratio_of_days(tag, server, 12, 16, 0.0)

    # T/S = .75; residuals 0, -1, 1; sum of squares 2, times 3/2
    assert ratio.value == pytest.approx(12.5 / 16.5)
    assert ratio.spread.cluster == pytest.approx(math.sqrt(3) / 16 / (12.5 / 16.5))
    assert ratio.spread.floor == pytest.approx(math.sqrt(1 / 12.5 - 0.6 / 16.5))
    assert ratio.spread.cap == pytest.approx(math.sqrt(1 / 12.5))


def test_values_widen_floor_and_cap_by_the_spread_of_the_baskets() -> None:
    tag, server = np.array([60.0, 20.0]), np.array([80.0, 40.0])

    plain = ratio_of_days(tag, server, 8, 12, 0.0)
    spread = ratio_of_days(tag, server, 8, 12, 0.9)

    assert spread.spread.floor == pytest.approx(plain.spread.floor * math.sqrt(1.9))
    assert spread.spread.cap == pytest.approx(plain.spread.cap * math.sqrt(1.9))
    assert spread.value == pytest.approx((80 + 5) / (120 + 5))  # half an order of 10


def test_the_floor_never_falls_below_a_quarter_of_the_shorter_list() -> None:
    days = np.full(2, 50.0)

    ratio = ratio_of_days(days, days, 100, 100, 0.0)

    assert ratio.spread.floor == pytest.approx(math.sqrt(0.4 / 100.5))
    lopsided = ratio_of_days(days / 5, days, 20, 100, 0.0)
    assert lopsided.spread.floor == pytest.approx(math.sqrt(1 / 20.5 - 0.6 / 100.5))


def test_this_month_is_clipped_from_both_sides_and_other_months_only_from_below() -> (
    None
):
    calm = Spread(cluster=0.01, floor=0.05, cap=0.10)
    stormy = Spread(cluster=0.30, floor=0.05, cap=0.10)

    assert (0.05, 0.05) == (calm.this_month, calm.usual)
    assert (0.10, 0.30) == (stormy.this_month, stormy.usual)


def test_without_hidden_factors_the_band_is_the_two_sided_one() -> None:
    ratio = Ratio(value=0.8, spread=Spread(cluster=0, floor=0, cap=1), n_days=30)

    low, high = ratio_band(ratio, 0.1, (1.0, 1.0), 0.05)

    reach = t_critical(1.959964, 29) * 0.1
    assert low == pytest.approx(0.8 * math.exp(-reach), rel=1e-6)
    assert high == pytest.approx(0.8 * math.exp(reach), rel=1e-6)


def test_much_traffic_leaves_the_hidden_factor_alone() -> None:
    ratio = Ratio(value=0.8, spread=Spread(cluster=0, floor=0, cap=1), n_days=30)

    low, high = gap_band(ratio, 1e-9, (0.97, 1.08), 0.05)

    assert low == pytest.approx(1 - 0.8 / 0.97, abs=1e-6)
    assert high == pytest.approx(1 - 0.8 / 1.08, abs=1e-6)


ENDS = st.floats(0, 0.3)


@given(
    se=st.floats(0.001, 0.6),
    low=ENDS,
    high=ENDS,
    more_low=ENDS,
    more_high=ENDS,
    days=st.integers(2, 31),
)
def test_knowing_less_never_narrows_the_band(
    se: float, low: float, high: float, more_low: float, more_high: float, days: int
) -> None:
    ratio = Ratio(value=0.8, spread=Spread(cluster=0, floor=0, cap=1), n_days=days)
    wider = (1 - low - more_low, 1 + high + more_high)

    a, b = gap_band(ratio, se, (1 - low, 1 + high), 0.05)
    c, d = gap_band(ratio, se, wider, 0.05)
    inner_low, inner_high = gap_band(ratio, se, (1 - low, 1 + high), 0.10)

    assert d - c >= (b - a) * (1 - 1e-9)
    assert a <= inner_low <= inner_high <= b


def test_few_orders_lean_on_the_usual_spread_of_baskets() -> None:
    equal = np.full(20, 50.0)

    assert squared_cv(equal, 0.9, 20) == pytest.approx(0.45)
    assert squared_cv(np.array([]), 0.9, 20) == pytest.approx(0.9)
