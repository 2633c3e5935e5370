"""Every form of the report: complete, honest about each number, and safe to open."""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from forwarder.core.event import Kind
from forwarder.core.reports import Level, TagReport
from forwarder.reconcile import advice
from forwarder.reconcile.as_json import as_json
from forwarder.reconcile.document import Document, document, movement
from forwarder.reconcile.first_page import subject
from forwarder.reconcile.markup import el
from forwarder.reconcile.rendering import rendered
from forwarder.reconcile.report import build_report
from tests.reconcile.mirrored import beside, paired_month, server_side
from tests.reconcile.test_click_evidence import ROUTES, attributed
from tests.reconcile.test_report import LATER, sales, tag

MONTH = paired_month(20, 1, 6, 2)
FORMS = ("text", "html", "json", "csv", "md", "letter")


def a_document(past: dict[str, bytes] | None = None) -> Document:
    rows = server_side(MONTH)
    reports = [tag([14] * 31)]
    report = build_report(
        "2026-10", rows, reports, LATER, None, beside(MONTH, ledger_total=940)
    )
    return document(report, {} if past is None else past)


def earlier(per_day: int) -> bytes:
    report = build_report("2026-10", sales(40), [tag([per_day] * 31)], LATER)
    return rendered(Document(report=report, past={}), "json").encode()


DOCUMENTS = {
    "joined": a_document(),
    "totals": Document(
        report=build_report("2026-10", sales(40), [tag([26] * 31)], LATER), past={}
    ),
    "few": Document(
        report=build_report("2026-10", sales(1)[:3], [tag([1] * 31)], LATER), past={}
    ),
    "server only": Document(
        report=build_report("2026-10", sales(2), [], LATER), past={}
    ),
    "empty": Document(report=build_report("2026-10", [], [], LATER), past={}),
    "routes": attributed(routes=ROUTES)[1],
    "history": a_document({"2026-08": earlier(26), "2026-09": earlier(38)}),
}


def numbers(
    node: Any,  # noqa: ANN401  any JSON
    known: dict[str, Any],
    path: str = "",
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give each number with what the objects around it say of numbers."""
    if isinstance(node, dict):
        words = ("unit", "certainty", "side", "tolerance_unit")
        here = known | {word: node[word] for word in words if word in node}
        if "period" in node:
            here["period"] = node["period"]
        for key, child in node.items():
            yield from numbers(child, here, f"{path}/{key}")
    elif isinstance(node, list):
        for child in node:
            yield from numbers(child, known, path)
    elif isinstance(node, (int, float)) and not isinstance(node, bool):
        yield path, known


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_number_has_unit_period_and_band_or_the_word_exact(name: str) -> None:
    for one in json.loads(rendered(DOCUMENTS[name], "json")):
        assert {"from", "to"} <= set(one["period"])
        for path, known in numbers(one, {}):
            if path == "/tolerance":
                assert known["tolerance_unit"]
                continue
            assert known.get("unit"), path
            assert known.get("certainty"), path
            assert known.get("period"), path
        for estimate in one["estimates"].values():
            assert {"90", "95"} == set(estimate["bands"])
        for cause in one["causes"]:
            if cause["certainty"] in {"no evidence", "n/a"}:
                assert cause["share"] is None
            else:
                assert cause["low"] <= cause["share"] <= cause["high"]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_cell_mixes_platform_and_first_party(name: str) -> None:
    for one in as_json(DOCUMENTS[name]):
        for row in (*one["columns"], *one["days"]):
            for side in ("platform", "first_party"):
                cell = row[side]
                if cell is not None:
                    assert side == cell["side"]
                    assert {"value", "unit", "certainty", "side"} == set(cell)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_form_can_be_made_of_every_month(name: str, form: str) -> None:
    text = rendered(DOCUMENTS[name], form)

    assert text.strip()
    assert re.search(r"\b(nan|inf|None)\b", text) is None
    assert text == rendered(DOCUMENTS[name], form)


def test_the_page_needs_nothing_else() -> None:
    page = rendered(DOCUMENTS["joined"], "html")

    assert "<script" not in page
    assert re.search(r"(src|href|url\()", page) is None
    assert page.count("<svg") >= 3
    assert page.count("<svg") == page.count('role="img"')


def test_page_one_answers_how_many_how_sure_why_and_what_next() -> None:
    page = rendered(DOCUMENTS["joined"], "html")
    first = page.split("</section>")[0]

    for title in ("How many", "How sure", "Why", "What next"):
        assert f"<h2>{title}</h2>" in first
    assert "651 purchases (exact)" in first
    assert "Blocked scripts: 186 fewer on the tag's side (exact)" in first
    assert 1 <= first.count("<li>") <= 3
    assert "A 95% band is the range that holds the true number in 95 of 100" in first
    assert 'viewBox="0 0 360 140"' in first  # words that a phone shows in their size


def with_empty_kind() -> Document:
    """A month of purchases, and of carts that nobody put anything into."""
    reports = [tag([26] * 31), carts_of_zero()]
    return Document(report=build_report("2026-10", sales(40), reports, LATER), past={})


def carts_of_zero() -> TagReport:
    report = tag([0] * 31)
    rows = tuple(replace(row, kind=Kind.ADD_TO_CART) for row in report.rows)
    return replace(report, rows=rows)


@pytest.mark.parametrize("form", ["text", "md"])
def test_purchases_come_first_and_what_is_empty_is_one_line_at_the_end(
    form: str,
) -> None:
    document = with_empty_kind()
    text = " ".join(rendered(document, form).split())
    first = document.report.comparisons[0].kind

    assert Kind.ADD_TO_CART is first  # the data keep their order
    assert "Nothing on either side (exact): add to cart events (" in text
    assert text.index("Purchases:") < text.index("add to cart")
    assert 1 == text.lower().count("add to cart")


def test_the_text_tells_as_many_steps_as_the_page() -> None:
    text = rendered(DOCUMENTS["joined"], "text")
    steps = advice.actions(DOCUMENTS["joined"].report.comparisons[0])

    assert len(steps) > 1
    section = text.split("Our log in the report's terms")[0]
    assert len(steps) == section.count("Next:")


def test_an_unfinished_month_is_told_as_far_as_it_has_come() -> None:
    now = datetime(2026, 10, 20, 12, tzinfo=UTC)
    report = build_report("2026-10", sales(2), [], now)
    text = rendered(Document(report=report, past={}), "text")

    assert "From 2026-10-01 to 2026-10-20 so far our server" in " ".join(text.split())
    assert "2026-10-31" == as_json(Document(report=report, past={}))[0]["period"]["to"]


def test_a_final_page_in_a_provisional_report_says_so() -> None:
    document = DOCUMENTS["joined"]
    lead = advice.lead(document.report.comparisons)
    assert lead is not None
    moving = [
        one if one is lead else replace(one, is_final=False)
        for one in document.report.comparisons
    ]
    mixed = replace(document.report, comparisons=tuple(moving))

    assert subject(document, lead).endswith("final")
    told = subject(Document(report=mixed, past={}), lead)
    assert "the report is provisional" in told


def test_markup_is_escaped() -> None:
    assert '<p title="&lt;&quot;&gt;">a &lt;b&gt; &amp; c</p>' == el(
        "p", "a <b> & c", title='<">'
    )


def test_no_cell_of_the_csv_is_taken_for_a_formula() -> None:
    rows = list(csv.reader(io.StringIO(rendered(DOCUMENTS["joined"], "csv"))))

    assert len({len(row) for row in rows}) == 1
    for row in rows[1:]:
        for cell in row:
            is_number = re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", cell) is not None
            assert is_number or not cell.startswith(("=", "+", "-", "@"))


def test_actions_are_three_at_most_and_name_the_evidence() -> None:
    for name, made in DOCUMENTS.items():
        for one in made.report.comparisons:
            assert 1 <= len(advice.actions(one)) <= 3, name


def test_the_lead_is_the_comparison_with_a_gap() -> None:
    found = advice.lead(DOCUMENTS["joined"].report.comparisons)

    assert found is not None
    assert Level.DELIVERY is found.level
    assert None is advice.lead([])


def test_history_says_whether_the_gap_moved() -> None:
    made = DOCUMENTS["history"]
    (_, attribution) = made.report.comparisons

    past = made.history(attribution)
    assert ["2026-08", "2026-09"] == [one.month for one in past]
    moved = movement(attribution, past)
    assert moved == "larger than in 2026-09"
    assert "smaller" not in rendered(made, "md")
    assert movement(attribution, []) is None


def test_the_matrix_has_this_shops_state() -> None:
    tag_way, server_way, link_way = advice.ways(DOCUMENTS["joined"].report.comparisons)

    assert "were missed (95% band)" in tag_way.state
    assert "868 accepted" in server_way.state
    assert "868 conversions with a known Pinterest click" in link_way.state
