from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import Shell

HEAD = "Date,Pin ID,Impressions,Closeups,Link clicks,Repins\n"
NOW = ("--now", "2026-11-20T08:00:00Z")


def write(folder: Path, name: str, text: str) -> str:
    file = folder / name
    file.write_text(text)
    return str(file)


def account(folder: Path) -> str:
    """Two months: the outbound click rate falls by 30 % at equal impressions."""
    lines = ["Date,Impressions,Pin clicks,Outbound clicks,Saves"]
    day = date(2026, 9, 1)
    while day <= date(2026, 10, 31):
        lines.append(f"{day},10000,200,{20 if day.month == 9 else 14},50")
        day += timedelta(days=1)
    return write(folder, "account.csv", "\n".join(lines))


def test_a_month_is_imported_and_says_what_to_change(shell: Shell) -> None:
    first = shell.json("import", "kpi", account(shell.folder))
    again = shell.json("import", "kpi", account(shell.folder), "--yes")
    found = shell.json("kpi", "--month", "2026-10", *NOW)

    assert ("account", 61, 61, 0, 0) == (
        first["level"], first["rows"], first["new"], first["changed"], first["same"],
    )  # fmt: skip
    assert (False, True, 0, 61) == (
        first["imported_before"], again["imported_before"], again["new"], again["same"],
    )  # fmt: skip
    assert {"month", "metrics", "rules", "do_next", "pins", "concentration"} <= set(
        found
    )
    rate = found["metrics"]["outbound_click_rate"]
    assert (0.0014, 0.002, "workable") == (
        pytest.approx(rate["value"]), pytest.approx(rate["previous"]), rate["band"],
    )  # fmt: skip
    assert -30.0 == pytest.approx(rate["delta_percent"])
    assert "creative_friction" == found["do_next"][0]["rule"]
    (friction,) = [one for one in found["rules"] if one["rule"] == "creative_friction"]
    assert ("account", None, "fired", True) == (
        friction["scope"], friction["pin_id"], friction["state"], friction["confirmed"],
    )  # fmt: skip


def test_the_board_is_read_in_the_terminal(shell: Shell) -> None:
    shell.json("import", "kpi", account(shell.folder))
    text = shell.run("kpi", *NOW, "--month", "2026-10").stdout

    assert "1. Creative friction" in text
    assert "test: A new image" in text
    assert text.index("Intent") < text.index("Endorsement") < text.index("Diagnostic")


def test_without_a_month_it_is_the_newest(shell: Shell) -> None:
    shell.json("import", "kpi", account(shell.folder))

    assert "2026-10" == shell.json("kpi", *NOW)["month"]
    assert "2026-09" == shell.json("kpi", "--now", "2026-10-01")["month"]


def test_pins_are_found_in_their_quadrants(shell: Shell) -> None:
    rows = [
        f"2026-10-{day:02},{pin},3000,60,{clicks},{saves}"
        for day in range(1, 29)
        for pin, clicks, saves in ((11, 9, 15), (12, 9, 3), (13, 1, 15), (14, 1, 3))
    ]
    file = write(shell.folder, "pins.csv", HEAD + "\n".join(rows))
    shell.json("import", "kpi", file, "--level", "pin", "--yes")
    found = shell.json("kpi", "--month", "2026-10", *NOW)

    assert {
        "11": "distribution_multiplier",
        "12": "transactional",
        "13": "useful_not_pitched",
        "14": "rework",
    } == {pin["pin_id"]: pin["quadrant"] for pin in found["pins"]}


def test_an_import_shows_first_and_asks(shell: Shell) -> None:
    file = account(shell.folder)
    shown = shell.run("import", "kpi", file, "--dry-run")
    dry = shell.json("import", "kpi", file, "--dry-run")
    no = shell.run("import", "kpi", file, text="n\n")
    yes = shell.run("import", "kpi", file, text="y\n")

    assert "61 rows, level account, 2026-09-01 to 2026-10-31" in shown.stdout
    assert "Impressions = impressions" in shown.stdout
    assert shown.stdout.endswith("\nnothing was stored\n")
    assert dry["new"] is None
    assert 1 == no.exit_code
    assert "61 new, 0 changed, 0 as before" in yes.stdout
    assert "imported before" in shell.run("import", "kpi", file, "--yes").stdout


def test_rows_that_cannot_be_read_are_told_and_written_down(shell: Shell) -> None:
    rows = "\n".join(f"2026-10-{n:02},12,x,1,1,1" for n in range(1, 29))
    file = write(shell.folder, "bad.csv", f"{HEAD}2026-10-30,12,1,1,1,1\n{rows}\n")
    errors = shell.folder / "errors.csv"
    result = shell.run("import", "kpi", file, "--yes", "--errors", str(errors))

    assert 0 == result.exit_code
    assert "row 2 left out: impressions" in result.stderr
    assert "8 more rows left out" in result.stderr
    assert 29 == len(errors.read_text().splitlines())


def test_pins_told_to_be_the_account_are_refused_in_one_line(shell: Shell) -> None:
    rows = "\n".join(f"2026-10-03,{pin},{pin},1,1,1" for pin in range(11, 40))
    file = write(shell.folder, "pins.csv", HEAD + rows)
    result = shell.run("import", "kpi", file, "--level", "account", "--yes")

    assert (2, "") == (result.exit_code, result.stdout)
    assert 1 == len(result.stderr.splitlines())
    assert "it looks like Pins, so give --level pin" in result.stderr


def test_days_that_have_not_come_are_left_out(shell: Shell) -> None:
    later = datetime.now(UTC).date() + timedelta(days=2)  # noqa: TID251  as the command
    rows = f"2026-10-30,12,1,1,1,1\n{later},12,1,1,1,1\n"
    told = shell.json("import", "kpi", write(shell.folder, "p.csv", HEAD + rows))
    alone = write(shell.folder, "later.csv", f"{HEAD}{later},12,1,1,1,1\n")
    nothing = shell.run("import", "kpi", alone, "--yes")

    assert (1, [(2, "date")]) == (
        told["new"], [(one["row"], one["column"]) for one in told["errors"]],
    )  # fmt: skip
    assert 2 == nothing.exit_code
    assert "row 1 left out: date has not come yet; correct it" in nothing.stderr
    assert "no row could be read" in nothing.stderr


@pytest.mark.parametrize(
    "text", ["", "Date,Views\n2026-10-01,1\n", HEAD + "x,12,1,1,1,1\n"]
)
def test_a_file_without_a_row_is_wrong_use(shell: Shell, text: str) -> None:
    file = write(shell.folder, "wrong.csv", text)
    result = shell.run("import", "kpi", file, "--yes")

    assert 2 == result.exit_code
    assert "wrong.csv: " in result.stderr


@pytest.mark.parametrize(
    "words", [("--month", "soon"), ("--month", "9999-12"), ("--now", "later")]
)
def test_what_is_no_time_is_wrong_use(shell: Shell, words: tuple[str, str]) -> None:
    assert 2 == shell.run("kpi", *words).exit_code


def test_the_checklist_is_bad_news_when_a_point_is_red(shell: Shell) -> None:
    nothing = shell.run("kpi", "diagnose")
    rows = [
        f"2026-10-28,{100 + pin},9000,200,{400 if pin < 9 else 10},50"
        for pin in range(20)
    ]
    file = write(shell.folder, "pins.csv", HEAD + "\n".join(rows))
    shell.json("import", "kpi", file)
    red = shell.run("kpi", "--month", "2026-10", *NOW, "diagnose", "--json")

    assert 0 == nothing.exit_code
    assert 4 == nothing.stdout.count("unknown")
    assert 1 == red.exit_code
    assert '"red": true' in red.stdout
    assert "outbound clicks 3,710" in red.stdout


def test_thresholds_are_settings(shell: Shell) -> None:
    shell.json("import", "kpi", account(shell.folder))
    with (shell.folder / "forwarder.toml").open("a") as file:
        file.write("\n[kpi]\ndrop_percent = 40\n")
    found = shell.json("kpi", "--month", "2026-10", *NOW)
    states = {one["rule"]: one["state"] for one in found["rules"]}

    assert "not_fired" == states["creative_friction"]


def test_a_fired_rule_opens_a_task_that_is_closed_with_a_word(shell: Shell) -> None:
    none = shell.run("kpi", "tasks").stdout
    told = shell.json("import", "kpi", account(shell.folder))
    (task,) = shell.json("kpi", "tasks")["items"]
    close = ("kpi", "close", task["rule"], "--month", task["month"])
    wrong = [
        shell.run(*close).exit_code,
        shell.run(*close, "--outcome", "x", "--dismiss", "y").exit_code,
        shell.run(
            "kpi", "close", "decay", "--month", "2026-10", "--dismiss", "y"
        ).exit_code,
    ]
    done = shell.run(*close, "--outcome", "the new image won")
    again = shell.run(*close, "--dismiss", "late")

    assert "no task is open" in none
    assert (1, "creative_friction", "2026-10") == (
        told["new_tasks"], task["rule"], task["month"],
    )  # fmt: skip
    assert [2, 2, 2] == wrong
    assert (0, 2) == (done.exit_code, again.exit_code)
    assert [] == shell.json("kpi", "tasks")["items"]
    assert "done: the new image won" in shell.run("kpi", "tasks", "--all").stdout


def test_without_a_token_nothing_is_pulled(shell: Shell) -> None:
    told = shell.run("pull", "kpi")

    assert 2 == told.exit_code
    assert "[kpi] has no token" in told.stderr
