"""The shop's own books from the command line."""

from datetime import UTC, datetime, timedelta

import pytest

from forwarder.store import Store
from tests.cli.conftest import Shell

CSV = """Id,Email,Created at,Total,Currency,Financial Status
5001,ada@example.org,2026-10-01 14:04:00 +0200,29.35,EUR,paid
5002,bob@example.org,2026-10-02 09:00:00 +0200,10.00,EUR,refunded
"""


def words(shell: Shell, *options: str, text: str = CSV) -> list[str]:
    file = shell.folder / "orders.csv"
    file.write_text(text)
    return ["import", "orders", str(file), *options]


def test_orders_are_imported_once(shell: Shell, store: Store) -> None:
    del store
    first = shell.json(*words(shell))
    again = shell.json(*words(shell))

    assert (2, 0, {"EUR": "39.35"}) == (first["new"], first["known"], first["totals"])
    assert (0, 2) == (again["new"], again["known"])
    assert {"counted": 1, "refunded": 1} == first["states"]


def test_a_dry_run_stores_nothing(shell: Shell) -> None:
    told = shell.run(*words(shell, "--dry-run"))

    assert 0 == told.exit_code
    assert "Created at -> time" in told.stdout
    assert "columns not read: 1" in told.stdout
    assert told.stdout.endswith("nothing was stored\n")
    assert "example.org" not in told.output
    assert 2 == shell.json(*words(shell))["new"]


def test_one_is_asked_before_anything_is_stored(shell: Shell) -> None:
    no = shell.run(*words(shell), text="n\n")
    yes = shell.run(*words(shell), text="y\n")

    assert "new" not in no.stdout
    assert "2 new, 0 brought up to date, 0 known already" in yes.stdout


def test_faults_are_bad_news(shell: Shell) -> None:
    result = shell.run(*words(shell, text="id,date\n1,never\n"))

    assert 1 == result.exit_code
    assert "Line 2, time" in result.stderr


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--endpoint", "moon"), "--endpoint: one of my-shop"),
        (("--time-zone", "Mars/Olympus"), "--time-zone Mars/Olympus is none"),
        (("--column", "Id"), "--column Id: HEADING=ROLE"),
        (("--column", "Id=name"), "--column Id=name: one of order_id"),
        (("--status", "paid=great"), "--status paid=great: one of counted"),
    ],
)
def test_what_cannot_be_meant_is_wrong_use(
    shell: Shell, options: tuple[str, ...], sentence: str
) -> None:
    result = shell.run(*words(shell, *options))

    assert 2 == result.exit_code
    assert sentence in result.stderr


def test_without_any_endpoint_one_is_told_to_set_one_up(shell: Shell) -> None:
    settings = shell.folder / "forwarder.toml"
    settings.write_text(settings.read_text().split("[endpoints.")[0])
    result = shell.run(*words(shell))

    assert 2 == result.exit_code
    assert "no endpoint is set up yet" in result.stderr


def test_what_has_not_come_yet_is_bad_news(shell: Shell) -> None:
    later = datetime.now(UTC).date() + timedelta(days=2)  # noqa: TID251  as the command
    file = shell.folder / "tag.csv"
    file.write_text(f"date,event,conversions\n2026-10-01,lead,1\n{later},lead,1\n")
    tag = shell.run("import", "tag-report", str(file), "--dry-run")
    row = f"5003,ada@example.org,{later} 08:00:00 +0200,5.00,EUR,paid\n"
    books = shell.run(*words(shell, "--dry-run", text=CSV + row))

    assert (1, 1) == (tag.exit_code, books.exit_code)
    assert "Line 3, date: it has not come yet; correct it" in tag.stderr
    assert "Line 4, time: it has not come yet; correct it" in books.stderr


def test_a_tag_report_can_be_tried_and_settled_by_hand(shell: Shell) -> None:
    file = shell.folder / "tag.csv"
    file.write_text(
        "date;event;conversions;value;currency\n03/04/2026;checkout;2;1,234;EUR"
    )
    tag = ["import", "tag-report", str(file)]
    unclear = shell.run(*tag, "--dry-run")
    settled = shell.json(
        *tag, "--dry-run", "--date-order", "month-first", "--decimal", "comma"
    )

    assert (1, True) == (unclear.exit_code, "--date-order" in unclear.stderr)
    assert ("2026-03-04", False) == (settled["first_on"], settled["imported"])
    assert {"conversions": 2, "value": "1.234"} == settled["totals"]["checkout"]
    assert settled["rules"].startswith("click window 30 days; booked on the day of the")
    assert (
        "nothing was stored"
        in shell.run(
            *tag, "--dry-run", "--date-order", "day-first", "--decimal", "point"
        ).stdout
    )
