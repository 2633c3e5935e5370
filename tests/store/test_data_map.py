"""The data map in docs/privacy.md names every table and every column that matters."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
import sqlalchemy as sa

from config.service import Service
from forwarder.store.tables import metadata

PAGE = (Path(__file__).parents[2] / "docs/privacy.md").read_text("utf-8")
ROWS = {
    found[1]: [cell.strip() for cell in found[0].strip("|").split("|")]
    for found in re.finditer(r"^\| `(\w+)` \|.*$", PAGE, re.MULTILINE)
}
TABLES = list(metadata.sorted_tables)
# What says of a column that it may tell of somebody, by its name.
SENSITIVE = re.compile(r"sealed|_hash|_sha256|digest|order_id|user_name|shown|filter")
NOT_SENSITIVE = {("audit", "digest")}  # of the row itself


def test_the_map_and_the_schema_name_the_same_tables() -> None:
    assert sorted(table.name for table in TABLES) == sorted(ROWS)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_column_that_may_tell_of_somebody_is_on_the_map(table: sa.Table) -> None:
    told = " ".join(ROWS[table.name])
    names = [
        column.name
        for column in table.columns
        if SENSITIVE.search(column.name)
        and (table.name, column.name) not in NOT_SENSITIVE
    ]

    assert [] == [name for name in names if f"`{name}`" not in told]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_row_of_the_map_is_complete(table: sa.Table) -> None:
    assert 6 == len(ROWS[table.name])
    assert all(ROWS[table.name])


def test_every_time_to_keep_is_on_the_map_and_is_a_setting() -> None:
    settings = {one.name for one in fields(Service) if one.name.startswith("keep_")}
    told = set(re.findall(r"`(keep_\w+)`", " ".join(map(str, ROWS.values()))))

    assert settings == told
