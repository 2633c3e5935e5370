"""`forwarder reconcile` and `import`: the month's attribution gap."""

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click
import orjson

from forwarder.cli.common import (
    BAD_NEWS,
    json_option,
    print_json,
    ready_or_exit,
    stop_wrong_use,
)
from forwarder.core.event import Kind
from forwarder.core.reports import Definitions, Level, Measures, ReportTime
from forwarder.reconcile.tag_report import (
    Faults,
    ImportOptions,
    Preview,
    read_tag_report,
)
from forwarder.store import tag_reports
from forwarder.wiring import Wired

if TYPE_CHECKING:
    from forwarder.reconcile.report import MonthReport

MARGIN_BEFORE = timedelta(days=2)  # days begin elsewhere in the world
MARGIN_AFTER = timedelta(days=62)  # conversions dated back to their click
EARLIEST_ZONE = timedelta(hours=14)  # where a day begins first
CODE_CHARS = 3
Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """One calendar month, as YYYY-MM."""

    text: str
    first_on: date
    last_on: date


def month_or_exit(text: str) -> Month:
    """Return the month; exit with 2 if it is none."""
    try:
        first_on = date.fromisoformat(f"{text}-01")
    except ValueError:
        stop_wrong_use(f"--month {text} is no month; such as 2026-10")
    n_days = calendar.monthrange(first_on.year, first_on.month)[1]
    return Month(text=text, first_on=first_on, last_on=first_on.replace(day=n_days))


@click.group(invoke_without_command=True)
@click.option("--month", "month_text", default="", help="The month, as YYYY-MM.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text",
    show_default=True,
)  # fmt: skip
@click.option("--json", "form", flag_value="json", help="The same as --format json.")
@click.option("--destination", default="", help="Which one; the only one if not given.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the report into this folder as well.",
)
@click.pass_context
def reconcile(
    context: click.Context,
    month_text: str,
    form: str,
    destination: str,
    out: Path | None,
) -> None:
    """Write the month's attribution gap report: the tag's list against ours.

    Example: forwarder reconcile --month 2026-10
    """
    if context.invoked_subcommand is not None:
        return
    if not month_text:
        stop_wrong_use("name a month: --month 2026-10")
    wired = ready_or_exit()
    report = make_report(wired, month_or_exit(month_text), destination)
    text = rendered(report, form)
    click.echo(text)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        suffix = "json" if form == "json" else "txt"
        name = f"gap-{month_text}.{suffix}"
        (out / name).write_text(text, encoding="utf-8")


def make_report(wired: Wired, month: Month, destination: str) -> "MonthReport":
    """Return the report of a month for one destination."""
    from forwarder.reconcile.report import build_report  # noqa: PLC0415  numpy, scipy

    name = _destination(wired, destination)
    start = datetime.combine(month.first_on, datetime.min.time(), UTC)
    end = datetime.combine(month.last_on, datetime.min.time(), UTC) + timedelta(days=1)
    rows = tag_reports.server_rows(
        wired.store, name, start - MARGIN_BEFORE, end + MARGIN_AFTER
    )
    known = tag_reports.load_tag_reports(wired.store, month.first_on, month.last_on)
    return build_report(month.text, rows, known, wired.store.now(), None)


def _destination(wired: Wired, wanted: str) -> str:
    names = [one.name for one in wired.destinations.values()]
    if not wanted and len(names) == 1:
        return names[0]
    if wanted not in names:
        stop_wrong_use(f"--destination: one of {', '.join(names)}")
    return wanted


def rendered(report: "MonthReport", form: str) -> str:
    """Return the report as text or JSON."""
    from forwarder.reconcile.as_json import as_json  # noqa: PLC0415  numpy, scipy
    from forwarder.reconcile.as_text import as_text  # noqa: PLC0415

    if form == "text":
        return as_text(report)
    return orjson.dumps(as_json(report), option=orjson.OPT_INDENT_2).decode()


@reconcile.command("estimate")
@click.argument("file", type=click.File("rb"))
def estimate(file: Any) -> None:  # noqa: ANN401  click's own file type
    """Run the estimators on a month file and print the bands as JSON."""
    from forwarder.reconcile import estimate_month  # noqa: PLC0415  numpy, scipy

    try:
        print_json(estimate_month(orjson.loads(file.read())))
    except orjson.JSONDecodeError:
        stop_wrong_use("the month file is not JSON")
    except ValueError as fault:
        stop_wrong_use(f"the month file is not usable: {fault}")


@click.group("import")
def import_() -> None:
    """Read what others counted, from CSV exports."""


def _code(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    if text is None:
        return None
    if not (len(text) == CODE_CHARS and text.isascii() and text.isalpha()):
        stop_wrong_use(f"--currency {text}: three letters, such as EUR")
    return text.upper()


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
            "--currency", callback=_code, help="When no column says it; such as EUR."
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
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def tag_report(*, file: Path, yes: bool, as_json: bool, **given: Any) -> None:  # noqa: ANN401
    """Import the tag's daily numbers; shows what was understood before it stores.

    Example: forwarder import tag-report export.csv --level delivery --measures tag
    """
    _check_days(given["first_on"], given["last_on"], datetime.now(UTC))  # noqa: TID251  a door
    read = read_tag_report(file.read_bytes(), _options(given))
    if isinstance(read, Faults):
        _stop_with(read, as_json=as_json)
    if not as_json:
        _preview(read)
    if not (yes or as_json or click.confirm("Import this?")):
        return
    store = ready_or_exit().store
    is_new = tag_reports.save_tag_report(store, read.report, store.now())
    if as_json:
        print_json({"imported": is_new, "fingerprint": read.report.fingerprint})
    else:
        click.echo("imported" if is_new else "the very same report is there already")


def _options(given: dict[str, Any]) -> ImportOptions:
    level = Level(given["level"])
    return ImportOptions(
        level=level,
        measures=Measures(given["measures"]) if given["measures"] else None,
        definitions=_definitions(given),
        kind=Kind(given["kind"]) if given["kind"] else None,
        currency=given["currency"],
        columns=dict(_pair(text) for text in given["columns"]),
        first_on=given["first_on"],
        last_on=given["last_on"],
    )


def _definitions(given: dict[str, Any]) -> Definitions | None:
    names = ("click_window_days", "report_time", "utc_offset_h")
    told = {name: given[name] for name in names if given[name] is not None}
    if "report_time" in told:
        told["report_time"] = ReportTime(told["report_time"])
    return Definitions(**told) if told else None


def _pair(text: str) -> tuple[str, str]:
    heading, equals, role = text.rpartition("=")
    if not equals:
        stop_wrong_use(f"--column {text}: HEADING=ROLE")
    return heading, role


def _check_days(first_on: date | None, last_on: date | None, now: datetime) -> None:
    if last_on is not None and last_on > (now + EARLIEST_ZONE).date():
        stop_wrong_use(f"--to {last_on} has not come yet")
    if first_on is not None and last_on is not None and first_on > last_on:
        stop_wrong_use(f"--from {first_on} is after --to {last_on}")


def _stop_with(faults: Faults, *, as_json: bool) -> NoReturn:
    if as_json:
        print_json({"errors": faults.messages})
    for message in faults.messages:
        click.echo(message, err=True)
    raise SystemExit(BAD_NEWS)


def _preview(preview: Preview) -> None:
    report = preview.report
    click.echo(f"{report.first_on} to {report.last_on}, {report.level.value} level")
    for heading, meaning in preview.mapping:
        click.echo(f"  {heading} -> {meaning}")
    for kind, (count, value) in preview.totals.items():
        money = "" if value is None else f", {value} {report.currency or ''}"
        click.echo(f"  {kind.value}: {count}{money}")
    for warning in preview.warnings:
        click.echo(f"  note: {warning}")
