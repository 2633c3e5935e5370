"""Finish reports when their time has come, and keep them as they were."""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from forwarder.core.reports import USUAL, Level
from forwarder.reconcile import making
from forwarder.reconcile.calendar_of import final_at
from forwarder.reconcile.document import Document, document
from forwarder.reconcile.making import Place
from forwarder.reconcile.rendering import rendered
from forwarder.store import Store, duties, report_versions
from forwarder.store.report_versions import Version

PROVISIONAL, FINAL = "provisional", "final"
MONTHS_BACK = 4  # the longest click window, and a month in which no worker ran


class Due(NamedTuple):
    """A report whose time has come."""

    month: str
    stamp: str


def make_document(store: Store, place: Place, month: str) -> Document:
    """Return the report of a month with the history of the months before it."""
    report = making.make_report(store, place, month)
    contents = report_versions.latest_contents(store, place.destination, month)
    return document(report, contents)


def due_reports(now: datetime) -> list[Due]:
    """Return the reports that should exist by now, oldest month first.

    Provisional two days after the month's end, final once the click window closed.
    """
    months, on = [], now.date().replace(day=1)
    for _ in range(MONTHS_BACK):
        on = (on - timedelta(days=1)).replace(day=1)
        months.append(on)
    return [due for on in reversed(months) for due in _due(on, now)]


def _due(first_on: date, now: datetime) -> list[Due]:
    month = f"{first_on:%Y-%m}"
    ended_at = final_at(first_on, USUAL[Level.DELIVERY])
    final = final_at(first_on, USUAL[Level.ATTRIBUTION])
    found = [Due(month, PROVISIONAL)] if ended_at <= now < final else []
    return [Due(month, FINAL)] if now >= final else found


def finish(store: Store, place: Place, due: Due) -> Version | None:
    """Make and keep a report; None when the very same is kept or nothing happened."""
    made = make_document(store, place, due.month)
    if not any(c.n_tag or c.n_server for c in made.report.comparisons):
        return None
    version = Version(
        destination=place.destination,
        month=due.month,
        stamp=due.stamp,
        inputs=made.report.inputs,
        made_at=made.report.made_at,
        content=rendered(made, "json").encode(),
        page=rendered(made, "html"),
    )
    return version if report_versions.keep_version(store, version) else None


def finish_due(store: Store, place: Place, now: datetime) -> list[Version]:
    """Finish what is due, each report once however many workers ask."""
    return [
        version
        for due in due_reports(now)
        if duties.take_duty(
            store, f"report {place.destination} {due.stamp}", due.month, now
        )
        and (version := finish(store, place, due)) is not None
    ]
