"""Join our deliveries with what browsers told of the tag, inside the database.

A million rows against as many go in, some thousand counts come out.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forwarder.core.delivery import Status
from forwarder.core.event import LOCAL_KINDS, Kind
from forwarder.core.mirror import Device, TagState
from forwarder.core.pairs import Joined, PairedRow, Seen
from forwarder.store.engine import Store
from forwarder.store.schema import deliveries, to_us
from forwarder.store.schema_report import mirror_events

DAY_US = 86_400_000_000
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
    with store.read() as connection:
        found = [
            row
            for query in (_OURS, _THEIRS)
            for row in connection.execute(query, given)
        ]
    rows = [_paired(row) for row in found if row.kind not in _LOCAL]
    return sorted(rows, key=lambda row: [str(part) for part in _key(row)])


_LOCAL = {kind.value for kind in LOCAL_KINDS}


def _key(row: PairedRow) -> tuple[object, ...]:
    return row.kind, row.seen, row.joined, row.day, row.device, row.tag, row.currency


def _paired(row: sa.Row[Any]) -> PairedRow:
    return PairedRow(
        kind=Kind(row.kind),
        seen=Seen(row.seen),
        joined=Joined(row.joined),
        day=int(row.day),
        device=Device(row.device),
        tag=None if row.tag is None else TagState(row.tag),
        currency=row.currency,
        n=row.n,
        n_told=row.n_told,
        value_minor=int(row.value_minor),
        squares=float(row.squares),
    )


Param = sa.BindParameter[Any]
_TO: Param = sa.bindparam("to")
_ENDPOINTS: Param = sa.bindparam("endpoints", expanding=True)
_SINCE: Param = sa.bindparam("since", type_=sa.BigInteger)
_UNTIL: Param = sa.bindparam("until", type_=sa.BigInteger)
_ALIVE = TagState.ALIVE.value


def _us(column: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    return sa.type_coerce(column, sa.BigInteger)


def _either(is_so: sa.ColumnElement[bool], yes: str, no: str) -> sa.Case[str]:
    return sa.case((is_so, sa.literal(str(yes))), else_=sa.literal(str(no)))


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
    """Our delivered conversions, with the browser's word on them if there is one."""
    ours = deliveries.c
    by_event, by_order = mirror_events.alias("by_event"), mirror_events.alias("rescue")
    at_us = _us(ours.occurred_at)
    joined = deliveries.outerjoin(
        by_event,
        sa.and_(
            by_event.c.endpoint == ours.endpoint,
            by_event.c.kind == ours.kind,
            by_event.c.event_id == ours.event_id,
        ),
    ).outerjoin(by_order, by_order.c.id == _rescue(by_event))
    tag = sa.func.coalesce(by_event.c.tag, by_order.c.tag)
    device = sa.func.coalesce(by_event.c.device, by_order.c.device, NO_DEVICE)
    names = (
        ours.kind.label("kind"),
        sa.case((tag == _ALIVE, Seen.BOTH.value), else_=Seen.SERVER.value).label(
            "seen"
        ),
        sa.case(
            (by_event.c.id.is_not(None), Joined.EVENT_ID.value),
            (by_order.c.id.is_not(None), Joined.ORDER_ID.value),
            else_=Joined.NOT_AT_ALL.value,
        ).label("joined"),
        ((at_us - _SINCE) // DAY_US).label("day"),
        device.label("device"),
        tag.label("tag"),
        ours.currency.label("currency"),
    )
    return _grouped(
        names,
        ours.value_minor,
        joined,
        ours.destination == _TO,
        ours.status == Status.DELIVERED.value,
        at_us >= _SINCE,
        at_us < _UNTIL,
        _is_first_of_its_order(),
    )


def _is_first_of_its_order() -> sa.ColumnElement[bool]:
    ours, again = deliveries.c, deliveries.alias("again")
    shared = (
        sa.select(again.c.order_id)
        .where(again.c.order_id.is_not(None))
        .group_by(again.c.order_id)
        .having(sa.func.count() > 1)
    )
    return sa.or_(
        ours.order_id.is_(None),
        ours.order_id.not_in(shared),
        sa.not_(_earlier_of_ours()),
    )


def _rescue(by_event: sa.FromClause) -> sa.ColumnElement[Any]:
    """Return the browser's word on the same order, where the event id found nothing."""
    other, ours = mirror_events.alias("other"), deliveries.c
    best = (
        sa.select(other.c.id)
        .where(
            other.c.order_id == ours.order_id,
            other.c.endpoint == ours.endpoint,
            other.c.kind == ours.kind,
        )
        .order_by(sa.case((other.c.tag == _ALIVE, 0), else_=1), other.c.id)
        .limit(1)
        .correlate(deliveries)
        .scalar_subquery()
    )
    return sa.case((by_event.c.id.is_(None), best))


def _earlier_of_ours() -> sa.Exists:
    """One order under two event ids counts once."""
    twin, ours = deliveries.alias("twin"), deliveries.c
    return (
        sa.exists()
        .where(
            twin.c.order_id == ours.order_id,
            twin.c.kind == ours.kind,
            twin.c.endpoint == ours.endpoint,
            twin.c.destination == ours.destination,
            twin.c.status == Status.DELIVERED.value,
            twin.c.id < ours.id,
        )
        .correlate(deliveries)
    )


def _theirs() -> sa.Select[Any]:
    """Count what browsers told of conversions that Pinterest did not take from us."""
    theirs = mirror_events.c
    at_us = _us(theirs.received_at)
    names = (
        theirs.kind.label("kind"),
        _either(theirs.tag == _ALIVE, Seen.TAG, Seen.NEITHER).label("seen"),
        sa.literal(Joined.NOT_AT_ALL.value).label("joined"),
        ((at_us - _SINCE) // DAY_US).label("day"),
        theirs.device.label("device"),
        theirs.tag.label("tag"),
        theirs.currency.label("currency"),
    )
    return _grouped(
        names,
        theirs.value_minor,
        mirror_events,
        theirs.endpoint.in_(_ENDPOINTS),
        theirs.event_id.is_not(None),
        at_us >= _SINCE,
        at_us < _UNTIL,
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
            ours.c.destination == _TO,
            sa.or_(ours.c.status == Status.DELIVERED.value, is_out),
        )
        .correlate(mirror_events)
    )


def _reload() -> sa.Exists:
    """Find a better report on the same order: a page loaded again has another id."""
    twin, this = mirror_events.alias("twin"), mirror_events.c
    is_better = sa.and_(twin.c.tag == _ALIVE, this.tag != _ALIVE)
    is_equal = sa.case((twin.c.tag == _ALIVE, 1), else_=0) == sa.case(
        (this.tag == _ALIVE, 1), else_=0
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
