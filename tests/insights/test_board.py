import json
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta

import pytest

from config.kpi import Kpi
from forwarder.core.experiment import Phase
from forwarder.core.kpi import Counts, KpiDay
from forwarder.insights.advice import ORDER, advice, do_next
from forwarder.insights.as_json import as_json
from forwarder.insights.as_text import as_text
from forwarder.insights.board import build_board
from forwarder.insights.checklist import checklist
from forwarder.insights.eprocess import Terms
from forwarder.insights.experiment import (
    PHASE_ASKS,
    PHASE_DAYS,
    REPLICATED_FROM,
    VARIANTS_MAX,
    VARIANTS_MIN,
)
from forwarder.insights.findings import RuleState
from forwarder.insights.gather import gather
from forwarder.insights.period import (
    Compared,
    Month,
    compare,
    month_of,
    settled_until,
    spans,
)
from forwarder.insights.pin_rules import QUIET_MAX
from forwarder.insights.tasks import DUE, EARLIEST
from forwarder.insights.thresholds import Thresholds
from forwarder.store import Store, kpi
from tests.insights.accounts import LIMITS, OCTOBER, counts, facts
from tests.store.conftest import store  # noqa: F401  the fixture of the floor below

NOW = datetime(2026, 11, 20, tzinfo=UTC)
TODAY = NOW.date()


def test_the_defaults_of_the_settings_are_those_of_the_rules() -> None:
    told = {one.name: getattr(Kpi(), one.name) for one in fields(Thresholds)}

    assert Thresholds() == Thresholds(**told)


def test_each_number_of_the_brief_is_a_default() -> None:
    found = Thresholds()

    assert (100, 400) == (found.ocr_low_per_100k, found.ocr_high_per_100k)
    assert (200, 800) == (found.save_low_per_100k, found.save_high_per_100k)
    assert (25, 60, 70) == (found.drop_percent, found.top3_percent, found.top10_percent)
    assert (3000, 20, 90) == (
        found.min_impressions,
        found.min_previous_clicks,
        found.confirm_percent,
    )
    assert (10, 20, 60) == (
        found.band_min_percent, found.band_max_percent, found.min_account_days,
    )  # fmt: skip
    assert (6, 10, 2) == (VARIANTS_MIN, VARIANTS_MAX, REPLICATED_FROM)
    assert [(7, 14), (14, 21), (30, 60)] == list(PHASE_DAYS.values())
    assert (7, 3000, 28, 0.05) == (
        Terms(rho=0).min_days, Terms(rho=0).min_impressions, Terms(rho=0).futile_days,
        Terms(rho=0).alpha,
    )  # fmt: skip
    assert (7, 14) == (EARLIEST.days, DUE.days)
    assert "three new variations" in advice()["top3_concentration"].action
    assert "five variants" in PHASE_ASKS[Phase.SCALE]


def test_every_rule_has_its_sentences_and_its_place() -> None:
    assert set(ORDER) == set(advice())
    for told in advice().values():
        assert all(vars(told).values()) if hasattr(told, "__dict__") else told.action
        assert told.creative
        assert told.measurement


def days_of(month: Month, one: Counts) -> dict[date, Counts]:
    return dict.fromkeys(month.days(), one)


def compared(
    month: Month,
    days: dict[date, Counts],
    settled_on: date,
    period: str = "calendar_month",
) -> Compared:
    return compare(spans(month, settled_on, period), days, settled_on)


def test_two_whole_months_are_compared_whole() -> None:
    days = {**days_of(OCTOBER.before, counts(10)), **days_of(OCTOBER, counts(10))}
    found = compared(OCTOBER, days, date(2026, 10, 31))

    assert (310, 300) == (found.now.impressions, found.before.impressions)
    assert not found.is_partial


def test_an_unfinished_month_is_compared_with_as_many_days() -> None:
    days = {**days_of(OCTOBER.before, counts(10)), **days_of(OCTOBER, counts(10))}
    found = compared(OCTOBER, days, date(2026, 10, 12))

    assert (12, 12, True) == (found.n_days, found.n_days_before, found.is_partial)


def test_only_days_that_both_months_have_are_compared() -> None:
    days = {**days_of(OCTOBER.before, counts(10)), **days_of(OCTOBER, counts(10))}
    del days[date(2026, 9, 5)]
    found = compared(OCTOBER, days, date(2026, 10, 31))

    assert (29, 29) == (found.n_days, found.n_days_before)


def test_without_a_shared_day_there_is_what_there_is() -> None:
    days = {date(2026, 9, 3): counts(7), date(2026, 10, 9): counts(9)}
    found = compared(OCTOBER, days, date(2026, 10, 31))

    assert (9, 7) == (found.now.impressions, found.before.impressions)


def test_a_leap_day_is_a_day() -> None:
    february = month_of(date(2028, 2, 29))
    days = {
        **days_of(february, counts(1)),
        **days_of(february.before, counts(1)),
    }
    found = compared(february, days, february.last_on)

    assert (29, 31, False) == (found.n_days, found.n_days_before, found.is_partial)
    assert "2028-02" == february.text


@pytest.mark.parametrize(
    ("period", "first_on", "before_on"),
    [
        ("trailing_28d", date(2026, 9, 15), date(2026, 8, 18)),
        ("trailing_30d", date(2026, 9, 13), date(2026, 8, 14)),
    ],
)
def test_r20_trailing_days_are_compared_with_as_many_before(
    period: str, first_on: date, before_on: date
) -> None:
    end = date(2026, 10, 12)
    n_days = (end - first_on).days + 1
    whole = {before_on + timedelta(days=n): counts(1) for n in range(2 * n_days)}
    found = compared(OCTOBER, {**whole, end + timedelta(1): counts(9)}, end, period)
    del whole[first_on]
    gap = compared(OCTOBER, whole, end, period)
    both = spans(OCTOBER, end, period)

    assert (first_on, end) == (both.now.first_on, both.now.last_on)
    assert (before_on, first_on - timedelta(1)) == (
        both.before.first_on, both.before.last_on,
    )  # fmt: skip
    assert (n_days, n_days, n_days, n_days, False) == (
        found.now.impressions, found.before.impressions,
        found.n_days, found.n_days_before, found.is_partial,
    )  # fmt: skip
    assert (n_days - 1, n_days - 1, True) == (
        gap.n_days, gap.n_days_before, gap.is_partial,
    )  # fmt: skip


def test_as_many_days_of_both_months_count_until_one_is_over() -> None:
    months = spans(OCTOBER, date(2026, 10, 31), "calendar_month")
    partial = months.so_far(date(2026, 10, 12))

    assert months == months.so_far(OCTOBER.last_on)
    assert (date(2026, 10, 12), date(2026, 9, 12)) == (
        partial.now.last_on, partial.before.last_on,
    )  # fmt: skip
    assert OCTOBER.before.last_on == months.so_far(date(2026, 10, 30)).before.last_on


def test_the_last_two_days_are_not_settled() -> None:
    assert date(2026, 10, 12) == settled_until(OCTOBER, date(2026, 10, 14), 2)
    assert date(2026, 10, 31) == settled_until(OCTOBER, TODAY, 2)


def test_r20_a_rate_has_its_change_in_points_and_per_cent() -> None:
    board = build_board(facts(counts(100_000, 0, 140), counts(100_000, 0, 200)), LIMITS)
    found = as_json(board)["metrics"]["outbound_click_rate"]

    assert pytest.approx(0.0014) == found["value"]
    assert pytest.approx(-0.0006) == found["delta"]
    assert pytest.approx(-30.0) == found["delta_percent"]
    assert "-0.06 pp (-30.0 %)" in as_text(board)


def test_r20_from_nothing_is_new_not_infinite() -> None:
    board = build_board(facts(counts(1000, 10, 5, 5), counts(1000)), LIMITS)
    found = as_json(board)["metrics"]["outbound_clicks"]

    assert (5, 0, None, True) == (
        found["value"], found["previous"], found["delta_percent"], found["is_new"],
    )  # fmt: skip
    assert "5, new" in as_text(board)


def test_r2_without_impressions_a_rate_is_not_available() -> None:
    board = build_board(facts(counts(), counts()), LIMITS)

    assert as_json(board)["metrics"]["outbound_click_rate"]["value"] is None
    assert "n/a" in as_text(board)


def test_r18_without_a_fired_rule_the_page_says_so() -> None:
    few, many = counts(10), counts(1_300_000, 20_000, 2000, 5000)
    text, unknown = (
        as_text(build_board(facts(same, same), LIMITS)) for same in (many, few)
    )

    assert "nothing: no rule fired" in text
    assert "nothing is known to judge by yet" in unknown
    assert "no rule fired" not in unknown
    assert "settled until 2026-10-31" in text


def test_r18_there_are_three_cards_at_most_and_one_per_rule() -> None:
    pins = {f"p{n}": counts(100_000, 5000, 1, 2000) for n in range(12)}
    board = build_board(
        facts(counts(1_300_000, 0, 100, 1000), counts(1_300_000, 0, 2000, 5000), pins),
        LIMITS,
    )
    found = as_json(board)

    assert 3 == len(found["do_next"])
    assert 3 == len({card["rule"] for card in found["do_next"]})
    for card in found["do_next"]:
        assert {"hypothesis", "creative_check", "measurement_check"} <= set(card)


def test_quiet_pins_are_listed_up_to_fifty() -> None:
    pins = {f"p{n}": counts(10_000 + n, 200, 30, 40) for n in range(80)}
    found = as_json(build_board(facts(counts(10), counts(10), pins), LIMITS))
    quiet = [
        one
        for one in found["rules"]
        if one["rule"] == "low_close_up" and one["state"] == "not_fired"
    ]

    assert (QUIET_MAX, 80) == (len(quiet), len(found["pins"]))


def test_nothing_fired_gives_no_card() -> None:
    assert [] == do_next([])


def take(store: Store, pin: str, first: date, n_days: int, one: Counts) -> None:  # noqa: F811
    days = [
        KpiDay(on=first + timedelta(days=n), counts=one, pin_id=pin)
        for n in range(n_days)
    ]
    kpi.keep(store, days, NOW)


def test_a_month_is_gathered_from_the_store(store: Store) -> None:  # noqa: F811
    take(store, "", date(2026, 9, 1), 61, counts(4000, 80, 10, 20))
    take(store, "1", date(2026, 9, 1), 61, counts(1000, 20, 5, 5))
    take(store, "gone", date(2026, 9, 1), 30, counts(9000, 20, 5, 5))
    board = build_board(gather(store, OCTOBER, TODAY, LIMITS), LIMITS)
    found = as_json(board)

    json.dumps(found)
    assert ("2026-10", "2026-10-31") == (found["month"], found["settled_on"])
    assert 31 * 4000 == found["metrics"]["impressions"]["value"]
    assert ["1"] == [pin["pin_id"] for pin in found["pins"]]  # the other was deleted
    assert pytest.approx(0.5) == found["concentration"]["top3_share"]
    assert [] == found["notes"]


def test_without_account_totals_the_pins_stand_for_it(store: Store) -> None:  # noqa: F811
    take(store, "1", date(2026, 10, 1), 31, counts(1000, 20, 5, 5))
    take(store, "2", date(2026, 10, 1), 31, counts(1000, 20, 5, 5))
    found = as_json(build_board(gather(store, OCTOBER, TODAY, LIMITS), LIMITS))

    assert 62_000 == found["metrics"]["impressions"]["value"]
    assert "the sum of the Pins" in found["notes"][0]
    assert found["metrics"]["impressions"]["previous"] is None


def test_a_month_nobody_imported_says_so(store: Store) -> None:  # noqa: F811
    board = build_board(gather(store, OCTOBER, TODAY, LIMITS), LIMITS)

    assert "forwarder import kpi" in as_text(board)
    assert board.metrics["impressions"].value is None
    assert {"unknown"} == {one.answer for one in checklist(board)}
    assert RuleState.FIRED not in {one.state for one in board.findings}
