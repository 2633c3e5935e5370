"""Judge whether a source has gone quiet: by its own weekdays and hours, or its gaps.

A busy source is compared with the same hours of the same weekday in the weeks before;
one that is too small for that, or too young, with the pauses it usually makes. A
source that says too little to tell is not judged, and that is said. Hours are UTC: when
the clocks change, one hour of the comparison is another one for some weeks.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import fmean, median, pvariance
from typing import Final, Literal

HOUR: Final = timedelta(hours=1)
WEEKS: Final = 8
WEEKS_LEAST: Final = 3
WINDOWS_H: Final = (1, 2, 3, 6, 12, 24)
EXPECTED_LEAST: Final = 12  # below, even nothing at all may be chance
CHANCE_MOST: Final = 1e-5  # per window and hour
SHARE_MOST: Final = 0.4  # a smaller drop is news, not a fault
SCATTER_TIMES: Final = 2.0  # a few weeks show less scatter than there is
EVENTS_LEAST: Final = 20
GAPS_LEAST: Final = 10
GAPS_TO_DROP_ONE: Final = 20
AGE_LEAST: Final = timedelta(days=3)
GAPS_SINCE: Final = timedelta(weeks=5)
SILENT_LEAST_H: Final = 4.0
NORMAL_FROM: Final = 1_000.0  # the sum of terms takes too long beyond

Hours = Mapping[datetime, int]
Word = Literal["quiet", "fewer", "usual", "few_data", "never"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is thought of a source. Units: hours, events.

    `quiet`: nothing comes, `fewer`: much less than usual, in the last `window_h` hours,
    where `expected` were usual; 0 when it was
    judged by its pauses. `few_data`: too little to tell. `never`: nothing ever.
    """

    word: Word
    window_h: float = 0.0
    n: int = 0
    expected: float = 0.0


def judge(hours: Hours, counted_to: datetime) -> Verdict:
    """Return the verdict on one series of events per hour.

    Limits: whole hours up to `counted_to` are looked at, so a source that stops is
    noticed an hour later at the earliest.
    """
    end = counted_to.replace(minute=0, second=0, microsecond=0)
    counted = {hour: n for hour, n in hours.items() if n > 0 and hour < end}
    if not counted:
        return Verdict(word="never" if not any(hours.values()) else "few_data")
    drop, is_compared = _drop(counted, end)
    if drop is not None:
        return drop
    silence = _silence(counted, end)
    if silence is None:
        return Verdict(word="usual" if is_compared else "few_data")
    return silence


def _drop(hours: Hours, end: datetime) -> tuple[Verdict | None, bool]:
    """Compare with the same hours of other weeks; say whether that was possible."""
    is_compared = False
    for window_h in WINDOWS_H:
        weeks = _weeks(hours, end, window_h)
        if len(weeks) < WEEKS_LEAST or median(weeks) < EXPECTED_LEAST:
            continue
        is_compared = True
        n, expected = _in_window(hours, end, window_h), median(weeks)
        if _is_drop(n, expected, weeks):
            word: Word = "quiet" if n == 0 else "fewer"
            verdict = Verdict(word=word, window_h=window_h, n=n, expected=expected)
            return verdict, True
    return None, is_compared


def _is_drop(n: int, expected: float, weeks: Sequence[int]) -> bool:
    """Say whether so few is no chance; one bad week before does not hide it."""
    lowest = sorted(weeks)[1 if len(weeks) > WEEKS_LEAST else 0]
    if n >= lowest or n > SHARE_MOST * expected:
        return False
    # Sales scatter more than chance alone: as much as they did in those weeks.
    scatter = max(1.0, SCATTER_TIMES * pvariance(weeks) / fmean(weeks))
    return chance_of_at_most(n / scatter, expected / scatter) < CHANCE_MOST


def _weeks(hours: Hours, end: datetime, window_h: int) -> list[int]:
    """Return the events of this window in each week before in which there were any."""
    first = min(hours)
    ends = [end - timedelta(weeks=week) for week in range(1, WEEKS + 1)]
    return [
        _in_window(hours, past, window_h)
        for past in ends
        if past - window_h * HOUR >= first
    ]


def _in_window(hours: Hours, end: datetime, window_h: int) -> int:
    return sum(hours.get(end - back * HOUR, 0) for back in range(1, window_h + 1))


def _silence(hours: Hours, end: datetime) -> Verdict | None:
    """Compare the present pause with those before; None when they are too few."""
    busy = sorted(hour for hour in hours if hour >= end - GAPS_SINCE)
    gaps_h = [(late - early) / HOUR for early, late in pairwise(busy)]
    n = sum(hours[hour] for hour in busy)
    if n < EVENTS_LEAST or len(gaps_h) < GAPS_LEAST or end - min(hours) < AGE_LEAST:
        return None
    longest = sorted(gaps_h)[-2 if len(gaps_h) >= GAPS_TO_DROP_ONE else -1]
    limit_h = max(3 * median(gaps_h), 1.5 * longest, SILENT_LEAST_H)
    silent_h = (end - busy[-1] - HOUR) / HOUR
    if silent_h < limit_h:
        return Verdict(word="usual", window_h=limit_h)
    return Verdict(word="quiet", window_h=silent_h)


def chance_of_at_most(n: float, expected: float) -> float:
    """Return how likely so few events or fewer are where `expected` is the mean."""
    if expected <= 0:
        return 1.0
    if expected > NORMAL_FROM:
        return 0.5 * math.erfc((expected - n - 0.5) / math.sqrt(2 * expected))
    return min(1.0, math.fsum(_terms(math.floor(n), expected)))


def _terms(n: int, expected: float) -> list[float]:
    log = math.log(expected)
    return [math.exp(k * log - expected - math.lgamma(k + 1)) for k in range(n + 1)]
