"""How long events take from receipt to the platform's yes."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from forwarder.core.histogram import quantile
from forwarder.core.tally import TAKEN_S
from forwarder.store import Store, taken
from forwarder.store.taken import Buckets

HOUR = timedelta(hours=1)
DAY = timedelta(hours=23)  # before the hour that runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """How many events the platform took since an hour, and how long that took them.

    Half of them were taken within `p50_s`, 95 of a hundred within `p95_s`: read off
    between the edges of counted buckets, None where nothing was taken.
    """

    since: datetime
    n: int
    p50_s: float | None
    p95_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Swiftness:
    """The same for the hour that runs and the one before, for 24 hours, and by hour."""

    lately: Taken
    day: Taken
    hours: Mapping[datetime, Taken]


def swiftness(store: Store, now: datetime) -> Swiftness:
    """Return how fast events were taken in the last 24 hours, by whole hours."""
    runs = now.replace(minute=0, second=0, microsecond=0)
    found = taken.by_hour(store, runs - DAY)
    lately = [buckets for hour, buckets in found.items() if hour >= runs - HOUR]
    return Swiftness(
        lately=_taken(runs - HOUR, lately),
        day=_taken(runs - DAY, found.values()),
        hours={hour: _taken(hour, [buckets]) for hour, buckets in found.items()},
    )


def _taken(since: datetime, parts: Iterable[Buckets]) -> Taken:
    counts: Counter[float] = Counter(dict.fromkeys(TAKEN_S, 0))
    for part in parts:
        for edge, n in part.items():
            counts[edge] += int(n)
    return Taken(
        since=since,
        n=counts.total(),
        p50_s=quantile(counts, 0.5),
        p95_s=quantile(counts, 0.95),
    )
