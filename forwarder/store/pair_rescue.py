"""Browsers' words that share only the order with one of ours, and what they move."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from forwarder.core.event import Kind
from forwarder.core.mirror import Device, TagState
from forwarder.core.pairs import Joined, PairedRow, Seen
from forwarder.store.pair_terms import (
    ALIVE,
    DAY_US,
    ENDPOINTS,
    SINCE,
    TO,
    counted,
    is_late,
    shared_orders,
    us,
)
from forwarder.store.schema import deliveries
from forwarder.store.schema_report import mirror_events

Key = tuple[object, ...]


def key_of(row: PairedRow) -> Key:
    """Return what the conversions of one row have in common."""
    return row.kind, row.seen, row.joined, row.day, row.device, row.tag, row.currency


def moved(
    found: Sequence[PairedRow], rescued: Sequence[sa.Row[Any]]
) -> Iterator[PairedRow]:
    """Move the rescued conversions from where no browser spoke to where one did."""
    counts = {key_of(row): row for row in found}
    for row in rescued:
        one = _rescued(row)
        _add(counts, one, 1)
        _add(counts, _unheard(one), -1)
    return (row for row in counts.values() if row.n)


def _rescued(row: sa.Row[Any]) -> PairedRow:
    minor = row.value_minor
    return PairedRow(
        kind=Kind(row.kind),
        seen=Seen.BOTH if row.tag == ALIVE else Seen.SERVER,
        joined=Joined.ORDER_ID,
        day=int(row.day),
        device=Device(row.device),
        tag=TagState(row.tag),
        currency=row.currency,
        n=1,
        n_told=0 if minor is None else 1,
        value_minor=0 if minor is None else minor,
        squares=0.0 if minor is None else float(minor) ** 2,
        n_late=row.n_late,
    )


def _unheard(one: PairedRow) -> PairedRow:
    """Return the same conversion as it stands without the browser's word."""
    return replace(
        one,
        seen=Seen.SERVER,
        joined=Joined.NOT_AT_ALL,
        tag=None,
        device=Device.UNKNOWN,
    )


def _add(counts: dict[Key, PairedRow], one: PairedRow, sign: int) -> None:
    nothing = replace(one, n=0, n_told=0, value_minor=0, squares=0.0, n_late=0)
    known = counts.get(key_of(one), nothing)
    counts[key_of(one)] = replace(
        known,
        n=known.n + sign * one.n,
        n_told=known.n_told + sign * one.n_told,
        value_minor=known.value_minor + sign * one.value_minor,
        squares=known.squares + sign * one.squares,
        n_late=known.n_late + sign * one.n_late,
    )


def rank(word: sa.Row[Any]) -> tuple[bool, int]:
    """Order browsers' words on one order, the one that counts first."""
    return word.tag != ALIVE, word.told_id


def _rescue() -> sa.Select[Any]:
    """Browsers' words that share only the order with one of ours."""
    ours, told = deliveries.c, mirror_events.c
    own = mirror_events.alias("own")
    has_own = sa.exists().where(
        own.c.endpoint == ours.endpoint,
        own.c.kind == ours.kind,
        own.c.event_id == ours.event_id,
    )
    by_order = sa.and_(
        ours.order_id == told.order_id,
        ours.endpoint == told.endpoint,
        ours.kind == told.kind,
    )
    return (
        sa.select(
            ours.id,
            ours.kind,
            ((us(ours.occurred_at) - SINCE) // DAY_US).label("day"),
            ours.currency,
            ours.value_minor,
            told.device,
            told.tag,
            told.id.label("told_id"),
            is_late().label("n_late"),
        )
        .select_from(mirror_events.join(deliveries, by_order))
        .where(
            told.endpoint.in_(ENDPOINTS),
            told.order_id.is_not(None),
            sa.not_(has_own.correlate(deliveries)),
            *counted(),
        )
    )


def _finds_nothing() -> sa.ColumnElement[bool]:
    """Few words do: asked of them alone, the search by order costs little."""
    same, told = deliveries.alias("same"), mirror_events.c
    found = sa.exists().where(
        same.c.event_id == told.event_id,
        same.c.kind == told.kind,
        same.c.destination == TO,
    )
    return sa.not_(found.correlate(mirror_events))


BY_ORDER = _rescue().where(_finds_nothing())
# Where an order has two ids, the word may bear the one that does not count.
BY_ORDER_OF_TWINS = _rescue().where(mirror_events.c.order_id.in_(shared_orders()))
