"""`forwarder reconcile`: the month's attribution gap."""

import calendar
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from forwarder import lookout
from forwarder.cli.common import (
    json_option,
    print_json,
    ready_or_exit,
    stop_wrong_use,
    who,
)
from forwarder.store import audit, report_posts, report_versions
from forwarder.store.log import ID_MAX
from forwarder.wiring import Wired

if TYPE_CHECKING:
    from forwarder.reconcile.document import Document


YEARS = range(2000, 2100)


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
    if first_on.year not in YEARS:
        first, last = YEARS[0], YEARS[-1]
        stop_wrong_use(f"--month {text} is too far off: {first}-01 to {last}-12")
    n_days = calendar.monthrange(first_on.year, first_on.month)[1]
    return Month(text=text, first_on=first_on, last_on=first_on.replace(day=n_days))


@click.group(invoke_without_command=True)
@click.option("--month", "month_text", default="", help="The month, as YYYY-MM.")
@click.option(
    "--format", "form", type=click.Choice(["text", "html", "json", "csv", "md"]),
    default="text", show_default=True,
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

    Example: forwarder reconcile --month 2026-10 --format html --out reports
    """
    if context.invoked_subcommand is not None:
        return
    if not month_text:
        stop_wrong_use("name a month: --month 2026-10")
    made = make_document(ready_or_exit(), month_or_exit(month_text), destination)
    text = as_form(made, form)
    if out is None or form in {"text", "json"}:
        click.echo(text)
    if out is not None:
        click.echo(f"written to {write_form(out, month_text, form, text)}", err=True)


def write_form(out: Path, month_text: str, form: str, text: str) -> Path:
    """Write the report into a folder; return the file."""
    out.mkdir(parents=True, exist_ok=True)
    suffix = "txt" if form == "text" else form
    file = out / f"gap-{month_text}.{suffix}"
    file.write_text(text, encoding="utf-8")
    return file


def as_form(made: "Document", form: str) -> str:
    """Return the report in one of its forms."""
    from forwarder.reconcile.rendering import rendered  # noqa: PLC0415  numpy, scipy

    return rendered(made, form)


def make_document(wired: Wired, month: Month, destination: str) -> "Document":
    """Return the report of a month for one destination, with its history."""
    from forwarder.reconcile import keeping  # noqa: PLC0415  numpy, scipy

    place = lookout.report_place(wired, _destination(wired, destination))
    return keeping.make_document(wired.store, place, month.text)


def _destination(wired: Wired, wanted: str) -> str:
    names = [one.name for one in wired.destinations.values()]
    if not wanted and len(names) == 1:
        return names[0]
    if wanted not in names:
        stop_wrong_use(f"--destination: one of {', '.join(names)}")
    return wanted


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


@reconcile.command("versions")
@click.option("--destination", default="", help="Which one; the only one if not given.")
@click.option("--month", "month_text", default="", help="The month, as YYYY-MM.")
@json_option
def versions(destination: str, month_text: str, *, as_json: bool) -> None:
    """List the finished reports: kept as they were made, never changed."""
    wired = ready_or_exit()
    month = month_or_exit(month_text).text if month_text else None
    kept = report_versions.list_heads(
        wired.store, _destination(wired, destination), month
    )[::-1]
    if as_json:
        print_json([asdict(one) for one in kept])
        return
    for one in kept:
        made = f"{one.made_at:%Y-%m-%d %H:%M} UTC"
        told = f"{one.month}  {one.stamp:<12}{made}  {one.inputs[:16]}"
        click.echo(f"{one.id:>5}  {told}")
    if not kept:
        click.echo("no report is finished yet: a worker makes one as each month ends")


@reconcile.command("send")
@click.argument("number", type=click.IntRange(1, ID_MAX))
def send(number: int) -> None:
    """Send a finished report once more, by the ways of the settings.

    NUMBER is that of `forwarder reconcile versions`.
    """
    wired = ready_or_exit()
    found = report_versions.find_version(wired.store, number)
    if found is None:
        stop_wrong_use(f"no report {number}: see `forwarder reconcile versions`")
    names = lookout.mailbag(wired.settings).names
    if not names:
        stop_wrong_use("the settings name nobody: email_to or webhook_url of [reports]")
    head, now = found[0], wired.store.now()
    report_posts.send_again(wired.store, head.id, names, now)
    subject = f"{head.destination} {head.month}"
    audit.note(wired.store, who(), "report sent again", subject, now, head.stamp)
    click.echo(f"a worker sends it within seconds: {', '.join(names)}")
