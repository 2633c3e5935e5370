"""Which days stand out: the tag's daily count beside what our list lets expect."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from forwarder.reconcile.comparison import Day

SIGMAS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlDay:
    """One day with the limits that chance alone hardly ever leaves.

    Units: conversions of the tag.
    """

    on: date
    tag: int
    server: int
    expected: float
    low: float
    high: float

    @property
    def is_odd(self) -> bool:
        """Say whether the tag's count lies outside the limits."""
        return not self.low <= self.tag <= self.high


def control_days(days: Sequence[Day]) -> tuple[ControlDay, ...]:
    """Return the days with their limits; none without both lists."""
    told = [(day, day.tag) for day in days if day.tag is not None]
    n_server = sum(day.server for day, _ in told)
    if not n_server:
        return ()
    share = sum(tag for _, tag in told) / n_server
    return tuple(_limits(day, tag, share) for day, tag in told)


def _limits(day: Day, tag: int, share: float) -> ControlDay:
    expected = share * day.server
    # Both counts vary by chance; a day of none may still see one.
    reach = SIGMAS * math.sqrt(max(expected * (1 + share), 1.0))
    return ControlDay(
        on=day.on,
        tag=tag,
        server=day.server,
        expected=expected,
        low=max(expected - reach, 0.0),
        high=expected + reach,
    )
