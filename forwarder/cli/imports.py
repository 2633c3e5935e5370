"""`forwarder import`: what others counted, from CSV exports."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from forwarder.cli.common import (
    json_option,
    print_json,
    ready_or_exit,
    stop_wrong_use,
    who,
)
from forwarder.cli.import_orders import orders
from forwarder.cli.kpi import import_kpi
from forwarder.cli.reading import (
    code,
    pair,
    reading_options,
    said_mark,
    said_order,
    stop_with,
)
from forwarder.core.event import Kind
from forwarder.core.reports import Definitions, Level, Measures, ReportTime
from forwarder.reconcile.figures import newest_day
from forwarder.reconcile.tag_report import (
    Faults,
    ImportOptions,
    Preview,
    read_tag_report,
)
from forwarder.store import audit, tag_reports

Command = TypeVar("Command", bound=Callable[..., Any])


@click.group("import")
def import_() -> None:
    """Read what others counted, from CSV exports."""


import_.add_command(orders)
import_.add_command(import_kpi)


def _day(_: click.Context, option: click.Parameter, text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        stop_wrong_use(f"{option.opts[0]} {text} is no day; such as 2026-10-01")


def _import_options(command: Command) -> Command:
    for option in (
        click.option(
            "--level",
            type=click.Choice([level.value for level in Level]),
            default=Level.ATTRIBUTION.value,
            show_default=True,
            help="attribution: tied to a Pinterest click; delivery: seen at all.",
        ),
        click.option(
            "--measures",
            type=click.Choice([one.value for one in Measures]),
            help="tag: the tag alone; platform: what Pinterest shows once we send too.",
        ),
        click.option(
            "--kind",
            type=click.Choice([kind.value for kind in Kind]),
            help="What the rows count, when no column says it.",
        ),
        click.option(
            "--currency", callback=code, help="When no column says it; such as EUR."
        ),
        click.option(
            "--from", "first_on", callback=_day, help="First day of the export."
        ),
        click.option("--to", "last_on", callback=_day, help="Last day of the export."),
        click.option(
            "--column",
            "columns",
            multiple=True,
            metavar="HEADING=ROLE",
            help="date, event, conversions, value, currency or ignore.",
        ),
        click.option("--click-window-days", type=int, help="As set in the export."),
        click.option(
            "--report-time",
            type=click.Choice([one.value for one in ReportTime]),
            help="As set in the export.",
        ),
        click.option("--utc-offset-h", type=float, help="Where its days begin."),
    ):
        command = option(command)
    return command


@import_.command("tag-report")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_import_options
@reading_options
@json_option
def tag_report(
    *,
    file: Path,
    yes: bool,
    dry_run: bool,
    as_json: bool,
    **given: Any,  # noqa: ANN401
) -> None:
    """Import the tag's daily numbers; shows what was understood before it stores.

    Example: forwarder import tag-report export.csv --level delivery --measures tag
    """
    newest_on = newest_day(datetime.now(UTC))  # noqa: TID251  a door
    _check_days(given["first_on"], given["last_on"], newest_on)
    read = read_tag_report(file.read_bytes(), _options(given, newest_on))
    if isinstance(read, Faults):
        stop_with(read, as_json=as_json)
    if not as_json:
        _preview(read)
    if dry_run:
        _dry_run(read, as_json=as_json)
        return
    if not (yes or as_json or click.confirm("Import this?")):
        return
    store = ready_or_exit().store
    is_new = tag_reports.save_tag_report(store, read.report, store.now())
    if is_new:
        audit.note(store, who(), "imported", "tag report", store.now())
    if as_json:
        print_json({"imported": is_new, "fingerprint": read.report.fingerprint})
    else:
        click.echo("imported" if is_new else "the very same report is there already")


def _options(given: dict[str, Any], newest_on: date) -> ImportOptions:
    level = Level(given["level"])
    return ImportOptions(
        level=level,
        measures=Measures(given["measures"]) if given["measures"] else None,
        definitions=_definitions(given),
        kind=Kind(given["kind"]) if given["kind"] else None,
        currency=given["currency"],
        columns=dict(pair("--column", x, "HEADING=ROLE") for x in given["columns"]),
        first_on=given["first_on"],
        last_on=given["last_on"],
        date_order=said_order(given["date_order"]),
        decimal=said_mark(given["decimal"]),
        newest_on=newest_on,
    )


def _definitions(given: dict[str, Any]) -> Definitions | None:
    names = ("click_window_days", "report_time", "utc_offset_h")
    told = {name: given[name] for name in names if given[name] is not None}
    if "report_time" in told:
        told["report_time"] = ReportTime(told["report_time"])
    return Definitions(**told) if told else None


def _check_days(first_on: date | None, last_on: date | None, newest_on: date) -> None:
    if last_on is not None and last_on > newest_on:
        stop_wrong_use(f"--to {last_on} has not come yet")
    if first_on is not None and last_on is not None and first_on > last_on:
        stop_wrong_use(f"--from {first_on} is after --to {last_on}")


def _preview(preview: Preview) -> None:
    report = preview.report
    click.echo(f"{report.first_on} to {report.last_on}, {report.level.value} level")
    for heading, meaning in preview.mapping:
        click.echo(f"  {heading} -> {meaning}")
    for kind, (count, value) in preview.totals.items():
        money = "" if value is None else f", {value:,} {report.currency or ''}"
        click.echo(f"  {kind.value}: {count:,}{money}")
    click.echo(f"  rules: {report.definitions.words}")
    for warning in preview.warnings:
        click.echo(f"  note: {warning}")


def _dry_run(preview: Preview, *, as_json: bool) -> None:
    if not as_json:
        click.echo("nothing was stored")
        return
    report = preview.report
    print_json(
        {
            "imported": False,
            "first_on": report.first_on,
            "last_on": report.last_on,
            "level": report.level.value,
            "measures": report.measures.value,
            "rules": report.definitions.words,
            "mapping": [list(one) for one in preview.mapping],
            "totals": {
                kind.value: {"conversions": n, "value": None if v is None else str(v)}
                for kind, (n, v) in preview.totals.items()
            },
            "currency": report.currency,
            "notes": list(preview.warnings),
        }
    )
