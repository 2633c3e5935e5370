"""The month's report: its numbers, its words, and the months that are hardly there."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from forwarder.core.delivery import Status
from forwarder.core.event import Kind
from forwarder.core.reports import (
    Definitions,
    Level,
    Measures,
    ReportTime,
    ServerRow,
    TagDay,
    TagReport,
)
from forwarder.reconcile.as_json import as_json
from forwarder.reconcile.as_text import as_text
from forwarder.reconcile.calendar_of import final_at
from forwarder.reconcile.compare import Estimate
from forwarder.reconcile.comparison import Comparison
from forwarder.reconcile.document import Document
from forwarder.reconcile.report import Rules, build_report
from forwarder.reconcile.systematic import (
    CROSS_DEVICE,
    MATURITY,
    ROUTING,
    Evidence,
    Part,
    factor,
)
from forwarder.reconcile.verdict import Grade, Verdict, verdict

FIRST = datetime(2026, 10, 1, tzinfo=UTC)
LATER = datetime(2027, 1, 5, tzinfo=UTC)
RULES = Definitions(report_time=ReportTime.CONVERSION)


def sale(number: int, day: float, **changes: object) -> ServerRow:
    at = FIRST + timedelta(days=day)
    row = ServerRow(
        event_id=f"shop:{number}:checkout",
        order_id=f"order-{number}",
        kind=Kind.CHECKOUT,
        occurred_at=at,
        clicked_at=at - timedelta(hours=5),
        value_minor=2_500 + 7 * number,
        currency="EUR",
        status=Status.DELIVERED,
        hops=1,
    )
    return replace(row, **changes)  # type: ignore[arg-type]


def sales(per_day: int, **changes: object) -> list[ServerRow]:
    n = per_day * 31
    return [sale(i, i / per_day + 0.3 / per_day, **changes) for i in range(n)]


def tag(counts: Sequence[int], **changes: object) -> TagReport:
    rows = tuple(
        TagDay(
            on=(FIRST + timedelta(days=i)).date(),
            kind=Kind.CHECKOUT,
            count=n,
            value=Decimal(n * 30),
        )
        for i, n in enumerate(counts)
    )
    report = TagReport(
        rows=rows,
        first_on=date(2026, 10, 1),
        last_on=date(2026, 10, 31),
        measures=Measures.TAG,
        definitions=RULES,
        currency="EUR",
    )
    return replace(report, **changes)  # type: ignore[arg-type]


def attributed(
    rows: Sequence[ServerRow],
    reports: Sequence[TagReport],
    rules: Rules | None = None,
    now: datetime = LATER,
) -> Comparison:
    report = build_report("2026-10", rows, reports, now, rules)
    found = [c for c in report.comparisons if c.level is Level.ATTRIBUTION]

    assert 1 == len(found)
    return found[0]


def text_of(rows: Sequence[ServerRow], reports: Sequence[TagReport]) -> str:
    return as_text(build_report("2026-10", rows, reports, LATER))


def flat(text: str) -> str:
    return " ".join(text.split())


def test_a_clear_month_is_told_with_its_numbers_and_bands() -> None:
    rows, reports = sales(40), [tag([26] * 31)]

    found = attributed(rows, reports)
    text = flat(text_of(rows, reports))

    assert (806, 1240) == (found.n_tag, found.n_server)
    assert found.estimates["gap"].value == pytest.approx(1 - 806.5 / 1240.5)
    low, high = found.estimates["gap"].bands["95"]
    assert low < 0.35 < high
    assert Verdict.DISAGREES is found.verdict
    assert Grade.C is found.grade
    assert "shows 806 purchases (exact) from 2026-10-01 to 2026-10-31" in text
    assert "about 35 were missed by the tag: between" in text
    assert "(95% band)" in text


def test_every_gap_in_the_text_stands_with_a_band_and_every_count_with_exact() -> None:
    text = flat(text_of(sales(9), [tag([7] * 31)]))

    for sentence in re.findall(r"[^.;]*\d purchases?[^.;]*", text):
        assert "exact" in sentence
    assert "gap in value is" in text
    assert "grade C" in text


def test_lists_that_agree_are_told_so() -> None:
    found = attributed(sales(100), [tag([100] * 31)])

    assert Verdict.AGREES is found.verdict


def test_json_has_the_agreed_shape() -> None:
    report = build_report("2026-10", sales(40), [tag([26] * 31)], LATER)

    found = as_json(Document(report=report, past={}))
    delivery, attribution = json.loads(json.dumps(found))

    assert ("delivery", "attribution") == (delivery["level"], attribution["level"])
    assert ("2026-10", "checkout", "aggregate") == (
        attribution["month"],
        attribution["kind"],
        attribution["mode"],
    )
    gap = attribution["estimates"]["gap"]
    assert {"value", "unit", "bands", "comparison_bands"} < set(gap)
    assert {"90", "95"} == set(gap["bands"])
    assert gap["bands"]["95"][0] <= gap["bands"]["90"][0] <= gap["value"]
    for assumption in (*delivery["assumptions"], *attribution["assumptions"]):
        assert {"name", "range", "status", "source"} < set(assumption)
        assert assumption["status"] in {"measured", "assumed"}
    assert ("C", "final") == (attribution["grade"], attribution["stamp"])
    cause = attribution["causes"][0]
    assert {"cause", "share", "low", "high", "evidence"} < set(cause)
    assert (806, 1240) == (
        attribution["counts"]["tag"],
        attribution["counts"]["server"],
    )
    assert {} == delivery["estimates"]
    assert "nothing to compare" == delivery["verdict"]


def test_row_order_and_repeats_change_nothing_but_the_step_that_counts_them() -> None:
    rows = sales(6)
    twice = [*reversed(rows), *rows]

    here, there = attributed(rows, [tag([5] * 31)]), attributed(twice, [tag([5] * 31)])

    assert here.estimates == there.estimates
    assert -len(rows) == there.steps[0].after - there.steps[0].before


@pytest.mark.parametrize("n", [0, 1, 5])
@pytest.mark.parametrize("n_tag", [0, 1, 5])
def test_next_to_no_conversions_are_told_without_false_precision(
    n: int, n_tag: int
) -> None:
    rows = [sale(i, i + 0.5) for i in range(n)]
    reports = [tag([n_tag] + [0] * 30)]

    found, text = attributed(rows, reports), flat(text_of(rows, reports))

    assert found.verdict in {Verdict.TOO_FEW, Verdict.NOTHING}
    assert "nan" not in text
    assert "inf" not in text.replace("information", "")
    if 0 < n < 5 and n_tag < 5:
        assert "Too few to judge" in text


def test_a_few_of_ours_beside_many_of_the_tag_give_no_share() -> None:
    rows = [sale(i, i + 0.5) for i in range(3)]
    found, text = attributed(rows, [tag([4] * 31)]), text_of(rows, [tag([4] * 31)])

    assert 3 == found.estimates["gap"].n
    assert re.search(r"-\d{3,}%", text.replace("below -100%", "")) is None
    assert "too few to judge" in text


def test_a_band_beyond_twice_ours_is_not_printed_in_thousands_of_percent() -> None:
    text = flat(text_of(sales(1), [tag([12] * 31)]))

    assert "more than 100 too many were counted" in text
    assert re.search(r"-\d{3,}%", text.replace("below -100%", "")) is None


def test_a_tag_that_saw_little_of_many_is_judged() -> None:
    found = attributed(sales(6), [tag([0] * 30 + [1])])

    assert Verdict.DISAGREES is found.verdict
    assert 186 == found.estimates["gap"].n


def test_lines_of_zero_are_not_listed_as_counted_by_us_only() -> None:
    delivery = tag([3] * 31, level=Level.DELIVERY)
    listed = text_of(sales(4), [delivery])
    nothing_clicked = text_of(sales(4, clicked_at=None), [delivery])

    assert "Counted by our server only" in listed
    assert "Counted by our server only" not in nothing_clicked


def test_parts_of_attribution_are_not_applicable_to_delivery() -> None:
    text = text_of(sales(4), [tag([3] * 31, level=Level.DELIVERY)])

    assert re.search(r"cross-device credit +0 +n/a +nothing is credited", text)
    assert re.search(r"[+-]0(\.0)?\b(?![.,\d])(?<=-0)", text) is None


def test_a_month_without_anything_says_so() -> None:
    text = text_of([], [])

    assert "No conversion in 2026-10 on either side (exact)" in text


def test_without_a_report_of_the_tag_the_next_step_is_to_import_one() -> None:
    text = flat(text_of(sales(3), []))

    assert "There is no report of the tag" in text
    assert "forwarder import tag-report FILE" in text
    assert "no band is given" in text


def test_with_the_tag_only_no_gap_is_given() -> None:
    found = attributed([], [tag([4] * 31)])

    assert ({}, 124, 0) == (found.estimates, found.n_tag, found.n_server)
    assert Verdict.NOTHING is found.verdict
    assert "Our list is empty" in text_of([], [tag([4] * 31)])


def test_conversions_without_any_click_are_grade_d_and_name_the_remedy() -> None:
    rows, reports = sales(3, clicked_at=None), [tag([2] * 31)]

    assert Grade.D is attributed(rows, reports).grade
    assert "use click links" in flat(text_of(rows, reports))


def test_a_month_that_was_refunded_as_a_whole_says_so() -> None:
    rows = [sale(i, i + 0.5) for i in range(5)]
    refunds = [replace(r, event_id=f"{r.event_id}:r", kind=Kind.REFUND) for r in rows]

    found = attributed([*rows, *refunds], [tag([1] * 31)])
    dropped = attributed([*rows, *refunds], [tag([1] * 31)], Rules(refunds="drop"))

    assert (5, 5) == (found.n_server, found.n_refunded)
    assert "All 5 of ours refunded" in flat(text_of([*rows, *refunds], [tag([1] * 31)]))
    assert 0 == dropped.n_server


def test_values_in_several_currencies_are_not_added_up() -> None:
    rows = [*sales(3), sale(999, 4.5, currency="USD"), sale(998, 4.6, currency="USD")]

    found = attributed(rows, [tag([2] * 31)])

    assert "gap" in found.estimates
    assert "revenue_gap" not in found.estimates
    assert any("2 in USD" in doubt for doubt in found.doubts)
    assert found.server_value == pytest.approx(
        sum(2_500 + 7 * i for i in range(93)) / 100
    )


@pytest.mark.parametrize(
    ("currency", "expected"), [("EUR", 25.0), ("JPY", 2_500.0), ("KWD", 2.5)]
)
def test_values_are_read_in_the_minor_unit_of_their_currency(
    currency: str, expected: float
) -> None:
    rows = [sale(1, 3.0, value_minor=2_500, currency=currency)]

    assert expected == attributed(rows, []).server_value


def test_conversions_without_a_value_leave_the_revenue_gap_out() -> None:
    found = attributed(sales(3, value_minor=None), [tag([2] * 31)])

    assert {"gap", "net_recorded"} == set(found.estimates)


def test_silent_days_of_the_tag_are_called_an_outage() -> None:
    counts = [9] * 31
    counts[11:14] = [0, 0, 0]

    found = attributed(sales(10), [tag(counts)])

    assert any("days 12-14" in doubt for doubt in found.doubts)
    assert not attributed(sales(1), [tag([1] * 15 + [0] + [1] * 15)]).doubts


def test_what_pinterest_did_not_accept_is_a_step_and_a_doubt() -> None:
    rows = [*sales(3), sale(999, 4.5, status=Status.REFUSED)]

    found = attributed(rows, [tag([2] * 31)])

    assert 93 == found.n_server
    assert any("or refused: 1 of our conversions" in d for d in found.doubts)


def test_tests_and_missing_consent_are_not_conversions() -> None:
    rows = [
        sale(1, 1.0, status=Status.SKIPPED, reason="test_order"),
        sale(2, 2.0, status=Status.SKIPPED, reason="consent"),
        sale(3, 3.0),
    ]

    names = {s.name: s.after - s.before for s in attributed(rows, []).steps}

    assert (-1, -1) == (names["test orders"], names["no consent"])
    assert 0 == names["not accepted"]


def test_the_platforms_own_count_is_never_called_the_tag() -> None:
    reports = [tag([26] * 31, measures=Measures.PLATFORM)]

    text = flat(text_of(sales(40), reports))

    assert "Pinterest's report (tag and server together) shows 806" in text
    assert "says nothing about the tag by itself" in text


def test_a_report_of_part_of_the_month_is_compared_on_its_days() -> None:
    half = tag([4] * 10, last_on=date(2026, 10, 10))

    found = attributed(sales(4), [half])

    assert (40, 40) == (found.n_tag, found.n_server)
    assert (date(2026, 10, 1), date(2026, 10, 10)) == (found.first_on, found.last_on)


def test_a_report_of_one_day_gives_no_band() -> None:
    found = attributed(sales(4), [tag([4], last_on=date(2026, 10, 1))])

    assert {} == found.estimates
    assert "single day" in text_of(sales(4), [tag([4], last_on=date(2026, 10, 1))])


def test_the_last_of_several_reports_counts() -> None:
    found = attributed(sales(4), [tag([1] * 31), tag([4] * 31)])

    assert 124 == found.n_tag
    assert any("More than one report" in doubt for doubt in found.doubts)


def test_numbers_are_provisional_until_the_window_has_closed() -> None:
    closing = final_at(FIRST.date(), RULES)

    before = attributed(sales(3), [tag([2] * 31)], now=closing - timedelta(seconds=1))
    after = attributed(sales(3), [tag([2] * 31)], now=closing)

    assert datetime(2026, 12, 3, tzinfo=UTC) == closing
    assert (False, True) == (before.is_final, after.is_final)
    assert (-0.03, 0.0) == tuple(
        next(p.low for p in c.parts if p.name == MATURITY) for c in (before, after)
    )


def test_a_measured_part_replaces_its_default_and_narrows_the_band() -> None:
    part = Part(
        name=CROSS_DEVICE,
        low=0,
        high=0.01,
        evidence=Evidence.MEASURED,
        source="columns",
    )
    rows, reports = sales(100), [tag([70] * 31)]

    usual = attributed(rows, reports).estimates["gap"].bands["95"]
    measured = attributed(rows, reports, Rules(measured={CROSS_DEVICE: part}))

    low, high = measured.estimates["gap"].bands["95"]
    assert high - low < usual[1] - usual[0]
    assert part in measured.parts


def test_the_route_decides_how_much_routing_may_cost() -> None:
    def routing(hops: int | None) -> float:
        parts = attributed(sales(3, hops=hops), []).parts
        return next(p.low for p in parts if p.name == ROUTING)

    assert [-0.05, 0.0, -0.05] == [routing(None), routing(1), routing(2)]


def test_parts_multiply() -> None:
    parts = [Part(name="a", low=-0.1, high=0.1), Part(name="b", low=0, high=0.5)]

    assert factor(parts) == pytest.approx((0.9, 1.65))


def test_a_part_upside_down_is_refused() -> None:
    with pytest.raises(ValueError, match="must rise"):
        Part(name="a", low=0.1, high=0)


def _estimates(low: float, high: float, value: float, n: int) -> dict[str, Estimate]:
    bands = {"90": (low, high), "95": (low, high)}
    return {"gap": Estimate(value=value, bands=bands, usual_bands=bands, n=n)}


@pytest.mark.parametrize(
    ("low", "high", "value", "n", "expected"),
    [
        (-0.1, 0.1, 0.0, 900, Verdict.AGREES),
        (0.2, 0.4, 0.3, 900, Verdict.DISAGREES),
        (-0.4, -0.2, -0.3, 900, Verdict.DISAGREES),
        (0.1, 0.5, 0.3, 20, Verdict.TOO_FEW),
        (0.1, 0.5, 0.3, 900, Verdict.TOO_FEW),  # the hidden factor would not matter
        (0.05, 0.25, 0.15, 9_000, Verdict.CANNOT_TELL),  # only the hidden factor does
    ],
)
def test_the_verdict_is_an_equivalence_test(
    low: float, high: float, value: float, n: int, expected: Verdict
) -> None:
    found = verdict(_estimates(low, high, value, n), (0.97, 1.08), 0.15)

    assert expected is found


def test_a_measured_part_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match="weather"):
        attributed(
            sales(1),
            [],
            Rules(measured={"weather": Part(name="weather", low=0, high=0)}),
        )


def test_other_kinds_have_their_own_words_and_sections() -> None:
    rows = [sale(1, 2.0, kind=Kind.SIGNUP, value_minor=None, currency=None)]

    text = text_of(rows, [])

    assert "Sign-ups: were they seen at all? (delivery level)" in text
    assert "1 sign-up (exact)" in text
    assert "In value" not in text


def test_a_month_is_written_as_year_and_month() -> None:
    with pytest.raises(ValueError, match="YYYY-MM"):
        build_report("October", [], [], LATER)


def test_a_stream_of_rows_is_enough() -> None:
    def stream() -> Iterator[ServerRow]:
        yield from sales(2)

    report = build_report("2026-10", stream(), [], LATER)

    assert 62 == report.comparisons[0].n_server


def test_amounts_read_as_on_every_other_page() -> None:
    text = text_of([sale(1, 2.0, value_minor=8_139_560, currency="EUR")], [])

    assert "In value our server recorded 81,395.60 EUR (exact)" in text
