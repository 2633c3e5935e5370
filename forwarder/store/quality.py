"""A look at what was sent of the newest events, from a bounded number of rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from forwarder.core.delivery import Status
from forwarder.store.engine import Store
from forwarder.store.numbers import newest_since
from forwarder.store.schema import deliveries, from_us, payloads, us_of

LOOKED_AT = 10_000  # the newest events, to find those of every endpoint: 25 ms
LOOKED_AT_OF_ONE = 50_000
EACH_MAX = 100  # of one endpoint and kind: shares are good to ten points
EACH_LEAST = 20
ALL_MAX = 1_000  # 40 ms with their payloads
NOBODY = "no_identity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One event, how long it took, and what was kept of it.

    `told_after` is from the event to its webhook, `way` to the platform's yes, None
    without one. `shown` is None of what was never written: its `message` may tell why.
    `dropped` holds field and reason of what was left out.
    """

    endpoint: str
    source: str
    kind: str
    reason: str
    message: str
    received_at: datetime
    told_after: timedelta
    way: timedelta | None
    shown: bytes | None
    dropped: Sequence[tuple[str, str]]


class _Left(msgspec.Struct):
    field: str
    reason: str


class _Notes(msgspec.Struct):
    dropped: list[_Left] = []


_notes = msgspec.json.Decoder(_Notes)


def sample(store: Store, since: datetime, endpoint: str | None = None) -> list[Sent]:
    """Return the newest events since then that were sent, or named nobody; no tests.

    Limits: as many of each endpoint and kind as a page can hold; of an endpoint that is
    not among the newest events, nothing. Looks further back for one alone.
    """
    with store.read() as connection:
        ids = _chosen(connection.execute(_newest(since, endpoint)).all())
        rows = connection.execute(_ROWS, {"ids": ids}).all() if ids else []
    return [_sent(row) for row in rows]


def _newest(since: datetime, endpoint: str | None) -> sa.Select[Any]:
    n_max = LOOKED_AT if endpoint is None else LOOKED_AT_OF_ONE
    names = ("id", "endpoint", "kind", "status", "is_test")
    newest = newest_since(since, n_max, *names).subquery()
    query = sa.select(newest.c.id, newest.c.endpoint, newest.c.kind).where(
        newest.c.status.in_([Status.DELIVERED.value, Status.REFUSED.value]),
        sa.not_(newest.c.is_test),
    )
    return query if endpoint is None else query.where(newest.c.endpoint == endpoint)


def _chosen(newest: Sequence[Any]) -> list[int]:
    """Return the numbers of as many of each endpoint and kind as there is room for."""
    groups: dict[tuple[str, str], list[int]] = {}
    for number, endpoint, kind in newest:
        groups.setdefault((endpoint, kind), []).append(number)
    each = min(EACH_MAX, max(EACH_LEAST, ALL_MAX // max(1, len(groups))))
    chosen = [number for numbers in groups.values() for number in numbers[:each]]
    return chosen[:ALL_MAX]


_ROWS = (
    sa.select(
        *(deliveries.c[name] for name in ("endpoint", "source", "kind", "reason")),
        deliveries.c.message,
        payloads.c.shown,
        payloads.c.notes,
        deliveries.c.status,
        us_of(deliveries.c.occurred_at),
        us_of(deliveries.c.received_at),
        us_of(deliveries.c.settled_at),
    )
    .outerjoin(payloads, payloads.c.delivery_id == deliveries.c.id)
    .where(deliveries.c.id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(deliveries.c.id.desc())
)


def _sent(row: Sequence[Any]) -> Sent:
    """Return a row of `_ROWS`, taken apart at once: a name each takes three times."""
    endpoint, source, kind, reason, message, shown, notes, *rest = row
    status, occurred_us, received_us, settled_us = rest
    is_delivered = status == Status.DELIVERED.value and settled_us is not None
    found = [] if notes is None else _notes.decode(notes).dropped
    return Sent(
        endpoint=endpoint,
        source=source,
        kind=kind,
        reason=reason,
        message=message,
        received_at=from_us(received_us),
        told_after=timedelta(microseconds=received_us - occurred_us),
        way=timedelta(microseconds=settled_us - occurred_us) if is_delivered else None,
        shown=shown,
        dropped=[(one.field, one.reason) for one in found],
    )
