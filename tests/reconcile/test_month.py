"""The estimators on whole months: coverage, and what must not move them."""

import copy
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from forwarder.reconcile import estimate_month
from forwarder.reconcile.month import NotAMonth
from tests.reconcile.months import DAYS, Scenario, aggregate_month, event_month

Month = dict[str, Any]


def an_aggregate_month(seed: int = 1, volume: float = 300) -> Month:
    return aggregate_month(np.random.default_rng(seed), volume, Scenario())[0]


def an_event_month(
    seed: int = 1, volume: float = 300, *, ledger: bool = False
) -> Month:
    rng = np.random.default_rng(seed)
    return event_month(rng, volume, Scenario(), ledger=ledger)[0]


def as_lists(month: Month) -> Month:
    return {
        key: {name: np.asarray(column).tolist() for name, column in part.items()}
        if key in {"server", "tag", "tag_daily"}
        else part
        for key, part in month.items()
    }


def shuffled(columns: dict[str, Any], seed: int, copies: int = 1) -> dict[str, Any]:
    n = len(columns["event_id"])
    order = np.random.default_rng(seed).permutation(np.tile(np.arange(n), copies))
    return {name: np.asarray(column)[order] for name, column in columns.items()}


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario(factor=(0.08, 0.08), window_days=30),
        Scenario(factor=(-0.03, -0.03), offset_h=-8, by_click=True),
        Scenario(level="delivery", odds_ratio=1.0, heavy=True, offset_h=7),
    ],
    ids=["highest factor", "lowest factor", "delivery with heavy outages"],
)
@pytest.mark.parametrize("volume", [30, 300])
def test_the_aggregate_bands_hold_the_truth_as_often_as_they_say(
    scenario: Scenario, volume: float
) -> None:
    n_months, held = 120, {"90": 0, "95": 0}
    widths = []
    for seed in range(n_months):
        rng = np.random.default_rng([seed, int(volume)])
        month, truth = aggregate_month(rng, volume, scenario)
        bands = estimate_month(month)["gap"]
        widths.append(bands["95"][1] - bands["95"][0])
        for level, (low, high) in bands.items():
            held[level] += low <= truth["gap"] <= high

    # three Monte Carlo standard errors below what must be reached
    assert held["95"] >= n_months * (0.93 - 0.06)
    assert held["90"] >= n_months * (0.875 - 0.09)
    assert np.mean(widths) / 2 <= {30: 0.50, 300: 0.20}[volume]


@pytest.mark.parametrize("odds_ratio", [1.0, 3.0])
@pytest.mark.parametrize("ledger", [False, True])
def test_the_event_bands_hold_the_truth_as_often_as_they_say(
    odds_ratio: float, *, ledger: bool
) -> None:
    n_months = 60
    held: dict[str, int] = {}
    for seed in range(n_months):
        rng = np.random.default_rng([seed, 100])
        scenario = Scenario(odds_ratio=odds_ratio, links=0.01)
        month, truth = event_month(rng, 100, scenario, ledger=ledger)
        for name, bands in estimate_month(month).items():
            low, high = bands["95"]
            held[name] = held.get(name, 0) + (low <= truth[name] <= high)

    expected = {"gap", "revenue_gap", "uplift"}
    expected |= {"tag_coverage", "server_coverage"} if ledger else {"N"}
    assert expected == set(held)
    assert min(held.values()) >= n_months * 0.85


@pytest.mark.parametrize("ledger", [False, True])
def test_rows_in_another_order_and_twice_give_the_same_event_bands(
    *, ledger: bool
) -> None:
    month = an_event_month(ledger=ledger, volume=2_000)
    other = month | {
        "server": shuffled(month["server"], 3, copies=2),
        "tag": shuffled(month["tag"], 4, copies=2),
    }

    assert estimate_month(month) == estimate_month(other)


def test_rows_in_another_order_and_twice_give_the_same_aggregate_bands() -> None:
    month = an_aggregate_month()

    other = month | {"server": shuffled(month["server"], 3, copies=3)}

    assert estimate_month(month) == estimate_month(other)


@pytest.mark.parametrize("month", [an_aggregate_month(), an_event_month()])
def test_lists_and_arrays_give_the_same_answer_and_stay_untouched(month: Month) -> None:
    before = copy.deepcopy(as_lists(month))

    assert estimate_month(month) == estimate_month(as_lists(month))
    assert before == as_lists(month)


def test_another_currency_scale_leaves_every_share_as_it_is() -> None:
    month = an_aggregate_month()
    server = month["server"] | {"value": month["server"]["value"] * 100}
    daily = month["tag_daily"] | {"value": month["tag_daily"]["value"] * 100}

    here = estimate_month(month)
    there = estimate_month(month | {"server": server, "tag_daily": daily})

    assert here["gap"] == there["gap"]
    for level, band in here["revenue_gap"].items():
        assert there["revenue_gap"][level] == pytest.approx(band, rel=1e-6)


def test_complete_lists_show_no_gap_under_any_definition() -> None:
    for scenario in (
        Scenario(window_days=7, offset_h=-8, by_click=True),
        Scenario(window_days=30, offset_h=7),
    ):
        month, _ = aggregate_month(np.random.default_rng(2), 500, scenario)
        _as_own_tag(month, scenario)
        month["assume"] = {"systematic_range": [0, 0]}
        (low, high) = estimate_month(month)["gap"]["95"]

        assert 1 - low == pytest.approx(1 / (1 - high))  # centred on no gap at all


def _as_own_tag(month: Month, scenario: Scenario) -> None:
    server = month["server"]
    _, once = np.unique(server["event_id"], return_index=True)
    at_s, click_s = server["ts"][once], server["click_ts"][once]
    clock = click_s if scenario.by_click else at_s
    day = np.floor((clock + scenario.offset_h * 3600 - month["t0"]) / 86_400)
    keep = (day >= 0) & (day < DAYS) & (at_s - click_s <= scenario.window_days * 86_400)
    month["tag_daily"] = {
        "count": np.bincount(day[keep].astype(int), minlength=DAYS),
        "value": np.bincount(
            day[keep].astype(int), server["value"][once][keep], minlength=DAYS
        ),
    }


def test_less_knowledge_never_narrows_an_event_band() -> None:
    month = an_event_month(volume=100)
    ignorant = {"or_range": [0.8, 6], "link_failure_max": 0.05, "duplicate_max": 0.03}

    narrow, wide = estimate_month(month), estimate_month(month | {"assume": ignorant})

    for name in ("N", "uplift", "gap"):
        for level in ("90", "95"):
            less, more = narrow[name][level], wide[name][level]
            assert more[1] - more[0] >= less[1] - less[0]


@pytest.mark.parametrize("volume", [30, 1_500])
@pytest.mark.parametrize("ledger", [False, True])
def test_the_90_band_lies_inside_the_95_band(volume: float, *, ledger: bool) -> None:
    for bands in estimate_month(an_event_month(volume=volume, ledger=ledger)).values():
        assert bands["95"][0] <= bands["90"][0] <= bands["90"][1] <= bands["95"][1]


EMPTY: dict[str, list[float]] = {
    name: []
    for name in ("event_id", "order_id", "ts", "click_ts", "value", "device", "hops")
}


@pytest.mark.parametrize("side", ["server", "tag"])
@pytest.mark.parametrize("ledger_total", [None, 0, 12])
def test_an_empty_list_gives_finite_bands_or_none(
    side: str, ledger_total: int | None
) -> None:
    month = an_event_month(volume=10) | {side: EMPTY, "ledger_total": ledger_total}

    for bands in estimate_month(month).values():
        assert np.isfinite(list(bands.values())).all()


def test_two_empty_lists_give_nothing() -> None:
    month = an_event_month(volume=10) | {"server": EMPTY, "tag": EMPTY}

    assert {} == estimate_month(month)


@pytest.mark.parametrize("n_tag", [0, 1])
@pytest.mark.parametrize("empty", [False, True])
def test_next_to_nothing_gives_finite_bands_or_none(n_tag: int, *, empty: bool) -> None:
    month = an_aggregate_month(volume=3)
    month["tag_daily"] = {
        "count": [n_tag] + [0] * 29,
        "value": [9.0 * n_tag] + [0] * 29,
    }
    if empty:
        month["server"] = EMPTY

    bands = estimate_month(month)

    assert empty == (not bands)
    for band in bands.values():
        assert np.isfinite(list(band.values())).all()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"mode": "daily"}, "mode"),
        ({"tag_daily": {"count": [1], "value": [1]}}, "tag_daily"),
        ({"server": None}, "server"),
        ({"server": {"event_id": [1], "ts": []}}, "columns"),
        ({"assume": {"systematic_range": [0.1, 0.0]}}, "systematic_range"),
        ({"assume": {"systematic_range": "wide"}}, "systematic_range"),
        ({"days": 30.5}, "days"),
        ({"days": 10**9}, "days"),
        ({"t0": float("nan")}, "t0"),
        ({"tag_daily": {"count": [-1] * 30, "value": [1] * 30}}, "count"),
        ({"report": {"utc_offset_hours": 99}}, "utc_offset_hours"),
        ({"report": {"utc_offset_hours": 0, "click_window_days": -1}}, "window"),
        ({"report": {"utc_offset_hours": 0, "report_time": "NOON"}}, "report_time"),
        ({"server": {"event_id": [1.5], "ts": [1]}}, "event_id"),
        ({"server": {"event_id": [[1]], "ts": [[1]]}}, "event_id"),
        ({"server": {"event_id": 7, "ts": 7}}, "event_id"),
        ({"t0": "yesterday"}, "t0"),
    ],
)
def test_a_faulty_file_is_told_by_its_field(change: Month, field: str) -> None:
    with pytest.raises(NotAMonth, match=field):
        estimate_month(an_aggregate_month(volume=5) | change)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"ledger_total": "many"}, "ledger_total"),
        ({"ledger_total": -4}, "ledger_total"),
        ({"assume": {"or_range": [0, 3]}}, "or_range"),
        ({"assume": {"or_range": [3, 1]}}, "or_range"),
        ({"assume": {"link_failure_max": 1}}, "link_failure_max"),
        ({"assume": {"duplicate_max": -0.1}}, "duplicate_max"),
        ({"tag": [1, 2]}, "tag"),
    ],
)
def test_a_faulty_event_file_is_told_by_its_field(change: Month, field: str) -> None:
    with pytest.raises(NotAMonth, match=field):
        estimate_month(an_event_month(volume=5) | change)


@pytest.mark.parametrize("month", [[], "month", None, 7])
def test_what_is_no_object_is_no_month(month: object) -> None:
    with pytest.raises(NotAMonth, match="object"):
        estimate_month(month)  # type: ignore[arg-type]


def test_the_package_does_not_load_numpy_before_it_is_needed() -> None:
    code = (
        "import sys, forwarder.reconcile, forwarder.reconcile.tag_report;"
        "sys.exit('numpy' in sys.modules or 'scipy' in sys.modules)"
    )

    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode  # noqa: S603 our own interpreter and text
