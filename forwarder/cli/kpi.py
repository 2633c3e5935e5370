"""`forwarder kpi`: what to change next, in the terminal; `forwarder import kpi`."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from forwarder.alerts.conditions import number
from forwarder.cli.common import (
    BAD_NEWS,
    json_option,
    print_json,
    ready_or_exit,
    stop_wrong_use,
    who,
)
from forwarder.cli.kpi_tasks import close_, tasks
from forwarder.cli.reading import ORDERS
from forwarder.core.kpi import Scope
from forwarder.insights.as_json import as_json as data_of
from forwarder.insights.as_text import as_text
from forwarder.insights.board import Board, build_board
from forwarder.insights.checklist import Answer, checklist
from forwarder.insights.gather import gather, latest_month
from forwarder.insights.kpi_file import KpiFile, WrongFile, read_kpi_file
from forwarder.insights.period import Month, month_of
from forwarder.insights.pulling import follow_up
from forwarder.reconcile.figures import newest_day
from forwarder.store import audit
from forwarder.store import kpi as store
from forwarder.wiring import Wired, thresholds

ERRORS_TOLD = 20
YEARS = (2010, 2100)


@click.group(invoke_without_command=True)
@click.option(
    "--month", "month_text", default="", help="YYYY-MM; the newest if not given."
)
@click.option("--now", "now_text", default="", help="Pretend it is then (ISO 8601).")
@json_option
@click.pass_context
def kpi(
    context: click.Context, *, month_text: str, now_text: str, as_json: bool
) -> None:
    """Show the KPI board of a month: at most three things to do, and why.

    Example: forwarder kpi --month 2026-10
    """
    if context.invoked_subcommand is not None:
        context.obj = (month_text, now_text)
        return
    board = _board(ready_or_exit(), month_text, now_text)
    if as_json:
        print_json(data_of(board))
    else:
        click.echo(as_text(board))


kpi.add_command(tasks)
kpi.add_command(close_)


@kpi.command("diagnose")
@json_option
@click.pass_context
def diagnose(context: click.Context, *, as_json: bool) -> None:
    """Answer the four-point checklist; exit code 1 if a point is red."""
    board = _board(ready_or_exit(), *context.obj)
    answers = checklist(board)
    if as_json:
        print_json({"month": board.facts.month.text, "checklist": _answers(answers)})
    else:
        for one in answers:
            click.echo(f"{one.answer:8}{one.question}\n        {one.evidence}")
            click.echo(f"        in the console: {one.link}")
    if any(one.is_red for one in answers):
        raise SystemExit(BAD_NEWS)


def _answers(answers: list[Answer]) -> list[dict[str, Any]]:
    return [
        {
            "question": one.question,
            "answer": one.answer,
            "evidence": one.evidence,
            "link": one.link,
            "red": one.is_red,
        }
        for one in answers
    ]


def _board(wired: Wired, month_text: str, now_text: str) -> Board:
    today = _now(now_text).date()
    limits = thresholds(wired.settings)
    month = (
        _told_month(month_text)
        if month_text
        else latest_month(wired.store, today, limits)
    )
    return build_board(gather(wired.store, month, today, limits), limits)


def _now(text: str) -> datetime:
    if not text:
        return datetime.now(UTC)  # noqa: TID251  a door
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        stop_wrong_use(f"--now {text} is no time; such as 2026-11-03T12:00:00Z")
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _told_month(text: str) -> Month:
    try:
        first_on = date.fromisoformat(f"{text}-01")
    except ValueError:
        stop_wrong_use(f"--month {text} is no month; such as 2026-10")
    if not YEARS[0] <= first_on.year <= YEARS[1]:
        stop_wrong_use(f"--month {text}: Pinterest counted nothing then")
    return month_of(first_on)


@click.command("kpi")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--level", type=click.Choice([one.value for one in Scope]),
    help="Whose counts these are; a column of Pin ids makes it Pins.",
)  # fmt: skip
@click.option(
    "--date-order", type=click.Choice(list(ORDERS)),
    help="How 03/04/2026 is meant, when the column does not show it.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Show what was understood, stop.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--errors", "errors_file", type=click.Path(dir_okay=False, path_type=Path),
    help="Write the rows that were left out into this CSV file.",
)  # fmt: skip
@json_option
def import_kpi(
    *,
    file: Path,
    errors_file: Path | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    **given: str | None,
) -> None:
    """Import Pinterest's counts a day, of the account or of its Pins.

    Columns: date, impressions, Pin clicks (or close-ups), outbound clicks (or link
    clicks), saves (or repins), and for Pins the Pin's id or address. A file may be
    imported twice: a day has one set of counts, the latest.

    Example: forwarder import kpi pins.csv --level pin --yes
    """
    level, order = given["level"], given["date_order"]
    try:
        read = read_kpi_file(
            file.read_bytes(),
            None if level is None else Scope(level),
            None if order is None else ORDERS[order],
            newest_day(_now("")),
        )
    except WrongFile as wrong:
        stop_wrong_use(f"{file.name}: {wrong}")
    if errors_file is not None:
        _write_errors(errors_file, read)
    _tell(read, as_json=as_json)
    if not read.days:
        stop_wrong_use(f"{file.name}: no row could be read")
    if dry_run:
        if as_json:
            print_json(_imported(read, None))
        else:
            click.echo("nothing was stored")
        return
    if not (yes or as_json):
        click.confirm("Import these rows?", abort=True)
    _keep(read, as_json=as_json)


def _keep(read: KpiFile, *, as_json: bool) -> None:
    wired = ready_or_exit()
    now = wired.store.now()
    before = store.imported_at(wired.store, read.fingerprint)
    kept = store.keep(wired.store, read.days, now)
    store.note_import(wired.store, read.fingerprint, read.scope, len(read.days), now)
    audit.note(wired.store, who(), "imported", f"kpi of {read.scope}", now)
    n_tasks = follow_up(wired.store, thresholds(wired.settings), now)
    if as_json:
        print_json(
            {
                **_imported(read, kept),
                "imported_before": before is not None,
                "new_tasks": n_tasks,
            }
        )
        return
    if before is not None:
        click.echo(f"this very file was imported before, on {before:%Y-%m-%d}")
    click.echo(f"{kept.n_new} new, {kept.n_changed} changed, {kept.n_same} as before")
    if n_tasks:
        click.echo(f"{number(n_tasks, 'new task')}: see `forwarder kpi tasks`")


def _tell(read: KpiFile, *, as_json: bool) -> None:
    """Say what was understood; what is left out goes to the errors' stream."""
    if not as_json and read.days:
        days = [day.on for day in read.days]
        click.echo(
            f"{number(len(read.days), 'row')}, level {read.scope.value}, "
            f"{min(days)} to {max(days)}"
        )
        columns = (f"{heading} = {role}" for role, heading in read.columns.items())
        click.echo("columns: " + ", ".join(columns))
    for warning in read.warnings:
        click.echo(f"note: {warning}", err=True)
    for error in read.errors[:ERRORS_TOLD]:
        click.echo(
            f"row {error.line} left out: {error.column} {error.message}", err=True
        )
    n_more = len(read.errors) - ERRORS_TOLD
    if n_more > 0:
        click.echo(
            f"{n_more} more rows left out: see them with --errors FILE", err=True
        )


def _imported(read: KpiFile, kept: store.Kept | None) -> dict[str, Any]:
    return {
        "level": read.scope.value,
        "rows": len(read.days),
        "new": None if kept is None else kept.n_new,
        "changed": None if kept is None else kept.n_changed,
        "same": None if kept is None else kept.n_same,
        "columns": read.columns,
        "warnings": read.warnings,
        "errors": [
            {"row": one.line, "column": one.column, "message": one.message}
            for one in read.errors
        ],
    }


def _write_errors(path: Path, read: KpiFile) -> None:
    lines = ["row,column,message"]
    lines += [f'{one.line},{one.column},"{one.message}"' for one in read.errors]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
