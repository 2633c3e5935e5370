"""Our own conversions as columns: what alignment and matching work on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from forwarder.core.delivery import Status
from forwarder.core.event import LOCAL_KINDS, Kind
from forwarder.core.reports import ServerRow

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

COUNTS, TEST, NO_CONSENT, NOT_ACCEPTED = 0, 1, 2, 3  # what became of a row
REVERSALS = frozenset({Kind.CANCEL, Kind.DISPUTE, Kind.REFUND})


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """One row per conversion, any order, repeats and margins included.

    Shape: columns of equal length. `event` and `order` are numbers standing for ids,
    order 0 = not given. Units: `at_s` and `click_s` epoch seconds, NaN = no click;
    `value` major units of `currency`, NaN = not told or in another currency.
    """

    event: IntArray
    order: IntArray
    at_s: FloatArray
    click_s: FloatArray
    value: FloatArray
    fate: IntArray
    refunded: BoolArray
    multi_hop: FloatArray  # 1 more than one hop, 0 one, NaN not known

    def __len__(self) -> int:
        """How many rows."""
        return len(self.event)

    def rows(self, keep: BoolArray) -> Self:
        """Return the rows marked in `keep`."""
        return type(self)(**{f.name: getattr(self, f.name)[keep] for f in fields(self)})

    def distinct(self) -> BoolArray:
        """Mark one row per event: an accepted one before others, then the earliest."""
        return first_of_each(self.event, (self.fate, self.at_s, self.value))

    def distinct_orders(self, keep: BoolArray) -> BoolArray:
        """Mark, among the kept, one row per order; rows without an order all stay."""
        result = keep.copy()
        named = np.flatnonzero(keep & (self.order != 0))
        keys = (self.fate[named], self.at_s[named], self.event[named])
        result[named] = first_of_each(self.order[named], keys)
        return result


def first_of_each(codes: IntArray, keys: Sequence[NDArray[np.generic]]) -> BoolArray:
    """Mark the row with the smallest keys for each code, whatever the row order."""
    _, code, n_rows = np.unique(codes, return_inverse=True, return_counts=True)
    repeated = np.flatnonzero(n_rows[code] > 1)
    result = np.ones(len(codes), dtype=np.bool_)
    if not len(repeated):
        return result
    columns = [np.asarray(key)[repeated] for key in reversed(keys)]
    order = repeated[np.lexsort([*columns, codes[repeated]])]
    result[order[1:]] = codes[order[1:]] != codes[order[:-1]]
    return result


def fate(row: ServerRow) -> int:
    """Return what became of one row: counted, a test, without consent, not accepted."""
    if row.status is Status.DELIVERED:
        return COUNTS
    if row.status is Status.SKIPPED and "test" in row.reason:
        return TEST
    if row.status is Status.SKIPPED and "consent" in row.reason:
        return NO_CONSENT
    return NOT_ACCEPTED


_NO_MINOR = frozenset(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split()  # noqa: SIM905
)
_THREE_MINOR = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


def minor_digits(currency: str) -> int:
    """Return how many decimals the currency has, by ISO 4217."""
    if currency in _NO_MINOR:
        return 0
    return 3 if currency in _THREE_MINOR else 2


class Gather:
    """Collects rows one by one, so that a million need not be held twice."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._rows: dict[Kind, list[ServerRow]] = {}
        self._reversed_orders: set[str] = set()
        self._logs: dict[tuple[Kind, str | None], Log] = {}

    def add(self, rows: Iterable[ServerRow]) -> Self:
        """Sort rows by kind; refunds and cancellations mark their order."""
        for row in rows:
            if row.kind in REVERSALS and row.order_id:
                self._reversed_orders.add(row.order_id)
            if row.kind not in LOCAL_KINDS:
                self._rows.setdefault(row.kind, []).append(row)
        return self

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds that were seen, in alphabetical order."""
        return tuple(sorted(self._rows))

    def currencies(self, kind: Kind) -> dict[str, int]:
        """Return how many rows with a value each currency has, most frequent first."""
        counts: dict[str, int] = {}
        for row in self._rows.get(kind, ()):
            if row.currency and row.value_minor is not None:
                counts[row.currency] = counts.get(row.currency, 0) + 1
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def log(self, kind: Kind, currency: str | None) -> Log:
        """Return the columns of one kind, values in one currency only."""
        known = self._logs.get((kind, currency))
        if known is None:
            known = self._logs[kind, currency] = self._columns(kind, currency)
        return known

    def _columns(self, kind: Kind, currency: str | None) -> Log:
        rows = self._rows.get(kind, [])
        events: dict[str, int] = {}
        orders: dict[str, int] = {}
        return Log(
            event=_ints(events.setdefault(r.event_id, len(events)) for r in rows),
            order=_ints(_order_code(r.order_id, orders) for r in rows),
            at_s=_floats(r.occurred_at.timestamp() for r in rows),
            click_s=_floats(
                r.clicked_at.timestamp() if r.clicked_at else np.nan for r in rows
            ),
            value=_floats(_value(r, currency) for r in rows),
            fate=_ints(fate(r) for r in rows),
            refunded=np.fromiter(
                (r.order_id in self._reversed_orders for r in rows), np.bool_
            ),
            multi_hop=_floats(np.nan if r.hops is None else r.hops > 1 for r in rows),
        )


def _ints(values: Iterable[int]) -> IntArray:
    return np.fromiter(values, np.int64)


def _floats(values: Iterable[float]) -> FloatArray:
    return np.fromiter(values, np.float64)


def _order_code(order_id: str | None, codes: dict[str, int]) -> int:
    return codes.setdefault(order_id, len(codes) + 1) if order_id else 0


def _value(row: ServerRow, currency: str | None) -> float:
    if row.value_minor is None or row.currency is None or row.currency != currency:
        return float("nan")
    return float(row.value_minor / 10 ** minor_digits(row.currency))
