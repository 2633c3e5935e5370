"""What a platform shows of its own counting, in words every floor shares."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from forwarder.core.event import Kind
from forwarder.core.reports import Definitions, ReportTime

ALL_SOURCES = ""  # the union of tag and server, without the repeats
TAG_SOURCE = "TAG"

_TEXT = re.compile(
    r"(?P<time>[A-Z_]+) (?P<click>\d+)/(?P<engagement>\d+)/(?P<view>\d+) "
    r"(?P<credit>clicks|all)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """By which rules a number was counted. Units: days."""

    click_days: int = 30
    engagement_days: int = 30
    view_days: int = 1
    report_time: ReportTime = ReportTime.CONVERSION
    click_only: bool = True

    def __str__(self) -> str:
        """Return the rules as one line, which `read_windows` reads back."""
        days = f"{self.click_days}/{self.engagement_days}/{self.view_days}"
        return f"{self.report_time.value} {days} {self.credit}"

    @property
    def credit(self) -> str:
        """Say whose conversions count: after clicks alone, or after any contact."""
        return "clicks" if self.click_only else "all"

    @property
    def definitions(self) -> Definitions:
        """Return the rules as the report aligns our own list to them."""
        return Definitions(
            click_window_days=self.click_days,
            report_time=self.report_time,
            click_only=self.click_only,
        )


def read_windows(text: str) -> Windows:
    """Return the rules that a line names. Raises: ValueError."""
    found = _TEXT.fullmatch(text)
    if found is None:
        raise ValueError("these are no rules of counting")
    return Windows(
        click_days=int(found["click"]),
        engagement_days=int(found["engagement"]),
        view_days=int(found["view"]),
        report_time=ReportTime(found["time"]),
        click_only=found["credit"] == "clicks",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DayNumber:
    """What a platform shows for one day and kind.

    Units: `value_micro` 1e-6 of the account's currency, None when not told. `source`
    is the platform's own word, such as TAG; ALL_SOURCES for the whole.
    """

    windows: Windows
    on: date
    kind: Kind
    n: int
    value_micro: int | None = None
    source: str = ALL_SOURCES


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How well a platform finds the events of one source.

    Shape: `components` maps an identifier to event types, each with its coverage in
    percent; the words are the platform's own.
    """

    source: str
    platform: str
    lookback: str
    status: str
    components: Mapping[str, object]
