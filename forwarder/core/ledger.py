"""What a shop itself counted, in words every floor shares. Nothing about people."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from forwarder.core.event import Kind


class Origin(StrEnum):
    """Where a row of the books came from. Webhooks stand in our log already."""

    FILE = "file"
    PULL = "pull"


class OrderState(StrEnum):
    """What became of an order, as far as it matters to counting."""

    COUNTED = "counted"
    REFUNDED = "refunded"  # as a whole
    CANCELLED = "cancelled"
    UNPAID = "unpaid"
    OFFLINE = "offline"  # till, draft, import: no browser was there
    DENIED = "denied"  # the person allowed no tracking
    TEST = "test"


# Why our log did not send an order, as far as it matters to counting.
STATE_OF_SKIP: Mapping[str, OrderState] = {
    "order_cancelled": OrderState.CANCELLED,
    "unpaid": OrderState.UNPAID,
    "offline_order": OrderState.OFFLINE,
    "consent": OrderState.DENIED,
    "test_order": OrderState.TEST,
    "live_order": OrderState.TEST,  # of an endpoint that takes the test mode alone
}
UNDONE = (OrderState.REFUNDED, OrderState.CANCELLED)
LEFT_OUT = (OrderState.UNPAID, OrderState.OFFLINE, OrderState.DENIED, OrderState.TEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerOrder:
    """One conversion by the shop's own books.

    Units: `value_minor` in the smallest unit of `currency`; both None when not told.
    `order_id` is the id that webhooks carry; for kinds without orders any id that
    stays the same.
    """

    endpoint: str
    kind: Kind
    order_id: str
    occurred_at: datetime
    value_minor: int | None = None
    currency: str | None = None
    state: OrderState = OrderState.COUNTED


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerTotal:
    """How many conversions of one kind and currency the shop counted in a period.

    Units: conversions; `value_minor` of those in `n`, in the smallest unit. `n` counts
    each order once, whatever became of it later: `n_undone` of them were refunded or
    cancelled. `n_webhook` stand in our log, `n_books` in what was imported or pulled,
    `n_both` in both. `left_out` counts by state what is in none of these. `currency`
    None gathers what has no value.
    """

    kind: Kind
    currency: str | None
    n: int = 0
    value_minor: int = 0
    n_undone: int = 0
    n_webhook: int = 0
    n_books: int = 0
    n_both: int = 0
    left_out: Mapping[OrderState, int] = field(default_factory=dict)


def shop_days(first_on: date, last_on: date, zone: str) -> tuple[datetime, datetime]:
    """Return when the first day begins and the last one ends, by the shop's clock.

    Shape: both in UTC; the end is no part of the period.
    """
    midnight = time(tzinfo=UTC if zone == "UTC" else ZoneInfo(zone))
    since = datetime.combine(first_on, midnight)
    until = datetime.combine(last_on + timedelta(days=1), midnight)
    return since.astimezone(UTC), until.astimezone(UTC)
