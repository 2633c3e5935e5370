"""How long events took from receipt to the platform's yes, hour by hour.

From counters that the workers keep, by the hour of the yes: no delivery is read.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime

import sqlalchemy as sa

from forwarder.store.engine import Store
from forwarder.store.schema_alerts import tallies

TAKEN = "taken_by_hour"  # seconds; what a person had sent again is not among them
_BUCKET, _SUM = f"{TAKEN}_bucket", f"{TAKEN}_sum"
_HOUR = "%Y-%m-%dT%H"

Buckets = Mapping[float, float]


def hour_word(at: datetime) -> str:
    """Return the hour of a time as it stands in the counters: words sort as hours."""
    return f"{at.astimezone(UTC):{_HOUR}}"


def by_hour(store: Store, since: datetime) -> Mapping[datetime, Buckets]:
    """Return how many were taken within how many seconds, from that hour on.

    Shape: counts by the upper edge of each bucket, not added up.
    """
    query = sa.select(tallies.c.labels, tallies.c.value).where(
        tallies.c.name == _BUCKET, tallies.c.labels >= hour_word(since)
    )
    found: defaultdict[datetime, dict[float, float]] = defaultdict(dict)
    with store.read() as connection:
        for row in connection.execute(query):
            hour, _, edge = row.labels.partition("\n")
            at = datetime.strptime(hour, _HOUR).replace(tzinfo=UTC)
            found[at][float(edge)] = row.value
    return found


def forget(store: Store, before: datetime) -> None:
    """Delete the counters of older hours."""
    old = sa.delete(tallies).where(
        tallies.c.name.in_([_BUCKET, _SUM]), tallies.c.labels < hour_word(before)
    )
    with store.write() as connection:
        connection.execute(old)
