"""The two lists that a month is reconciled from, in words every floor shares.

The tag's list comes as daily totals (`TagReport`), ours as one row per conversion
(`ServerRow`). Neither holds anything about a person.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256

from forwarder.core.delivery import Status
from forwarder.core.event import Kind


class Level(StrEnum):
    """Which question is asked; the two are always shown apart."""

    DELIVERY = "delivery"  # was the conversion seen at all?
    ATTRIBUTION = "attribution"  # was it tied to a Pinterest click?


class ReportTime(StrEnum):
    """Which day a conversion is booked on: its own, or that of the click before it."""

    CONVERSION = "TIME_OF_CONVERSION"
    AD_ACTION = "TIME_OF_AD_ACTION"


class Measures(StrEnum):
    """Whose counting a report shows.

    `platform` is what Pinterest reports once the server sends too: the union of tag
    and server without the repeats, which says nothing about the tag alone.
    """

    TAG = "tag"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """What a report counts, and on which day.

    Units: `utc_offset_h` hours east of UTC at which its days begin;
    `click_window_days` None when no click is asked for. `click_only` is False when
    conversions after a mere view or engagement are counted as well.
    """

    utc_offset_h: float = 0.0
    click_window_days: int | None = 30
    report_time: ReportTime = ReportTime.AD_ACTION
    click_only: bool = True

    @property
    def words(self) -> str:
        """Return them for people; no count of conversions stands without."""
        window = f"click window {self.click_window_days} days"
        if self.click_window_days is None:
            window = "no click asked for"
        is_of_click = self.report_time is ReportTime.AD_ACTION
        booked = "click" if is_of_click else "conversion"
        zone = f"UTC{self.utc_offset_h + 0:+g} h"
        return f"{window}; booked on the day of the {booked}; days in {zone}"


USUAL = {  # what each report shows unless it was asked otherwise
    Level.ATTRIBUTION: Definitions(),
    Level.DELIVERY: Definitions(
        click_window_days=None, report_time=ReportTime.CONVERSION
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TagDay:
    """What the report shows for one day and kind. `value` None means not told.

    Units: `value` in major units of the report's currency.
    """

    on: date
    kind: Kind
    count: int
    value: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TagReport:
    """Daily totals of one export, oldest day first, one row per day and kind.

    `first_on` and `last_on` say which days the export was made for: a day inside
    them without a row counted nothing. `currency` is None when no value was told.
    """

    rows: tuple[TagDay, ...]
    first_on: date
    last_on: date
    level: Level = Level.ATTRIBUTION
    measures: Measures = Measures.PLATFORM
    definitions: Definitions = Definitions()
    currency: str | None = None
    taken_at: datetime | None = None

    @property
    def fingerprint(self) -> str:
        """SHA-256 over what was counted: the same export twice has the same one."""
        head = f"{self.level}|{self.measures}|{self.definitions!r}|{self.currency}"
        span = f"{self.first_on}|{self.last_on}"
        lines = sorted(
            f"{row.on}|{row.kind}|{row.count}|{_plain(row.value)}" for row in self.rows
        )
        return sha256("\n".join([head, span, *lines]).encode()).hexdigest()

    @property
    def n_days(self) -> int:
        """How many days the export was made for."""
        return (self.last_on - self.first_on) // timedelta(days=1) + 1


def _plain(value: Decimal | None) -> str:
    return "" if value is None else f"{value.normalize():f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerRow:
    """One conversion in our own log, with what became of it.

    Units: `value_minor` in the smallest unit of `currency`, None when not told;
    `hops` the redirects between Pin and shop, None when not known. `reason` is the
    skip reason, empty when there is none.
    """

    event_id: str
    order_id: str | None
    kind: Kind
    occurred_at: datetime
    clicked_at: datetime | None
    value_minor: int | None
    currency: str | None
    status: Status
    reason: str = ""
    hops: int | None = None
