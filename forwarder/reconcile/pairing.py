"""Who saw what: our columns, each with a browser's word or without, become counts."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from forwarder.core.columns import NOT_TOLD, Said, ServerColumns
from forwarder.core.delivery import Status
from forwarder.core.event import LOCAL_KINDS, Kind
from forwarder.core.mirror import Device, TagState
from forwarder.core.pairs import Joined, PairedRow, Seen
from forwarder.reconcile.log import MICROSECONDS, FloatArray, IntArray
from forwarder.store.schema import DAY_US

Key = tuple[object, ...]


def paired_rows(
    columns: ServerColumns, unpaired: Sequence[PairedRow], since: datetime, n_days: int
) -> list[PairedRow]:
    """Return who saw what in the period, by day, device and state of the tag.

    Shape: `unpaired` is what browsers alone saw, days counted from `since` as well. A
    pair belongs to the period by our time, and an order counts once.
    """
    counts: dict[Key, PairedRow] = {}
    for row in (*_ours(columns, since, n_days), *unpaired):
        known = counts.get(_key(row))
        counts[_key(row)] = row if known is None else _sum(known, row)
    return sorted(counts.values(), key=lambda row: [str(part) for part in _key(row)])


def _key(row: PairedRow) -> Key:
    return row.kind, row.seen, row.joined, row.day, row.device, row.tag, row.currency


def _sum(one: PairedRow, other: PairedRow) -> PairedRow:
    return replace(
        one,
        n=one.n + other.n,
        n_told=one.n_told + other.n_told,
        value_minor=one.value_minor + other.value_minor,
        squares=one.squares + other.squares,
        n_late=one.n_late + other.n_late,
    )


def _ours(columns: ServerColumns, since: datetime, n_days: int) -> Iterator[PairedRow]:
    """Return our own conversions by day and by all that was said of them."""
    words = list(columns.words)
    said = np.frombuffer(columns.said, np.int32)
    since_us = round(since.timestamp() * MICROSECONDS)
    day = (np.frombuffer(columns.at_us, np.int64) - since_us) // DAY_US
    counted = np.array([_is_counted(one) for one in words], dtype=np.bool_)[said]
    counted &= (day >= 0) & (day < n_days)
    counted &= np.frombuffer(columns.is_again, np.int16) == 0
    minor = np.frombuffer(columns.value_minor, np.int64)[counted]
    cell = said[counted].astype(np.int64) * n_days + day[counted]
    for place, tally in _tallies(cell, minor):
        number, on = divmod(place, n_days)
        yield _row(words[number], on, tally)


Tally = tuple[int, int, int, float]  # how many, with a value, its sum, its squares


def _tallies(cell: IntArray, minor: IntArray) -> Iterator[tuple[int, Tally]]:
    is_told = minor != NOT_TOLD
    n, n_told = np.bincount(cell), np.bincount(cell, is_told)
    told = np.where(is_told, minor, 0)
    sums = np.zeros(len(n), dtype=np.int64)
    np.add.at(sums, cell, told)
    as_float: FloatArray = told.astype(np.float64)
    squares = np.bincount(cell, as_float * as_float)
    for place in np.flatnonzero(n).tolist():
        tally = int(n[place]), int(n_told[place]), int(sums[place])
        yield place, (*tally, float(squares[place]))


def _is_counted(words: Said) -> bool:
    return words.status == Status.DELIVERED and Kind(words.kind) not in LOCAL_KINDS


def _row(words: Said, day: int, tally: Tally) -> PairedRow:
    n, n_told, value_minor, squares = tally
    return PairedRow(
        kind=Kind(words.kind),
        seen=Seen.BOTH if words.tag == TagState.ALIVE else Seen.SERVER,
        joined=Joined(words.joined),
        day=day,
        device=Device(words.device) if words.device else Device.UNKNOWN,
        tag=TagState(words.tag) if words.tag else None,
        currency=words.currency,
        n=n,
        n_told=n_told,
        value_minor=value_minor,
        squares=squares,
        n_late=n if words.is_late else 0,
    )
