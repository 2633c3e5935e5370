"""Which days a month is compared on, and which the level rules look at."""

import calendar
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from forwarder.core.kpi import Counts, total

WINDOW = timedelta(days=28)


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A calendar month in UTC."""

    first_on: date
    last_on: date

    @property
    def text(self) -> str:
        """Return it as YYYY-MM."""
        return f"{self.first_on:%Y-%m}"

    @property
    def before(self) -> "Month":
        """Return the month before it."""
        return month_of(self.first_on - timedelta(days=1))

    def days(self) -> list[date]:
        """Return its days in order."""
        n_days = (self.last_on - self.first_on).days + 1
        return [self.first_on + timedelta(days=n) for n in range(n_days)]


def month_of(day: date) -> Month:
    """Return the month a day lies in."""
    n_days = calendar.monthrange(day.year, day.month)[1]
    return Month(first_on=day.replace(day=1), last_on=day.replace(day=n_days))


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A month against the one before, over days that both have."""

    now: Counts
    before: Counts
    n_days: int
    n_days_before: int
    is_partial: bool


def settled_until(month: Month, today: date, settle_days: int) -> date:
    """Return the last day of the month whose numbers no longer move."""
    return min(month.last_on, today - timedelta(days=settle_days))


def compare(month: Month, days: Mapping[date, Counts], settled_on: date) -> Compared:
    """Return both months' counts.

    Two whole months are compared whole. Where days are missing or not settled, only
    the days of the month that both have count; if they share none, what there is.
    """
    here = _kept(month.days(), days, settled_on)
    there = _kept(month.before.days(), days, settled_on)
    is_whole = len(here) == len(month.days()) and len(there) == len(month.before.days())
    shared = {day.day for day in here} & {day.day for day in there}
    if not is_whole and shared:
        here = [day for day in here if day.day in shared]
        there = [day for day in there if day.day in shared]
    return Compared(
        now=total(days[day] for day in here),
        before=total(days[day] for day in there),
        n_days=len(here),
        n_days_before=len(there),
        is_partial=not is_whole,
    )


def _kept(
    wanted: Iterable[date], days: Mapping[date, Counts], settled_on: date
) -> list[date]:
    return [day for day in wanted if day in days and day <= settled_on]


def window(last_on: date) -> tuple[date, date]:
    """Return the 28 days that end with a day, first and last."""
    return last_on - WINDOW + timedelta(days=1), last_on
