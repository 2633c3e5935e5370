"""Join our deliveries with what browsers told of the tag, inside the database.

A million rows against as many go in, some thousand counts come out.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import chain
from typing import Any

import sqlalchemy as sa

from forwarder.core.delivery import Status
from forwarder.core.event import LOCAL_KINDS, Kind
from forwarder.core.mirror import Device, TagState
from forwarder.core.pairs import Joined, PairedRow, Seen
from forwarder.store.engine import Store
from forwarder.store.pair_rescue import (
    BY_ORDER,
    BY_ORDER_OF_TWINS,
    key_of,
    moved,
    rank,
)
from forwarder.store.pair_terms import (
    ALIVE,
    DAY_US,
    ENDPOINTS,
    SINCE,
    TO,
    UNTIL,
    counted,
    is_late,
    us,
)
from forwarder.store.schema import deliveries, to_us
from forwarder.store.schema_report import mirror_events

NO_DEVICE = Device.UNKNOWN.value


def paired_rows(
    store: Store,
    destination: str,
    endpoints: Sequence[str],
    since: datetime,
    until: datetime,
) -> list[PairedRow]:
    """Return who saw what in the period, by day, device and state of the tag.

    A pair belongs to the period by our time. Tests and conversions without consent
    belong to neither list; reports of browsers without an event id join nothing.
    """
    given = {
        "to": destination,
        "endpoints": list(endpoints),
        "since": to_us(since),
        "until": to_us(until),
    }
    with ThreadPoolExecutor(1) as pool:  # both lists are long, and cores are two
        theirs = pool.submit(
            _read, store, given, (_THEIRS, BY_ORDER, BY_ORDER_OF_TWINS)
        )
        (ours,) = _read(store, given, (_OURS,))
        alone, *words = theirs.result()
    found = [
        *(_paired(row, is_ours=True) for row in ours),
        *(_paired(row, is_ours=False) for row in alone),
    ]
    ranked = sorted(chain(*words), key=rank, reverse=True)
    best = {row.id: row for row in ranked}  # the best one is written last
    rows = moved(found, list(best.values()))
    return sorted(rows, key=lambda row: [str(part) for part in key_of(row)])


def _read(
    store: Store, given: dict[str, object], queries: Sequence[sa.Select[Any]]
) -> list[list[sa.Row[Any]]]:
    """Return the rows of each query, without kinds that never leave."""
    with store.read() as connection:
        return [
            [row for row in connection.execute(query, given) if row.kind not in _LOCAL]
            for query in queries
        ]


_LOCAL = {kind.value for kind in LOCAL_KINDS}


def _paired(row: sa.Row[Any], *, is_ours: bool) -> PairedRow:
    is_alive = row.tag == ALIVE
    alone = Seen.SERVER if is_ours else Seen.NEITHER
    is_pair = is_ours and row.tag is not None
    return PairedRow(
        kind=Kind(row.kind),
        seen=(Seen.BOTH if is_ours else Seen.TAG) if is_alive else alone,
        joined=Joined.EVENT_ID if is_pair else Joined.NOT_AT_ALL,
        day=int(row.day),
        device=Device(row.device),
        tag=None if row.tag is None else TagState(row.tag),
        currency=row.currency,
        n=row.n,
        n_told=row.n_told,
        value_minor=int(row.value_minor),
        squares=float(row.squares),
        n_late=int(row.n_late) if is_ours else 0,
    )


def _grouped(
    names: Sequence[sa.Label[Any]],
    value: sa.ColumnElement[Any],
    start: sa.FromClause,
    *where: sa.ColumnElement[bool],
) -> sa.Select[Any]:
    as_float = sa.cast(value, sa.Double)
    sums = (
        sa.func.count().label("n"),
        sa.func.count(value).label("n_told"),
        sa.func.coalesce(sa.func.sum(value), 0).label("value_minor"),
        sa.func.coalesce(sa.func.sum(as_float * as_float), 0.0).label("squares"),
    )
    places = range(1, len(names) + 1)
    numbers: list[sa.ColumnElement[int]] = [sa.literal_column(f"{i}") for i in places]
    return sa.select(*names, *sums).select_from(start).where(*where).group_by(*numbers)


def _ours() -> sa.Select[Any]:
    """Our delivered conversions, with the browser's word that has the same event id."""
    ours, told = deliveries.c, mirror_events.c
    joined = deliveries.outerjoin(
        mirror_events,
        sa.and_(
            told.endpoint == ours.endpoint,
            told.kind == ours.kind,
            told.event_id == ours.event_id,
        ),
    )
    names = (
        ours.kind.label("kind"),
        ((us(ours.occurred_at) - SINCE) // DAY_US).label("day"),
        sa.func.coalesce(told.device, NO_DEVICE).label("device"),
        told.tag.label("tag"),  # NULL: no browser's word has this event id
        ours.currency.label("currency"),
    )
    late = sa.func.sum(is_late()).label("n_late")
    return _grouped(names, ours.value_minor, joined, *counted()).add_columns(late)


def _theirs() -> sa.Select[Any]:
    """Count what browsers told of conversions that Pinterest did not take from us."""
    theirs = mirror_events.c
    at_us = us(theirs.received_at)
    names = (
        theirs.kind.label("kind"),
        ((at_us - SINCE) // DAY_US).label("day"),
        theirs.device.label("device"),
        theirs.tag.label("tag"),
        theirs.currency.label("currency"),
    )
    return _grouped(
        names,
        theirs.value_minor,
        mirror_events,
        theirs.endpoint.in_(ENDPOINTS),
        theirs.event_id.is_not(None),
        at_us >= SINCE,
        at_us < UNTIL,
        sa.not_(_taken("same_event", "event_id")),
        sa.not_(_taken("same_order", "order_id")),
        sa.not_(_reload()),
    )


def _taken(name: str, key: str) -> sa.Exists:
    """Find a delivery of ours that counts, or one that neither list may count."""
    ours = deliveries.alias(name)
    is_out = sa.and_(
        ours.c.status == Status.SKIPPED.value,
        sa.or_(ours.c.reason.contains("consent"), ours.c.reason.contains("test")),
    )
    return (
        sa.exists()
        .where(
            ours.c[key] == mirror_events.c[key],
            ours.c.kind == mirror_events.c.kind,
            ours.c.endpoint == mirror_events.c.endpoint,
            ours.c.destination == TO,
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


_OURS, _THEIRS = _ours(), _theirs()
