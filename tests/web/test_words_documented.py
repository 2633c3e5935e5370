"""Every reason that a page or a command may show stands in the troubleshooting page."""

from pathlib import Path

import pytest

from forwarder.web.words import REASONS

PAGE = (Path(__file__).parents[2] / "docs" / "troubleshooting.md").read_text("utf-8")


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_every_reason_is_in_the_tables_of_the_troubleshooting_page(reason: str) -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]

    assert any(f"`{reason}`" in row.split("|")[1] for row in rows)
