"""Which days are compared with which, and which the level rules look at."""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from forwarder.core.kpi import Counts, total

WINDOW: Final = timedelta(days=28)
TRAILING: Final = {"trailing_28d": 28, "trailing_30d": 30}  # days


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Some days in a row in UTC, both ends included."""

    first_on: date
    last_on: date

    def days(self) -> list[date]:
        """Return its days in order."""
        n_days = (self.last_on - self.first_on).days + 1
        return [self.first_on + timedelta(days=n) for n in range(n_days)]

    def until(self, day: date) -> "Span":
        """Return its days up to one, as far as that lies in it."""
        return Span(first_on=self.first_on, last_on=min(self.last_on, day))


@dataclass(frozen=True, slots=True, kw_only=True)
class Month(Span):
    """A calendar month."""

    @property
    def text(self) -> str:
        """Return it as YYYY-MM."""
        return f"{self.first_on:%Y-%m}"

    @property
    def before(self) -> "Month":
        """Return the month before it."""
        return month_of(self.first_on - timedelta(days=1))


def month_of(day: date) -> Month:
    """Return the month a day lies in."""
    n_days = calendar.monthrange(day.year, day.month)[1]
    return Month(first_on=day.replace(day=1), last_on=day.replace(day=n_days))


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """What is compared with what: a month with the one before, or days as many."""

    now: Span
    before: Span

    def so_far(self, day: date) -> "Spans":
        """Return as many days of both as are over by a day; what is over whole."""
        if day >= self.now.last_on:
            return self
        as_far = self.before.first_on + (day - self.now.first_on)
        return Spans(now=self.now.until(day), before=self.before.until(as_far))


def spans(month: Month, settled_on: date, period: str) -> Spans:
    """Return what a board compares, as the settings say.

    Two calendar months, or the days that end with the month's last settled one and as
    many before them.
    """
    if period not in TRAILING:
        return Spans(now=month, before=month.before)
    length = timedelta(days=TRAILING[period])
    first_on = settled_on - length + timedelta(days=1)
    return Spans(
        now=Span(first_on=first_on, last_on=settled_on),
        before=Span(first_on=first_on - length, last_on=settled_on - length),
    )


def words_of(period: str) -> tuple[str, str]:
    """Return what a board compares in words: this time, and the time before."""
    if period not in TRAILING:
        return "this month", "the month before"
    return f"these {TRAILING[period]} days", f"the {TRAILING[period]} days before"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A month or some days against those before, over days that both have."""

    now: Counts
    before: Counts
    n_days: int
    n_days_before: int
    is_partial: bool


def settled_until(month: Month, today: date, settle_days: int) -> date:
    """Return the last day of the month whose numbers no longer move."""
    return min(month.last_on, today - timedelta(days=settle_days))


def compare(of: Spans, days: Mapping[date, Counts], settled_on: date) -> Compared:
    """Return the counts of both.

    Two whole ones are compared whole. Where days are missing or not settled, only the
    days count that both have, by their place; if they share none, what there is.
    """
    here = _kept(of.now, days, settled_on)
    there = _kept(of.before, days, settled_on)
    is_whole = (len(here), len(there)) == (len(of.now.days()), len(of.before.days()))
    shared = here.keys() & there.keys()
    if not is_whole and shared:
        here = {place: here[place] for place in shared}
        there = {place: there[place] for place in shared}
    return Compared(
        now=total(days[day] for day in here.values()),
        before=total(days[day] for day in there.values()),
        n_days=len(here),
        n_days_before=len(there),
        is_partial=not is_whole,
    )


def _kept(
    wanted: Span, days: Mapping[date, Counts], settled_on: date
) -> dict[int, date]:
    """Return the settled days that are known, by their place."""
    return {
        place: day
        for place, day in enumerate(wanted.days())
        if day in days and day <= settled_on
    }


def window(last_on: date) -> tuple[date, date]:
    """Return the 28 days that end with a day, first and last."""
    return last_on - WINDOW + timedelta(days=1), last_on
