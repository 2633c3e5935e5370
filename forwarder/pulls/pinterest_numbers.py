"""What the columns and rows of Pinterest's reports mean.

Source: columns of the analytics endpoints, API 5.23 (read 2026-11-21)
https://developers.pinterest.com/docs/api/v5/ad_account-analytics/
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from forwarder.core.event import Kind
from forwarder.core.mirror import kind_of_tag
from forwarder.core.money import amount
from forwarder.core.reports import ReportTime
from forwarder.core.snapshots import ALL_SOURCES, DayNumber, Windows

DAILY_COLUMNS: Final = (
    "TOTAL_CLICK_CHECKOUT",
    "TOTAL_CLICK_CHECKOUT_VALUE_IN_MICRO_DOLLAR",
    "TOTAL_CLICK_SIGNUP",
    "TOTAL_CLICK_SIGNUP_VALUE_IN_MICRO_DOLLAR",
    "TOTAL_CLICK_LEAD",
    "TOTAL_CLICK_ADD_TO_CART",
)
SOURCE_COLUMN: Final = "INGESTION_SOURCE"
_VALUE: Final = "_VALUE_IN_MICRO_DOLLAR"
_COUNT: Final = re.compile(r"TOTAL_(?P<click>CLICK_)?(?P<kind>[A-Z_]+)")

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The days a report was made for, both included."""

    first_on: date
    last_on: date

    @property
    def days(self) -> list[date]:
        """Return each day."""
        n_days = (self.last_on - self.first_on) // timedelta(days=1) + 1
        return [self.first_on + timedelta(days=day) for day in range(n_days)]


def counted(columns: Iterable[str], *, click_only: bool) -> dict[str, Kind]:
    """Return the columns that count conversions of a kind, by one way of credit."""
    found: dict[str, Kind] = {}
    for column in columns:
        parts = _COUNT.fullmatch(column)
        if parts is None or column.endswith(_VALUE):
            continue
        kind = kind_of_tag(parts["kind"])
        if kind is not None and (parts["click"] is not None) is click_only:
            found[column] = kind
    return found


def numbers(
    rows: Sequence[Row],
    columns: Sequence[str],
    windows: Windows,
    span: Span,
    sources: Sequence[str] = (ALL_SOURCES,),
) -> list[DayNumber]:
    """Return one number per day, kind and source; a day without a row counted none.

    Rows of nothing but zeros are left out by Pinterest. Rows of one day, as for
    several campaigns, are added up.
    """
    kinds = counted(columns, click_only=windows.click_only)
    by_day = _by_day(rows, sources)
    return [
        DayNumber(
            windows=windows,
            on=on,
            kind=kind,
            n=_sum(by_day.get((on.isoformat(), source), ()), column) or 0,
            value_micro=_value(
                by_day.get((on.isoformat(), source), ()), column, columns
            ),
            source=source,
        )
        for source in sources
        for on in span.days
        for column, kind in kinds.items()
    ]


def _by_day(
    rows: Sequence[Row], sources: Sequence[str]
) -> dict[tuple[str, str], list[Row]]:
    only = sources[0] if len(sources) == 1 else ALL_SOURCES
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        source = row.get(SOURCE_COLUMN, only)
        found.setdefault((str(row.get("DATE")), str(source)), []).append(row)
    return found


def _value(rows: Sequence[Row], column: str, columns: Sequence[str]) -> int | None:
    if f"{column}{_VALUE}" not in columns:
        return None
    value = _sum(rows, f"{column}{_VALUE}")
    if value is None and not _sum(rows, column):
        return 0  # what nobody bought is worth nothing
    return value


def _sum(rows: Sequence[Row], column: str) -> int | None:
    told = [found for row in rows if (found := amount(row.get(column))) is not None]
    return int(sum(told)) if told else None


def windows_of(template: Row, *, click_only: bool) -> Windows:
    """Return the rules of a report template; what it does not say is the default."""
    usual = Windows()
    booked = template.get("conversion_report_time_type")
    return Windows(
        click_days=_days(template, "click_window_days", usual.click_days),
        engagement_days=_days(
            template, "engagement_window_days", usual.engagement_days
        ),
        view_days=_days(template, "view_window_days", usual.view_days),
        report_time=ReportTime.CONVERSION
        if booked == ReportTime.CONVERSION
        else ReportTime.AD_ACTION,
        click_only=click_only,
    )


def _days(template: Row, name: str, otherwise: int) -> int:
    found = template.get(name)
    return found if isinstance(found, int) else otherwise


def listed(value: object) -> list[str]:
    """Return the words of a list; none of anything else."""
    return [str(one) for one in value] if isinstance(value, list) else []
