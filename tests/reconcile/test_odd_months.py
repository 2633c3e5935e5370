"""Months that are hardly there, and what must not move the bands, or only one way."""

from typing import Any

import numpy as np
import pytest

from forwarder.reconcile import estimate_month
from tests.reconcile.months import T0, Scenario, aggregate_month, event_month

Month = dict[str, Any]
DAY_S = 86_400
NAMES = ("event_id", "order_id", "ts", "click_ts", "value", "device", "hops")


def columns(n: int, first: int = 1, **changes: object) -> dict[str, Any]:
    """n conversions, spread over the month."""
    at_s = T0 + (np.arange(n) * 7 % 30) * DAY_S + 3_600
    made = {
        "event_id": np.arange(first, first + n),
        "order_id": np.arange(first, first + n) + 10_000,
        "ts": at_s,
        "click_ts": at_s - 600,
        "value": np.full(n, 25.0),
        "device": np.zeros(n, dtype=int),
        "hops": np.ones(n, dtype=int),
    }
    return made | changes


def joined(n_both: int, n_tag: int, n_server: int, **changes: object) -> Month:
    both = columns(n_both)
    tag, server = columns(n_tag, 100_000), columns(n_server, 200_000)
    month: Month = {
        "mode": "event",
        "level": "delivery",
        "days": 30,
        "t0": T0,
        "devices": ["a", "b"],
        "server": {k: np.concatenate([both[k], server[k]]) for k in NAMES},
        "tag": {k: np.concatenate([both[k], tag[k]]) for k in NAMES},
        "ledger_total": None,
        "assume": {
            "or_range": [1, 3],
            "link_failure_max": 0.01,
            "duplicate_max": 0.005,
        },
    }
    return month | changes


def daily(n_tag: int, n_server: int, **changes: object) -> Month:
    count = np.bincount(np.arange(n_tag) * 7 % 30, minlength=30)
    month: Month = {
        "mode": "aggregate",
        "level": "delivery",
        "days": 30,
        "t0": T0,
        "devices": [],
        "server": columns(n_server),
        "tag_daily": {"count": count, "value": count * 25.0},
        "report": {"utc_offset_hours": 0, "click_window_days": 30},
        "assume": {"systematic_range": [-0.03, 0.08]},
    }
    return month | changes


def width(bands: dict[str, dict[str, list[float]]], name: str) -> float:
    low, high = bands[name]["95"]
    return high - low


def all_finite(bands: dict[str, dict[str, list[float]]]) -> bool:
    return all(
        np.isfinite(ends).all() for one in bands.values() for ends in one.values()
    )


@pytest.mark.parametrize("n_tag", [0, 1, 5])
@pytest.mark.parametrize("n_server", [0, 1, 5])
@pytest.mark.parametrize("n_both", [0, 1, 5])
def test_a_handful_of_pairs_gives_wide_finite_bands(
    n_both: int, n_tag: int, n_server: int
) -> None:
    found = estimate_month(joined(n_both, n_tag, n_server))

    assert all_finite(found)
    assert ("gap" in found) == (n_both + n_server > 0)
    if "gap" in found:  # a handful never proves agreement within 15 percent
        low, high = found["gap"]["90"]
        assert not (low >= -0.15 and high <= 0.15)
        assert high - low > 0.3


@pytest.mark.parametrize("n_tag", [0, 1, 5])
@pytest.mark.parametrize("n_server", [0, 1, 5])
def test_a_handful_of_days_gives_wide_finite_bands(n_tag: int, n_server: int) -> None:
    found = estimate_month(daily(n_tag, n_server))

    assert all_finite(found)
    assert ("gap" in found) == (n_server > 0)
    if "gap" in found:
        assert width(found, "gap") > 0.3


def test_the_tag_alone_gives_a_total_but_no_gap() -> None:
    found = estimate_month(joined(0, 40, 0))

    assert {"N", "uplift"} == set(found)
    assert 0 == found["uplift"]["95"][0]


def test_the_server_alone_gives_no_uplift() -> None:
    found = estimate_month(joined(0, 0, 40))

    assert "uplift" not in found
    assert found["gap"]["95"][0] > 0.5


@pytest.mark.parametrize("value", [0.0, -25.0, np.nan, np.inf, 1e300])
def test_values_that_are_none_leave_only_the_revenue_out(value: float) -> None:
    month, totals = joined(30, 5, 9), daily(30, 40)
    month["server"]["value"] = np.full(39, value)
    month["tag"]["value"] = np.full(35, value)
    totals["server"]["value"] = np.full(40, value)

    assert "revenue_gap" not in estimate_month(month)
    assert "revenue_gap" not in estimate_month(totals)
    assert "gap" in estimate_month(month)
    assert "gap" in estimate_month(totals)


@pytest.mark.parametrize("device", [-7, 10**15, 3])
def test_a_device_without_a_name_is_a_stratum_like_any_other(device: int) -> None:
    month = joined(1_200, 50, 90)
    plain = estimate_month(month)
    for side in ("server", "tag"):
        month[side]["device"] = np.full(len(month[side]["ts"]), device)

    assert plain == estimate_month(month)


def test_missing_columns_and_empty_cells_are_not_known() -> None:
    month = joined(60, 5, 9)
    for side in ("server", "tag"):
        n = len(month[side]["ts"])
        for name in ("device", "hops", "click_ts", "order_id"):
            del month[side][name]
        month[side]["value"] = [None] * n

    assert {"N", "uplift", "gap"} == set(estimate_month(month))


def test_an_empty_order_is_no_order() -> None:
    month = joined(60, 5, 9)
    zeros, empty = month, month
    for side in ("server", "tag"):
        orders = month[side]["order_id"].tolist()
        zeros = zeros | {side: month[side] | {"order_id": [0, *orders[1:]]}}
        empty = empty | {side: month[side] | {"order_id": [None, *orders[1:]]}}

    assert estimate_month(zeros) == estimate_month(empty)


@pytest.mark.parametrize("assume", [None, {}, {"or_range": None}])
def test_without_assumptions_the_defaults_are_used(assume: object) -> None:
    assert estimate_month(joined(60, 5, 9)) == estimate_month(
        joined(60, 5, 9, assume=assume)
    )
    silent = estimate_month(daily(60, 70, assume=assume))
    exact = estimate_month(daily(60, 70, assume={"systematic_range": [0, 0]}))
    assert width(silent, "gap") > width(exact, "gap")


def test_a_month_in_which_everything_happened_on_one_day_is_finite() -> None:
    month = daily(40, 50)
    month["server"]["ts"] = np.full(50, T0 + 60)
    month["tag_daily"] = {"count": [40] + [0] * 29, "value": [1_000.0] + [0] * 29}

    assert all_finite(estimate_month(month))


def test_rows_outside_the_month_move_nothing() -> None:
    month = joined(60, 5, 9)
    far = columns(50, 300_000, ts=np.full(50, T0 - 40 * DAY_S))
    more = month | {
        side: {k: np.concatenate([month[side][k], far[k]]) for k in NAMES}
        for side in ("server", "tag")
    }

    assert estimate_month(month) == estimate_month(more)


def test_a_ledger_smaller_than_what_was_seen_never_gives_more_than_everything() -> None:
    found = estimate_month(joined(60, 5, 9, ledger_total=10))

    assert 1 == found["tag_coverage"]["95"][1] == found["server_coverage"]["95"][1]


# --- what must not move, or only one way ------------------------------------------


def test_server_only_orders_raise_the_uplift_and_leave_the_tags_coverage() -> None:
    less = estimate_month(joined(300, 20, 40, ledger_total=500))
    more = estimate_month(joined(300, 20, 90, ledger_total=500))

    assert less["tag_coverage"] == more["tag_coverage"]
    for level in ("90", "95"):
        assert less["uplift"][level][0] < more["uplift"][level][0]
        assert less["uplift"][level][1] < more["uplift"][level][1]


@pytest.mark.parametrize("name", ["gap", "uplift", "tag_coverage"])
def test_more_data_never_widens_the_sampling_part(name: str) -> None:
    sizes = [1, 3, 10, 30]
    months = [joined(30 * k, 3 * k, 9 * k, ledger_total=50 * k) for k in sizes]
    widths = [width(estimate_month(month), name) for month in months]

    assert sorted(widths, reverse=True) == widths


def test_more_data_never_widens_the_relative_total_and_the_aggregate_gap() -> None:
    totals = [joined(30 * k, 3 * k, 9 * k) for k in (1, 3, 10)]
    shares = [width(estimate_month(m), "N") / (42 * k) for m, k in
              zip(totals, (1, 3, 10), strict=True)]  # fmt: skip
    gaps = [width(estimate_month(daily(30 * k, 40 * k)), "gap") for k in (1, 3, 10, 30)]

    assert sorted(shares, reverse=True) == shares
    assert sorted(gaps, reverse=True) == gaps


@pytest.mark.parametrize("seconds", [-11 * 3_600, 9 * 3_600, 45 * DAY_S])
def test_another_clock_on_both_sides_moves_nothing(seconds: int) -> None:
    month, _ = event_month(np.random.default_rng(5), 300, Scenario(), ledger=False)
    moved = month | {"t0": month["t0"] + seconds}
    for side in ("server", "tag"):
        clocks = {k: month[side][k] + seconds for k in ("ts", "click_ts")}
        moved[side] = month[side] | clocks

    assert estimate_month(month) == estimate_month(moved)


def test_another_clock_and_zone_on_both_sides_move_no_total() -> None:
    month, _ = aggregate_month(np.random.default_rng(5), 300, Scenario())
    server = {k: month["server"][k] + 9 * 3_600 for k in ("ts", "click_ts")}
    report = month["report"] | {"utc_offset_hours": -9}
    moved = month | {"server": month["server"] | server, "report": report}

    assert estimate_month(month) == estimate_month(moved)


def test_repeated_webhooks_and_reloads_move_nothing() -> None:
    month = joined(60, 5, 9)
    again = {k: np.concatenate([month["server"][k]] * 3) for k in NAMES}
    reloads = {k: np.concatenate([month["tag"][k]] * 2) for k in NAMES}
    n = len(month["tag"]["ts"])
    reloads["event_id"][n:] += 5_000_000  # the same order under a second event id

    assert estimate_month(month) == estimate_month(
        month | {"server": again, "tag": reloads}
    )
