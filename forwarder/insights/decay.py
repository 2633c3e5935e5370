"""Pins that were clicked much and soon were not: when, and how fast they fade."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from math import log, sqrt
from typing import Final

from forwarder.insights.findings import Finding, RuleState
from forwarder.insights.pin_rules import sigmas
from forwarder.insights.thresholds import Thresholds

RULE: Final = "decay"
WEEK_DAYS: Final = 7
DAYS_KNOWN_MIN: Final = 4  # of a week, to speak of its mean
POINTS_MIN: Final = 3
WEEKLY_FROM_DAYS: Final = 5  # rows so far apart hold a week each


@dataclass(frozen=True, slots=True, kw_only=True)
class Decay:
    """A Pin's peak and what followed; no half-life where it does not fall."""

    peak_on: date
    peak_per_week: float
    decayed_on: date | None
    half_life_weeks: float | None


def decay_of(clicks: Mapping[date, int], limits: Thresholds) -> Decay | None:
    """Return how a Pin's outbound clicks a day went; None with too few days.

    A week's mean takes the days that are known; with fewer than four there is none.
    """
    means = _weekly_means(clicks)
    if not means:
        return None
    peak_on = max(means, key=lambda day: (means[day], -day.toordinal()))
    until = peak_on + timedelta(days=limits.decay_days)
    border = limits.decay_percent / 100 * means[peak_on]
    fallen = (day for day, mean in means.items() if peak_on < day <= until)
    decayed_on = next((day for day in sorted(fallen) if means[day] < border), None)
    return Decay(
        peak_on=peak_on,
        peak_per_week=means[peak_on] * WEEK_DAYS,
        decayed_on=decayed_on,
        half_life_weeks=half_life(_from_peak(means, peak_on)),
    )


def _weekly_means(clicks: Mapping[date, int]) -> dict[date, float]:
    """Return, by its last day, the mean a day of each week known well enough."""
    days = sorted(clicks)
    if len(days) < 2:  # noqa: PLR2004  no week, no gap
        return {}
    gaps = sorted((b - a).days for a, b in pairwise(days))
    if gaps[len(gaps) // 2] >= WEEKLY_FROM_DAYS:
        return {day: clicks[day] / WEEK_DAYS for day in days}
    found: dict[date, float] = {}
    week: deque[tuple[int, int]] = deque()
    n_clicks, whole_from = 0, days[0].toordinal() + WEEK_DAYS - 1
    for day in days:
        number, n = day.toordinal(), clicks[day]
        week.append((number, n))
        n_clicks += n
        while number - week[0][0] >= WEEK_DAYS:
            n_clicks -= week.popleft()[1]
        if number >= whole_from and len(week) >= DAYS_KNOWN_MIN:
            found[day] = n_clicks / len(week)
    return found


def _from_peak(means: Mapping[date, float], peak_on: date) -> list[float]:
    """Return the means of the weeks from the peak on, while they are known."""
    found = []
    day = peak_on
    while day in means:
        found.append(means[day])
        day += timedelta(days=WEEK_DAYS)
    return found


def half_life(weeks: Sequence[float]) -> float | None:
    """Return after how many weeks half is left, by a line through the logarithms."""
    points = [(n, log(value)) for n, value in enumerate(weeks) if value > 0]
    if len(points) < POINTS_MIN:
        return None
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    return -log(2) / slope if slope < 0 else None


def decay_findings(
    series: Mapping[str, Mapping[date, int]], limits: Thresholds
) -> list[Finding]:
    """R37: top Pins that fell to less than half of their peak within 28 days."""
    found = []
    for pin, clicks in series.items():
        decay = decay_of(clicks, limits)
        if decay is None or decay.peak_per_week < limits.decay_min_peak_clicks:
            continue
        fell = decay.decayed_on is not None
        found.append(
            Finding(
                rule=RULE,
                state=RuleState.FIRED if fell else RuleState.NOT_FIRED,
                pin_id=pin,
                is_pin_rule=True,
                is_confirmed=fell and _is_sure(decay, clicks, limits, len(series)),
                numbers={
                    "peak_per_week": decay.peak_per_week,
                    "half_life_weeks": decay.half_life_weeks,
                },
                n_judged=len(series),
            )
        )
    nothing = Finding(rule=RULE, state=RuleState.INSUFFICIENT_DATA, is_pin_rule=True)
    return found or [nothing]


def _is_sure(
    decay: Decay, clicks: Mapping[date, int], limits: Thresholds, n_judged: int
) -> bool:
    """Tell a fall from chance: below half even allowing for the week's own luck."""
    if decay.decayed_on is None:
        return False
    last = max(clicks)
    recent = [clicks[day] for day in clicks if (last - day).days < WEEK_DAYS]
    border = limits.decay_percent / 100 * decay.peak_per_week
    luck = sigmas(n_judged, limits) * sqrt(sum(recent) + 1)
    return sum(recent) + luck < border
