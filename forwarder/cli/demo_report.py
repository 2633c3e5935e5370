"""The demo's end: what browsers told, the month's report, and whether it is true."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from forwarder import lookout
from forwarder.cli.demo_browsers import Truth, browsers
from forwarder.cli.demo_month import tag_report
from forwarder.cli.report import as_form, make_document, month_or_exit, write_form
from forwarder.core.event import Kind
from forwarder.core.reports import Level, Measures
from forwarder.reconcile import schedule
from forwarder.reconcile.tag_report import Faults, ImportOptions, read_tag_report
from forwarder.store import Store, log, mirror, tag_reports
from forwarder.store.log import Filter, Line
from forwarder.store.our_columns import server_columns
from forwarder.wiring import Wired

if TYPE_CHECKING:
    from forwarder.reconcile.document import Document

DESTINATION = "main"


def keep_for_the_end(store: Store, now: datetime) -> None:
    """Let no worker finish a report of what is played only in part."""
    for due in schedule.open_reports(store, DESTINATION, now):
        schedule.end(store, DESTINATION, due, now)


def write_reports(wired: Wired, month: date, out: Path) -> list[str]:
    """Write the month's report; return where it contradicts what really happened."""
    store = wired.store
    out.mkdir(parents=True, exist_ok=True)
    told, truth = browsers(lines_of(wired), month)
    mirror.add(store, told)
    _import(wired, month, out)
    text_month = f"{month:%Y-%m}"
    made = make_document(wired, month_or_exit(text_month), "")
    _keep(wired, text_month)
    for form in ("text", "json", "csv", "md"):
        write_form(out, text_month, form, as_form(made, form))
    (out / "report.html").write_text(as_form(made, "html"), encoding="utf-8")
    click.echo(as_form(made, "text"))
    return _untrue(made, truth)


def _keep(wired: Wired, month: str) -> None:
    """Keep the report for the console, as a worker does."""
    from forwarder.reconcile import keeping  # noqa: PLC0415  numpy, scipy

    due = schedule.stamped(month, wired.store.now())
    keeping.finish(wired.store, lookout.report_place(wired, DESTINATION), due)


def _import(wired: Wired, month: date, out: Path) -> None:
    """Import what the platform credits to clicks."""
    store = wired.store
    start = datetime.combine(month, datetime.min.time(), UTC)
    end = (start + timedelta(days=32)).replace(day=1)
    data = tag_report(server_columns(store, DESTINATION, start, end), month)
    (out / "tag-report-attribution.csv").write_bytes(data)
    options = ImportOptions(
        level=Level.ATTRIBUTION,
        measures=Measures.TAG,
        first_on=month,
        last_on=(end - timedelta(days=1)).date(),
    )
    read = read_tag_report(data, options)
    if isinstance(read, Faults):
        raise click.ClickException("; ".join(read.messages))
    tag_reports.save_tag_report(store, read.report, store.now())


def _untrue(made: "Document", truth: dict[Kind, Truth]) -> list[str]:
    """Compare the report with the truth, order by order."""
    faults = []
    for c in made.report.comparisons:
        if c.pairs is None:
            continue
        said = *c.pairs.counts, c.n_refunded
        true = *truth[c.kind].counts, truth[c.kind].returned
        if said != true:
            faults.append(
                f"{c.kind.value}: report and truth differ ({said} and {true})"
            )
        else:
            click.echo(f"{c.kind.value}: the report agrees with the truth to the order")
    return faults


def lines_of(wired: Wired) -> Iterator[Line]:
    """Give every line of the delivery log, newest first."""
    wanted: Filter | None = Filter()
    while wanted is not None:
        page = log.list_deliveries(wired.store, wanted, log.PAGE_MAX)
        yield from page.lines
        wanted = None if page.next_id is None else Filter(before_id=page.next_id)
