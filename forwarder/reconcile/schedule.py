"""Which reports should exist by now, and whose turn it is to make them."""

import calendar
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from forwarder.core.reports import USUAL, Level
from forwarder.reconcile.calendar_of import final_at, first_day
from forwarder.store import Store, duties, report_inputs, snapshots, tag_reports

ZONES = timedelta(days=2)  # days end elsewhere in the world
PROVISIONAL, FINAL = "provisional", "final"
MONTHS_BACK = 4  # the longest click window, and a month in which no worker ran


class Due(NamedTuple):
    """A report whose time has come."""

    month: str
    stamp: str


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
    if now < final_at(first_on, USUAL[Level.DELIVERY]):
        return []
    return [stamped(f"{first_on:%Y-%m}", now)]


def stamped(month: str, now: datetime) -> Due:
    """Return the report of a month with the stamp it gets when it is made now."""
    is_final = now >= final_at(first_day(month), USUAL[Level.ATTRIBUTION])
    return Due(month, FINAL if is_final else PROVISIONAL)


def open_reports(store: Store, destination: str, now: datetime) -> list[Due]:
    """Return what is due and nobody has finished."""
    return [
        due
        for due in due_reports(now)
        if not duties.is_taken(store, _job(destination, due), due.month)
    ]


def has_material(store: Store, destination: str, month: str) -> bool:
    """Say whether either side may know anything of a month; before us, none does."""
    first_on = first_day(month)
    n_days = calendar.monthrange(first_on.year, first_on.month)[1]
    last_on = first_on.replace(day=n_days)
    end = datetime.combine(last_on, time.max, UTC) + ZONES
    return (
        report_inputs.knows_before(store, destination, end)
        or bool(tag_reports.load_tag_reports(store, first_on, last_on))
        or bool(snapshots.history(store, destination, first_on, last_on))
    )


def take(store: Store, destination: str, due: Due, now: datetime) -> bool:
    """Say whether it is ours to make: one worker in an hour gets a yes."""
    job = f"{_job(destination, due)} of {due.month} at work"
    return duties.take_duty(store, job, f"{now:%Y-%m-%dT%H}", now)


def end(store: Store, destination: str, due: Due, now: datetime) -> None:
    """Write down that it is finished."""
    duties.take_duty(store, _job(destination, due), due.month, now)


def _job(destination: str, due: Due) -> str:
    return f"report {destination} {due.stamp}"
