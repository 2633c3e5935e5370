"""Pinterest's own conversion reports: daily numbers, reports by source, event quality.

Pulled day by day and kept, since the platform shows 90 days and revises them. Sync
analytics are asked for what they reach, asynchronous reports for what is older.

Source: https://developers.pinterest.com/docs/api/v5/analytics-create_report/
(read 2026-11-21)
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from forwarder.core import reading as read
from forwarder.core.money import currency
from forwarder.core.snapshots import DayNumber, Quality, Windows
from forwarder.pulls.pinterest_account import Account, Row
from forwarder.pulls.pinterest_numbers import (
    DAILY_COLUMNS,
    SOURCE_COLUMN,
    Span,
    counted,
    listed,
    numbers,
    windows_of,
)

SYNC_BACK_DAYS: Final = 89  # the platform's 90, less a day that may turn meanwhile
SPAN_DAYS: Final = 90
LOOKBACKS: Final = ("1d", "14d")
SPLIT: Final = ("TAG", "CONVERSIONS_API")
PAGES_MAX: Final = 40


@dataclass(frozen=True, slots=True)
class Reports:
    """The reports of one ad account. Every method raises NoAnswer."""

    account: Account

    def currency(self) -> str | None:
        """Return the account's currency; None when it is not told."""
        return currency(self.account.get("").record.get("currency"))

    def daily(self, span: Span, windows: Windows, today: date) -> list[DayNumber]:
        """Return what is credited to clicks on each day of the span."""
        edge = today - timedelta(days=SYNC_BACK_DAYS)
        found: list[DayNumber] = []
        for part in _parts(span):
            is_near = part.first_on >= edge
            rows = self._sync(part, windows) if is_near else self._old(part, windows)
            found += numbers(rows, DAILY_COLUMNS, windows, part)
        return found

    def by_source(self, span: Span) -> list[DayNumber]:
        """Return the days of each report template that tells the sources apart.

        Templates are made by hand in Ads Manager; without any there is nothing.
        """
        found: list[DayNumber] = []
        for template in self._templates():
            sources = _sources(template)
            if sources:
                found += self._of_template(template, sources, span)
        return found

    def quality(self) -> list[Quality]:
        """Return the event quality of each source, a day and a fortnight back."""
        return [
            _quality(row, lookback)
            for lookback in LOOKBACKS
            for row in self.account.get(
                "/conversion_eqs", {"lookback_period": lookback}
            ).rows
        ]

    def _sync(self, span: Span, windows: Windows) -> Sequence[Row]:
        asked = {
            **_dates(span),
            **{name: str(rule) for name, rule in _rules(windows).items()},
            "granularity": "DAY",
            "columns": ",".join(DAILY_COLUMNS),
        }
        return self.account.get("/analytics", asked).rows

    def _old(self, span: Span, windows: Windows) -> Sequence[Row]:
        asked = {
            **_dates(span),
            **_rules(windows),
            "granularity": "DAY",
            "level": "ADVERTISER",
            "columns": DAILY_COLUMNS,
        }
        return self.account.ordered("/reports", asked)

    def _of_template(
        self, template: Row, sources: Sequence[str], span: Span
    ) -> list[DayNumber]:
        columns = listed(template.get("columns"))
        click_only = bool(counted(columns, click_only=True))
        windows = windows_of(template, click_only=click_only)
        found: list[DayNumber] = []
        for part in _parts(span):
            query = "&".join(f"{name}={on}" for name, on in _dates(part).items())
            rows = self.account.ordered(
                f"/templates/{template['id']}/reports?{query}&granularity=DAY"
            )
            found += numbers(rows, columns, windows, part, sources)
        return found

    def _templates(self) -> Iterator[Row]:
        asked = {"page_size": "100"}
        for _ in range(PAGES_MAX):
            page = self.account.get("/templates", asked).record
            yield from read.records(page.get("items"))
            bookmark = page.get("bookmark")
            if not isinstance(bookmark, str) or not bookmark:
                return
            asked["bookmark"] = bookmark


def _parts(span: Span) -> Iterator[Span]:
    """Cut a span into pieces that one report may cover, oldest first."""
    days = span.days
    for start in range(0, len(days), SPAN_DAYS):
        piece = days[start : start + SPAN_DAYS]
        yield Span(first_on=piece[0], last_on=piece[-1])


def _dates(span: Span) -> dict[str, str]:
    return {
        "start_date": span.first_on.isoformat(),
        "end_date": span.last_on.isoformat(),
    }


def _rules(windows: Windows) -> Mapping[str, int | str]:
    return {
        "click_window_days": windows.click_days,
        "engagement_window_days": windows.engagement_days,
        "view_window_days": windows.view_days,
        "conversion_report_time": windows.report_time.value,
    }


def _sources(template: Row) -> Sequence[str]:
    """Return whom a template tells apart: its one source, or those of its column."""
    filtered = listed(template.get("ingestion_sources"))
    if len(filtered) == 1:
        return filtered
    has_column = SOURCE_COLUMN in listed(template.get("columns"))
    return SPLIT if has_column and not filtered else ()


def _quality(row: Row, lookback: str) -> Quality:
    return Quality(
        source=str(row.get("ingestion_source", "")),
        platform=str(row.get("source_platform", "")),
        lookback=lookback,
        status=str(row.get("overall_status", "")),
        components=read.record(row.get("quality_components")),
    )
