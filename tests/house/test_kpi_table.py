import re
from collections.abc import Iterator

from tests.house.test_docs import ROOT

PAGE = (ROOT / "docs" / "kpi.md").read_text()


def rows() -> Iterator[tuple[set[int], str, str]]:
    """Yield the numbers of each row of requirements, its code and its tests."""
    for line in PAGE.splitlines():
        if re.match(r"\| R\d+\b", line):
            what, code, tests = (cell.strip() for cell in line.strip("|").split("|"))
            yield {int(n) for n in re.findall(r"\bR(\d+)\b", what)}, code, tests


def test_the_kpi_table_names_tests_that_exist() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    written = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", file.read_text())
    }

    assert len(named) > 20
    assert set() == named - written


def test_every_requirement_has_code_and_a_test_or_is_advice_only() -> None:
    told = list(rows())
    files = [file for _, code, _ in told for file in re.findall(r"`([^`]+)`", code)]

    assert set(range(1, 77)) == set().union(*(numbers for numbers, _, _ in told))
    assert [] == [file for file in files if not (ROOT / "forwarder" / file).is_file()]
    for numbers, code, tests in told:
        is_built = "`test_" in tests and "`" in code

        assert is_built or code.startswith("advice only"), numbers
