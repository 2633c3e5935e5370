"""The tag's daily totals of one kind, cut to the month."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from forwarder.core.event import Kind
from forwarder.core.reports import Level, TagReport
from forwarder.reconcile.log import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class TagTotals:
    """What one report says about one kind, for the days that it and the month share.

    Shape: `daily_count` and `daily_value` have one number per day from `first_day` to
    `last_day`, counted from 0; `daily_value` is None when no value is told.
    """

    report: TagReport
    first_day: int
    last_day: int
    daily_count: IntArray
    daily_value: FloatArray | None
    n_rivals: int = 0  # other reports for the same kind, level and month

    def since(self, day: int) -> "TagTotals | None":
        """Return the totals from a day of the month on; None when nothing is left."""
        skip = day - self.first_day
        if skip <= 0:
            return self
        if day > self.last_day:
            return None
        value = None if self.daily_value is None else self.daily_value[skip:]
        count = self.daily_count[skip:]
        return replace(self, first_day=day, daily_count=count, daily_value=value)

    @property
    def n(self) -> int:
        """How many conversions."""
        return int(self.daily_count.sum())

    @property
    def value(self) -> float | None:
        """What they are worth together; None when not told."""
        return None if self.daily_value is None else float(self.daily_value.sum())


def tag_totals(
    reports: Sequence[TagReport], kind: Kind, level: Level, first: date, n_days: int
) -> TagTotals | None:
    """Return the totals of the last report for this kind, level and month, if any."""
    last = first + timedelta(days=n_days - 1)
    fitting = [
        report
        for report in reports
        if report.level is level
        and report.first_on <= last
        and report.last_on >= first
        and any(row.kind is kind for row in report.rows)
    ]
    if not fitting:
        return None
    return _cut(fitting[-1], kind, first, n_days, len(fitting) - 1)


def _cut(
    report: TagReport, kind: Kind, first: date, n_days: int, n_rivals: int
) -> TagTotals:
    first_day = max((report.first_on - first).days, 0)
    last_day = min((report.last_on - first).days, n_days - 1)
    size = last_day - first_day + 1
    count, value = np.zeros(size, dtype=np.int64), np.zeros(size)
    told = report.currency is not None
    for row in report.rows:
        day = (row.on - first).days - first_day
        if row.kind is kind and 0 <= day < size:
            count[day] += row.count
            value[day] += float(row.value) if row.value is not None else 0.0
            told = told and (row.value is not None or row.count == 0)
    return TagTotals(
        report=report,
        first_day=first_day,
        last_day=last_day,
        daily_count=count,
        daily_value=value if told else None,
        n_rivals=n_rivals,
    )
