"""The page about the report names every word that the report uses."""

from pathlib import Path

import pytest

from forwarder.core.event import Kind
from forwarder.core.reports import Level, Measures
from forwarder.reconcile.headings import Role, column
from forwarder.reconcile.systematic import PART_NAMES
from forwarder.reconcile.verdict import Grade, Verdict
from tests.reconcile.test_report import attributed, sales, tag

PAGE = (Path(__file__).parents[2] / "docs" / "reconciliation.md").read_text("utf-8")
STEPS = [step.name for step in attributed(sales(1), [tag([1] * 31)]).steps]


@pytest.mark.parametrize(
    "word", [*PART_NAMES, *Verdict, *Grade, *Level, *Measures, *STEPS]
)
def test_every_word_of_the_report_is_explained(word: str) -> None:
    assert word in PAGE


@pytest.mark.parametrize(
    ("heading", "role"),
    [
        ("Click-through conversions (Checkout)", Role.COUNT),
        ("Click-through order value (Checkout)", Role.VALUE),
        ("TOTAL_CLICK_CHECKOUT", Role.COUNT),
        ("TOTAL_CLICK_CHECKOUT_VALUE_IN_MICRO_DOLLAR", Role.VALUE),
    ],
)
def test_the_headings_named_on_the_page_are_read(heading: str, role: Role) -> None:
    found = column(heading)

    assert heading in PAGE
    assert found is not None
    assert (role, Kind.CHECKOUT) == (found.role, found.kind)
