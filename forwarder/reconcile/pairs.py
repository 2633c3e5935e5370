"""The joined lists of one kind: who saw what, in which browser, on which day."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from forwarder.core.event import Kind
from forwarder.core.mirror import TagState
from forwarder.core.pairs import Joined, PairedRow, Seen
from forwarder.reconcile.cells import (
    MIN_BOTH,
    MIN_SPLIT,
    Counts,
    Strata,
    Worth,
    pooled_caution,
)
from forwarder.reconcile.log import IntArray, minor_digits

ORDER = (Seen.BOTH, Seen.TAG, Seen.SERVER)
DEVICE_CAUTION = 1.08
SILENCE = 10  # conversions in a row without a word before the mirror counts as off
SILENT = "silent"  # no browser said anything about the conversion


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Days `first_day` to `last_day` are those on which both lists were being kept.

    Shape: `daily_tag` and `daily_server` one number per such day; `devices` the cells
    of each device, `states` the server-only conversions by the state of the tag.
    Units: values in major units, `n_untold` conversions without one.
    """

    first_day: int
    last_day: int
    counts: Counts
    worth: Worth
    n_untold: int
    n_neither: int
    by_event: int
    by_order: int
    daily_tag: IntArray
    daily_server: IntArray
    devices: Mapping[str, Counts]
    states: Mapping[str, int]

    @property
    def n_tag(self) -> int:
        """How many the tag's list holds."""
        return self.counts[0] + self.counts[1]

    @property
    def n_server(self) -> int:
        """How many ours holds."""
        return self.counts[0] + self.counts[2]

    @property
    def n_days(self) -> int:
        """How many days are compared."""
        return self.last_day - self.first_day + 1

    @property
    def strata(self) -> Strata:
        """Cells by device, where each has enough pairs; else pooled."""
        cells = [c for c in self.devices.values() if sum(c)]
        if sum(self.counts) >= MIN_SPLIT and min(c[0] for c in cells) >= MIN_BOTH:
            both, tag, server = np.array(cells, dtype=np.int64).T
            caution = DEVICE_CAUTION
        else:
            both, tag, server = np.array([[n] for n in self.counts], dtype=np.int64)
            caution = pooled_caution(sum(self.counts))
        return Strata(both=both, tag_only=tag, server_only=server, caution=caution)


def pairs_of(
    rows: Iterable[PairedRow] | None, kind: Kind, currency: str | None, days: range
) -> Pairs | None:
    """Return the joined lists of one kind; None when no browser reported any.

    Shape: `days` of the month on which both lists were begun already.
    """
    told = [row for row in rows or () if row.day in days]
    own = [row for row in told if row.kind is kind]
    if not any(row.tag is not None for row in own):
        return None
    last = _last_day(told, days)
    kept = [row for row in own if row.day <= last]
    return _pairs(kept, currency, (days.start, last))


def _last_day(rows: Sequence[PairedRow], days: range) -> int:
    """Return the last day before the mirror fell silent, if it did.

    A few conversions without a word at the month's end are chance, not silence.
    """
    last = max(row.day for row in rows if row.tag is not None)
    unheard = sum(row.n for row in rows if row.day > last)
    return last if unheard >= SILENCE else days.stop - 1


def _pairs(
    rows: Sequence[PairedRow], currency: str | None, days: tuple[int, int]
) -> Pairs:
    seen = Counter[Seen]()
    joined = Counter[Joined]()
    states = Counter[str]()
    for row in rows:
        seen[row.seen] += row.n
        joined[row.joined] += row.n
        if row.seen is Seen.SERVER:
            states[SILENT if row.tag is None else row.tag.value] += row.n
    listed = [row for row in rows if row.seen is not Seen.NEITHER]
    both, tag, server = (seen[name] for name in ORDER)
    return Pairs(
        first_day=days[0],
        last_day=days[1],
        counts=(both, tag, server),
        worth=_worth(listed, currency),
        n_untold=sum(r.n - (r.n_told if r.currency == currency else 0) for r in listed),
        n_neither=seen[Seen.NEITHER],
        by_event=joined[Joined.EVENT_ID],
        by_order=joined[Joined.ORDER_ID],
        daily_tag=_daily(rows, days, {Seen.BOTH, Seen.TAG}),
        daily_server=_daily(rows, days, {Seen.BOTH, Seen.SERVER}),
        devices=_devices(listed),
        states={state: states[state] for state in (*TagState, SILENT)},
    )


def _daily(
    rows: Sequence[PairedRow], days: tuple[int, int], seen: set[Seen]
) -> IntArray:
    series = np.zeros(days[1] - days[0] + 1, dtype=np.int64)
    for row in rows:
        if row.seen in seen:
            series[row.day - days[0]] += row.n
    return series


def _worth(rows: Sequence[PairedRow], currency: str | None) -> Worth:
    sums, squares = dict.fromkeys(ORDER, 0), dict.fromkeys(ORDER, 0.0)
    for row in rows:
        if row.currency == currency:
            sums[row.seen] += row.value_minor
            squares[row.seen] += row.squares
    unit = 1.0 if currency is None else 10.0 ** minor_digits(currency)
    a, b, c = (sums[name] / unit for name in ORDER)
    x, y, z = (squares[name] / unit**2 for name in ORDER)
    return Worth(sums=(a, b, c), squares=(x, y, z))


def _devices(rows: Sequence[PairedRow]) -> dict[str, Counts]:
    cells: dict[str, Counter[Seen]] = {}
    for row in rows:
        cells.setdefault(row.device.value, Counter())[row.seen] += row.n
    return {
        device: (found[Seen.BOTH], found[Seen.TAG], found[Seen.SERVER])
        for device, found in sorted(cells.items())
    }
