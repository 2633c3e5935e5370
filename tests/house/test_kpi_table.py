import re

from tests.house.test_docs import ROOT


def test_the_kpi_table_names_tests_that_exist() -> None:
    page = (ROOT / "docs" / "kpi.md").read_text()
    named = set(re.findall(r"`(test_\w+)`", page))
    written = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", file.read_text())
    }

    assert len(named) > 20
    assert set() == named - written
