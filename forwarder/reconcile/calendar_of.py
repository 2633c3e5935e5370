"""Where a month begins, and when its numbers stop moving."""

import calendar
from datetime import UTC, date, datetime, timedelta

from forwarder.core.reports import Definitions

SETTLES_H = 48  # the platform goes on correcting a day for so long


def first_day(month: str) -> date:
    """Return the first day of YYYY-MM. Raises: ValueError."""
    try:
        return datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError as error:
        raise ValueError("month: write it as YYYY-MM, such as 2026-10") from error


def final_at(first: date, definitions: Definitions) -> datetime:
    """Return when the month's numbers stop moving: the window and two days after it."""
    n_days = calendar.monthrange(first.year, first.month)[1]
    window = definitions.click_window_days or 0
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    return start + timedelta(
        days=n_days + window, hours=SETTLES_H - definitions.utc_offset_h
    )


def so_far(first_on: date, last_on: date, today: date) -> date | None:
    """Return how far days have come that are not all over; None when they are."""
    return max(first_on, today) if today <= last_on else None
