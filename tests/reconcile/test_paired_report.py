"""The report from joined lists: numbers, causes, grade, and when it would change."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from forwarder.core.mirror import TagState
from forwarder.core.pairs import PairedRow, Seen
from forwarder.core.reports import Level
from forwarder.reconcile.as_text import as_text
from forwarder.reconcile.capture import Assumed
from forwarder.reconcile.cause import BLOCKED, CAUSES, QUIET, TAG_ONLY, Certainty
from forwarder.reconcile.comparison import Comparison, Mode
from forwarder.reconcile.report import Rules, build_report
from forwarder.reconcile.verdict import Grade, Verdict
from tests.reconcile.mirrored import beside, cell, paired_month, server_side
from tests.reconcile.test_report import LATER, flat, sales, tag

MONTH = paired_month(20, 1, 6, 2)


def delivery(
    rows: list[PairedRow] = MONTH, rules: Rules | None = None, **evidence: object
) -> Comparison:
    found = build_report(
        "2026-10", server_side(rows), [], LATER, rules, beside(rows, **evidence)
    )
    first = found.comparisons[0]

    assert Level.DELIVERY is first.level
    return first


def test_the_cells_are_counted_and_the_gap_is_theirs() -> None:
    found = delivery()

    assert Mode.EVENT is found.mode
    assert found.pairs is not None
    assert (620, 31, 248) == found.pairs.counts
    assert (651, 868) == (found.n_tag, found.n_server)
    assert found.estimates["gap"].value == pytest.approx(1 - 651.5 / 868.5)
    assert found.estimates["uplift"].value == pytest.approx(248 / 651)
    assert 248 == found.estimates["recovered"].value
    assert found.estimates["N"].bands["95"][0] >= 880


def test_the_steps_add_up_to_the_whole_difference() -> None:
    found = delivery()

    named = {cause.name: cause for cause in found.causes}
    assert 868 - 651 == sum(cause.n for cause in found.causes)
    assert (186, 62, -31) == tuple(named[n].n for n in (BLOCKED, QUIET, TAG_ONLY))
    assert Certainty.EXACT is named[BLOCKED].certainty
    assert set(CAUSES) <= set(named)


def test_the_steps_add_up_with_totals_alone_too() -> None:
    rows, reports = sales(40), [tag([26] * 31)]

    for one in build_report("2026-10", rows, reports, LATER).comparisons:
        if one.n_tag is not None:
            whole = one.steps[0].before - one.n_tag
            assert whole == pytest.approx(sum(cause.n for cause in one.causes))
            for cause in one.causes:
                assert cause.low <= cause.n <= cause.high


def test_a_cause_without_evidence_says_what_to_switch_on() -> None:
    report = build_report("2026-10", sales(40), [tag([26] * 31)], LATER)
    causes = {one.name: one for one in report.comparisons[1].causes}

    assert "use click links" in causes["redirects and hops"].remedy
    assert "switch on the mirror" in causes["dedup failures"].remedy
    assert Certainty.NONE is causes["cookie cap"].certainty


def test_with_the_ledger_it_is_grade_a_and_the_dependence_is_measured() -> None:
    found = delivery(ledger_total=940)

    assert Grade.A is found.grade
    assert "N" not in found.estimates
    assert found.estimates["tag_coverage"].value == pytest.approx(651 / 940)
    assert found.dependence is not None
    assert found.dependence.low < 620.5 * 41.5 / (31.5 * 248.5) < found.dependence.high
    assert Grade.B is delivery().grade


def test_a_ledger_counts_only_where_the_whole_month_was_compared() -> None:
    began = replace(
        beside(MONTH, ledger_total=940),
        mirror_began_at=datetime(2026, 10, 11, 15, tzinfo=UTC),
    )

    rows = server_side(MONTH)
    found = build_report("2026-10", rows, [], LATER, None, began).comparisons[0]

    assert Grade.B is found.grade
    assert (12, 31) == (found.first_on.day, found.last_on.day)
    assert any("not on all month" in doubt for doubt in found.doubts)


def test_a_mirror_without_any_word_leaves_the_report_to_totals() -> None:
    silent = [row for row in MONTH if row.tag is None]

    assert Mode.AGGREGATE is delivery(silent).mode


def test_a_mirror_that_fell_silent_ends_the_comparison() -> None:
    off = [row for row in MONTH if row.day < 20 or row.tag is None]
    quiet = [row for row in MONTH if row.day < 29]

    assert 20 == delivery(off).last_on.day
    assert 31 == delivery(quiet).last_on.day


def test_what_only_the_mirror_saw_is_a_doubt() -> None:
    lost = cell(3, seen=Seen.NEITHER, tag=TagState.BLOCKED)

    found = delivery([*MONTH, lost])

    assert any("3 conversions (exact) were seen by the mirror alone" in d
               for d in found.doubts)  # fmt: skip


def test_a_wrong_assumption_shows_in_the_table_and_at_the_turning_point() -> None:
    usual = delivery()
    sure = delivery(rules=Rules(assumed=Assumed(or_range=(1, 1), duplicate_max=0)))

    widths = [b - a for a, b in (x.estimates["N"].bands["95"] for x in (usual, sure))]
    assert widths[0] > widths[1]
    assert usual.assumed != sure.assumed
    assert Verdict.DISAGREES is usual.verdict
    assert usual.tipping is not None
    assert "would change if the tag's number was" in usual.tipping.sentence
    assert usual.totals is not None
    assert [1.0, 1.5, 2.0, 3.0, 6.0] == list(usual.totals)


def test_totals_of_the_tag_name_their_turning_point_too() -> None:
    (_, found) = build_report(
        "2026-10", sales(40), [tag([20] * 31)], LATER
    ).comparisons  # fmt: skip

    assert found.tipping is not None
    low, high = (1 - end for end in reversed(found.estimates["gap"].bands["90"]))
    assert found.tipping.share == pytest.approx(0.85 / high - 1)
    assert low < high


@pytest.mark.parametrize("counts", [(1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0)])
def test_a_single_conversion_is_told_without_precision(
    counts: tuple[int, int, int, int],
) -> None:
    rows = [row for row in paired_month(*counts) if row.day == 3]

    report = build_report("2026-10", server_side(rows), [], LATER, None, beside(rows))

    text = flat(as_text(report))
    assert "nan" not in text
    assert report.comparisons[0].verdict in {Verdict.TOO_FEW, Verdict.NOTHING}


def test_a_forwarder_switched_on_in_the_month_is_compared_from_then_on() -> None:
    rows = [row for row in sales(10) if row.occurred_at.day > 14]
    began = replace(
        beside([]), pairs=None, began_at=datetime(2026, 10, 15, 9, tzinfo=UTC)
    )

    (_, found) = build_report(
        "2026-10", rows, [tag([10] * 31)], LATER, None, began
    ).comparisons

    assert (16, 31) == (found.first_on.day, found.last_on.day)
    assert (160, 160) == (found.n_tag, found.n_server)
    assert any("begins in the course of day 15" in doubt for doubt in found.doubts)


def test_the_fingerprint_is_of_the_inputs_and_not_of_their_order() -> None:
    rows = server_side(MONTH)
    one = build_report("2026-10", rows, [], LATER, None, beside(MONTH))
    again = build_report(
        "2026-10", rows[::-1], [], LATER, None, beside(MONTH[::-1])
    )  # fmt: skip
    other = build_report("2026-10", rows[1:], [], LATER, None, beside(MONTH))

    assert one.inputs == again.inputs
    assert one.inputs != other.inputs
