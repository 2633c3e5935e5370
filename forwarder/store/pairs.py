"""What browsers told of conversions that Pinterest did not take from us, counted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from forwarder.core.delivery import Status
from forwarder.core.event import LOCAL_KINDS, Kind
from forwarder.core.mirror import Device, TagState
from forwarder.core.pairs import Joined, PairedRow, Seen
from forwarder.store.engine import Store
from forwarder.store.schema import DAY_US, deliveries, to_us, us_of
from forwarder.store.schema_report import mirror_events

ALIVE: Final = TagState.ALIVE.value
_SINCE: sa.BindParameter[Any] = sa.bindparam("since", type_=sa.BigInteger)
_UNTIL: sa.BindParameter[Any] = sa.bindparam("until", type_=sa.BigInteger)


def unpaired_rows(
    store: Store,
    destination: str,
    endpoints: Sequence[str],
    since: datetime,
    until: datetime,
) -> list[PairedRow]:
    """Return what browsers alone saw in the period, by day, device and state.

    Tests and conversions without consent belong to no list, and reports without an
    event id join nothing. Of several reports on one order the best one counts.
    """
    given = {
        "to": destination,
        "endpoints": list(endpoints),
        "since": to_us(since),
        "until": to_us(until),
    }
    with store.read_much() as connection:
        rows = connection.execute(_THEIRS, given).all()
    return [_row(row) for row in rows if Kind(row.kind) not in LOCAL_KINDS]


def _row(row: sa.Row[Any]) -> PairedRow:
    return PairedRow(
        kind=Kind(row.kind),
        seen=Seen.TAG if row.tag == ALIVE else Seen.NEITHER,
        joined=Joined.NOT_AT_ALL,
        day=int(row.day),
        device=Device(row.device),
        tag=TagState(row.tag),
        currency=row.currency,
        n=row.n,
        n_told=row.n_told,
        value_minor=int(row.value_minor),
        squares=float(row.squares),
    )


def _theirs() -> sa.Select[Any]:
    theirs = mirror_events.c
    at_us = us_of(theirs.received_at)
    as_float = sa.cast(theirs.value_minor, sa.Double)
    names = (
        theirs.kind,
        ((at_us - _SINCE) // DAY_US).label("day"),
        theirs.device,
        theirs.tag,
        theirs.currency,
    )
    sums = {
        "n": sa.func.count(),
        "n_told": sa.func.count(theirs.value_minor),
        "value_minor": sa.func.coalesce(sa.func.sum(theirs.value_minor), 0),
        "squares": sa.func.coalesce(sa.func.sum(as_float * as_float), 0.0),
    }
    return (
        sa.select(*names, *(one.label(name) for name, one in sums.items()))
        .where(
            # "is true" keeps SQLite from the index of a shop's words, which are nearly
            # all words: as they lie they are read in two thirds of the time.
            theirs.endpoint.in_(sa.bindparam("endpoints", expanding=True)).is_(True),
            theirs.event_id.is_not(None),
            at_us >= _SINCE,
            at_us < _UNTIL,
            sa.not_(_taken("same_event", "event_id")),
            sa.not_(_taken("same_order", "order_id")),
            sa.not_(_reload()),
        )
        .group_by(*(sa.literal_column(str(n + 1)) for n in range(len(names))))
    )


def _taken(name: str, key: str) -> sa.Exists:
    """Find a delivery of ours that counts, or one that neither list may count."""
    ours = deliveries.alias(name)
    is_out = sa.or_(
        ours.c.is_test,
        sa.and_(
            ours.c.status == Status.SKIPPED.value,
            sa.or_(ours.c.reason.contains("consent"), ours.c.reason.contains("test")),
        ),
    )
    return (
        sa.exists()
        .where(
            ours.c[key] == mirror_events.c[key],
            ours.c.kind == mirror_events.c.kind,
            ours.c.endpoint == mirror_events.c.endpoint,
            ours.c.destination == sa.bindparam("to"),
            sa.or_(ours.c.status == Status.DELIVERED.value, is_out),
        )
        .correlate(mirror_events)
    )


def _reload() -> sa.Exists:
    """Find a better report on the same order: a page loaded again has another id."""
    twin, this = mirror_events.alias("twin"), mirror_events.c
    is_better = sa.and_(twin.c.tag == ALIVE, this.tag != ALIVE)
    is_equal = sa.case((twin.c.tag == ALIVE, 1), else_=0) == sa.case(
        (this.tag == ALIVE, 1), else_=0
    )
    return (
        sa.exists()
        .where(
            twin.c.order_id == this.order_id,
            twin.c.endpoint == this.endpoint,
            twin.c.kind == this.kind,
            sa.or_(is_better, sa.and_(is_equal, twin.c.id < this.id)),
        )
        .correlate(mirror_events)
    )


_THEIRS = _theirs()
