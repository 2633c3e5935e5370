"""Times as order exports write them, read by the shop's clock where they tell none."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from forwarder.reconcile.figures import DateOrder, Unclear, date_order, read_date

_MOMENT: Final = re.compile(
    r"(?P<day>.+?)(?:[ T]\s*(?P<hour>\d{1,2}):(?P<minute>\d\d)"
    r"(?::(?P<second>\d\d)(?:\.\d{1,9})?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d)?)?"
)
_NOON: Final = 12


def zone_of(name: str) -> tzinfo:
    """Return a time zone by its name; UTC needs no table of zones."""
    return UTC if name == "UTC" else ZoneInfo(name)


def order_of_days(cells: Sequence[str]) -> DateOrder | None:
    """Return how 03/04/2026 is meant in a column of times, if the column shows it."""
    parts = [_MOMENT.fullmatch(cell.strip()) for cell in cells]
    return date_order([part["day"].rstrip(",") for part in parts if part is not None])


def read_moment(
    cell: str, order: DateOrder | None, zone: tzinfo, newest_on: date | None = None
) -> datetime:
    """Return the time a cell names, in UTC; on no day after `newest_on`, if given.

    Shape: `zone` is the clock of a cell that tells none. Raises: Unclear.
    """
    found = _MOMENT.fullmatch(cell.strip())
    if found is None:
        raise Unclear("is not a time; write it as 2026-10-01 13:05:00 +02:00")
    on = read_date(found["day"].rstrip(","), order, newest_on)
    hour = _hour(int(found["hour"] or 0), found["half"])
    try:
        at = datetime(
            on.year,
            on.month,
            on.day,
            hour,
            int(found["minute"] or 0),
            int(found["second"] or 0),
            tzinfo=_zone(found["zone"], zone),
        )
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unclear("is not a time of any day") from None


def _hour(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    is_afternoon = half[0] in "pP"
    return hour % _NOON + (_NOON if is_afternoon else 0)


def _zone(told: str | None, otherwise: tzinfo) -> tzinfo:
    if told is None:
        return otherwise
    if told in {"Z", "UTC", "GMT"}:
        return UTC
    digits = told.replace(":", "")
    offset = timedelta(hours=int(digits[1:3]), minutes=int(digits[3:5]))
    return timezone(-offset if digits[0] == "-" else offset)
