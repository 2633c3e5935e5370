"""R15: is the account healthy? Both rates rise over eight weeks, impressions aside."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Final

from forwarder.core.kpi import Counts, total
from forwarder.insights.rates import outbound_click_rate, save_rate
from forwarder.insights.thresholds import Thresholds

WEEKS: Final = 8
WEEK: Final = timedelta(days=7)
WEEKS_MIN: Final = 2  # one point has no slope
Point = tuple[int, int, Fraction]  # week, weight, rate


class HealthState(StrEnum):
    """How an account does."""

    HEALTHY = "healthy"
    NOT_RISING = "not_rising"
    TOO_EARLY = "too_early"
    INSUFFICIENT_DATA = "insufficient_data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The slopes of both rates. Units: rate per week; None without enough weeks."""

    state: HealthState
    active_days: int
    ocr_slope: Fraction | None = None
    save_slope: Fraction | None = None


def slope(points: Sequence[Point]) -> Fraction | None:
    """Return the weighted least-squares slope; None where a line is not known."""
    weight = sum(w for _, w, _ in points)
    if len(points) < WEEKS_MIN or weight == 0:
        return None
    mean_t = sum((Fraction(w * t) for t, w, _ in points), Fraction()) / weight
    mean_r = sum((w * r for _, w, r in points), Fraction()) / weight
    spread = sum((w * (t - mean_t) ** 2 for t, w, _ in points), Fraction())
    lean = sum((w * (t - mean_t) * (r - mean_r) for t, w, r in points), Fraction())
    return lean / spread if spread else None


def health(
    days: Mapping[date, Counts], settled_on: date | None, limits: Thresholds
) -> Health:
    """Judge an account by its known days; the first of them is when it began."""
    if settled_on is None or not days:
        return Health(state=HealthState.INSUFFICIENT_DATA, active_days=0)
    active = (settled_on - min(days)).days + 1
    if active < limits.min_account_days:
        return Health(state=HealthState.TOO_EARLY, active_days=active)
    weeks = _weeks(days, settled_on)
    clicks = slope(_points(weeks, outbound_click_rate))
    saves = slope(_points(weeks, lambda counts: save_rate(counts, limits)))
    if clicks is None or saves is None:
        return Health(state=HealthState.INSUFFICIENT_DATA, active_days=active)
    is_rising = clicks > 0 and saves > 0
    return Health(
        state=HealthState.HEALTHY if is_rising else HealthState.NOT_RISING,
        active_days=active,
        ocr_slope=clicks,
        save_slope=saves,
    )


def _weeks(days: Mapping[date, Counts], last_on: date) -> list[Counts]:
    """Return the sums of the eight weeks that end with a day, oldest first."""
    found = []
    for number in reversed(range(WEEKS)):
        end = last_on - number * WEEK
        week = (end - timedelta(days=n) for n in range(WEEK.days))
        found.append(total(days[day] for day in week if day in days))
    return found


def _points(
    weeks: Sequence[Counts], rate: Callable[[Counts], Fraction | None]
) -> list[Point]:
    found = []
    for number, counts in enumerate(weeks, 1):
        value = rate(counts)
        if value is not None:
            found.append((number, counts.impressions, value))
    return found
