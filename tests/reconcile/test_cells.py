"""Joining two lists, and what the joined cells say: worked out by hand."""

import math

import numpy as np
import pytest
from scipy.stats import poisson

from forwarder.reconcile.bands import im_critical, t_critical, wilson
from forwarder.reconcile.capture import (
    UPLIFT_CAUTION,
    Assumed,
    count_ratio,
    paired_gap_band,
    server_coverage_band,
    tag_coverage_band,
    uplift_band,
    value_ratio,
)
from forwarder.reconcile.cells import Events, Joined, Strata, join, strata
from forwarder.reconcile.total import N_DRAWS, poisson_quantiles, total_bands

EXACT = Assumed(or_range=(1, 1), link_failure_max=0, duplicate_max=0)
END_S = 30 * 86_400.0


def events(*rows: tuple[int, int, float], device: int = 0, hops: int = 1) -> Events:
    """Rows of event, order and time."""
    event, order, at_s = zip(*rows, strict=True) if rows else ((), (), ())
    n = len(rows)
    return Events(
        event=np.array(event, dtype=np.int64),
        order=np.array(order, dtype=np.int64),
        at_s=np.array(at_s, dtype=np.float64),
        value=np.full(n, 10.0),
        device=np.full(n, device, dtype=np.int64),
        hops=np.full(n, hops, dtype=np.int64),
    )


def many(n: int, device: int = 0, hops: int = 1) -> Events:
    return events(*((i + 1, 0, 1.0) for i in range(n)), device=device, hops=hops)


def joined(both: int, tag_only: int, server_only: int) -> Joined:
    return Joined(
        both=many(both), tag_only=many(tag_only), server_only=many(server_only)
    )


def cells(both: int, tag_only: int, server_only: int) -> Strata:
    return strata(joined(both, tag_only, server_only))


def test_ids_join_first_then_orders_and_an_empty_order_never() -> None:
    tag = events((1, 11, 5.0), (2, 0, 5.0), (99, 13, 5.0), (50, 0, 5.0))
    server = events((1, 11, 5.0), (2, 12, 5.0), (3, 13, 5.0), (4, 0, 5.0))

    found = join(tag, server, 0, END_S)

    assert (3, 1, 1) == found.n
    assert [50] == found.tag_only.event.tolist()
    assert [4] == found.server_only.event.tolist()


def test_a_reload_is_one_order_and_keeps_the_id_that_we_know() -> None:
    tag = events((70, 11, 4.0), (1, 11, 5.0), (71, 11, 6.0))
    server = events((1, 11, 5.0))

    assert (1, 0, 0) == join(tag, server, 0, END_S).n


def test_a_pair_torn_by_midnight_stays_a_pair() -> None:
    tag = events((1, 0, END_S + 2))
    server = events((1, 0, END_S - 1), (2, 0, END_S), (3, 0, -1.0))

    assert (1, 0, 0) == join(tag, server, 0, END_S).n


def test_small_months_are_not_split() -> None:
    assert (1, 1.10) == (len(cells(900, 50, 40).both), cells(900, 50, 40).caution)


def test_a_month_is_split_as_finely_as_every_stratum_allows() -> None:
    both = _joined_parts([many(600), many(600, device=1), many(30, device=1, hops=2)])
    few = _joined_parts([many(600), many(600, device=1), many(24, device=1, hops=2)])
    one = many(1)

    fine = strata(Joined(both=both, tag_only=one, server_only=one))
    coarse = strata(Joined(both=few, tag_only=one, server_only=one))

    assert ([600, 600, 30], 1.05) == (fine.both.tolist(), fine.caution)
    assert ([600, 624], 1.08) == (coarse.both.tolist(), coarse.caution)


def _joined_parts(parts: list[Events]) -> Events:
    names = ("event", "order", "at_s", "value", "device", "hops")
    return Events(
        **{n: np.concatenate([getattr(part, n) for part in parts]) for n in names}
    )


def test_independent_complete_lists_find_the_product_estimate() -> None:
    low, high = total_bands(cells(360, 40, 90), EXACT)["95"]  # unseen about 10

    assert low <= 500 <= high
    assert low >= 490
    assert high - low < 25


@pytest.mark.parametrize("mean", [100.001, 117, 160, 250, 400, 1e3, 1e4, 1e6, 1e9])
def test_many_unseen_are_drawn_as_exactly_as_makes_no_difference(mean: float) -> None:
    levels = (np.arange(N_DRAWS) + 0.5)[::10] / N_DRAWS

    exact = poisson.ppf(levels, mean)
    drawn = poisson_quantiles(np.full(len(levels), mean), levels)

    assert np.abs(drawn - exact).max() <= 1
    assert np.mean(drawn != exact) <= 0.01


def test_the_total_is_never_below_what_was_seen_less_the_allowance() -> None:
    assumed = Assumed(or_range=(0.01, 0.01), link_failure_max=0.01, duplicate_max=0.005)
    sizes = cells(400, 40, 60)

    low, _ = total_bands(sizes, assumed)["95"]

    assert low >= 500 - math.ceil(400 / 99 + 0.005 * 440)
    assert low.is_integer()


def test_the_total_is_finite_when_no_conversion_is_in_both_lists() -> None:
    low, high = total_bands(cells(0, 12, 15), Assumed())["95"]

    assert 26 <= low <= high < math.inf


def test_more_dependence_allows_a_larger_total() -> None:
    sizes = cells(300, 60, 90)
    tops = [
        total_bands(sizes, Assumed(or_range=(1, top)))["95"][1]
        for top in (1.5, 2, 3, 6)
    ]

    assert sorted(tops) == tops
    assert len(set(tops)) == len(tops)


def test_uplift_with_nothing_assumed_is_wilson_on_the_share() -> None:
    low, high = wilson(30, 130, UPLIFT_CAUTION * im_critical(0, 1, 0.05))

    band = uplift_band((80, 20, 30), EXACT, 0.05)

    assert pytest.approx((low / (1 - low), high / (1 - high))) == band


def test_uplift_is_left_out_when_the_tag_saw_nothing() -> None:
    assert uplift_band((0, 0, 9), Assumed(), 0.05) is None
    assert uplift_band((0, 0, 0), Assumed(), 0.05) is None


def test_broken_links_can_only_lower_the_uplift() -> None:
    known = uplift_band((800, 20, 100), EXACT, 0.05)
    doubted = uplift_band(
        (800, 20, 100),
        Assumed(link_failure_max=0.05, duplicate_max=0),
        0.05,
    )

    assert known is not None
    assert doubted is not None
    assert doubted[0] < known[0]


def test_coverage_is_wilson_with_repeats_taken_off_below() -> None:
    assumed = Assumed(duplicate_max=0.01)
    c = im_critical(0.01 * 0.8, math.sqrt(0.8 * 0.2 / 500), 0.05)

    band = tag_coverage_band(400, 500, assumed, 0.05)

    assert band is not None
    assert band[1] == pytest.approx(wilson(400, 500, c)[1], rel=2e-2)
    assert band[0] < wilson(400, 500, c)[0]
    assert server_coverage_band(485, 500, 0.05) == pytest.approx(
        wilson(485, 500, 1.959964), abs=1e-6
    )


def test_coverage_needs_a_total() -> None:
    assert tag_coverage_band(0, 0, Assumed(), 0.05) is None
    assert server_coverage_band(0, 0, 0.05) is None


def test_the_paired_gap_matches_the_formula_done_by_hand() -> None:
    ratio = count_ratio((80, 20, 30), 30)

    tag, server = 100.5, 110.5
    variance = 80 * (1 / tag - 1 / server) ** 2 + 20.5 / tag**2 + 30.5 / server**2
    reach = t_critical(im_critical(0, 1, 0.05), 29) * math.sqrt(variance)
    expected = (1 - tag / server * math.exp(reach), 1 - tag / server * math.exp(-reach))
    assert pytest.approx(expected) == paired_gap_band(ratio, EXACT, 0.05)


def test_swapping_the_lists_flips_the_ratio() -> None:
    here, there = (
        count_ratio((80, 20, 30), 30),
        count_ratio((80, 30, 20), 30),
    )

    assert here.value == pytest.approx(1 / there.value)
    assert here.se == pytest.approx(there.se)


def test_values_are_never_surer_than_their_counts() -> None:
    lists = joined(80, 20, 30)

    ratio = value_ratio(lists.n, lists.worth, 30, 0.9)

    assert ratio is not None
    assert ratio.value == pytest.approx(1000 / 1100)
    assert ratio.se == pytest.approx(math.sqrt(1.9) * count_ratio(lists.n, 30).se)
    assert value_ratio((0, 0, 9), joined(0, 0, 9).worth, 30, 0.9) is None
