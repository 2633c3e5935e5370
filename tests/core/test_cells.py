import pytest

from forwarder.core.cells import as_meant, no_formula

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "|cmd", "  =1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_a_spreadsheet_would_run_begins_with_an_apostrophe(text: str) -> None:
    assert f"'{text}" == no_formula(text)
    assert text == as_meant(no_formula(text))


@pytest.mark.parametrize(
    "text", ["", "a=b", "12-3", "'quoted'", "'", "ada@example.com"]
)
def test_any_other_text_stays(text: str) -> None:
    assert text == no_formula(text)
    assert text == as_meant(text)
