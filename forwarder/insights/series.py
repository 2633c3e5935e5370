"""Days in a row for charts: gaps stay gaps, and a year by months."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from forwarder.core.kpi import Counts, total
from forwarder.insights.period import Month, month_of

WEEK_DAYS: Final = 7
KNOWN_MIN: Final = 4  # days of a week, to speak of its mean
MONTHS: Final = 12


def in_a_row(days: Mapping[date, int], first: date, last: date) -> list[int | None]:
    """Return a value per day, both ends included; None for a day nobody told."""
    n_days = (last - first).days + 1
    return [days.get(first + timedelta(days=n)) for n in range(max(n_days, 0))]


def week_means(values: Sequence[int | None]) -> list[float | None]:
    """Return, for each day, the mean of the seven that end with it.

    None on the first six days, and where fewer than four of the seven are known.
    """
    found: list[float | None] = []
    for at in range(len(values)):
        week = values[at - WEEK_DAYS + 1 : at + 1] if at >= WEEK_DAYS - 1 else ()
        known = [value for value in week if value is not None]
        found.append(sum(known) / len(known) if len(known) >= KNOWN_MIN else None)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthLine:
    """What is known of one month: its days and their sum."""

    month: Month
    n_days: int
    counts: Counts

    @property
    def is_whole(self) -> bool:
        """Tell whether every day of the month is in it."""
        return self.n_days == len(self.month.days())


def by_month(days: Mapping[date, Counts], last: Month) -> list[MonthLine]:
    """Return the twelve months that end with this one, those without a day left out."""
    found: list[MonthLine] = []
    month = last
    for _ in range(MONTHS):
        known = [days[day] for day in month.days() if day in days]
        if known:
            found.append(MonthLine(month=month, n_days=len(known), counts=total(known)))
        month = month_of(month.first_on - timedelta(days=1))
    return found[::-1]
