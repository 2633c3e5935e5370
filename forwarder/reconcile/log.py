"""Our own conversions as columns: what alignment and matching work on."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from hashlib import sha256
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from forwarder.core.columns import NOT_TOLD, Said, ServerColumns, columns_of
from forwarder.core.delivery import Status
from forwarder.core.event import LOCAL_KINDS, Kind
from forwarder.core.reports import ServerRow

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

COUNTS, TEST, NO_CONSENT, NOT_ACCEPTED = 0, 1, 2, 3  # what became of a row
MICROSECONDS = 1e6
MIXER = np.uint64(0x9E3779B97F4A7C15)  # odd, its bits well spread


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
    ordered = np.sort(codes)
    shared = ordered[1:][ordered[1:] == ordered[:-1]]
    result = np.ones(len(codes), dtype=np.bool_)
    if not len(shared):
        return result
    repeated = np.flatnonzero(np.isin(codes, shared))
    columns = [np.asarray(key)[repeated] for key in reversed(keys)]
    order = repeated[np.lexsort([*columns, codes[repeated]])]
    result[order[1:]] = codes[order[1:]] != codes[order[:-1]]
    return result


def fate(status: str, reason: str) -> int:
    """Return what became of a row: counted, a test, without consent, not accepted."""
    if status == Status.DELIVERED:
        return COUNTS
    if status == Status.SKIPPED and "test" in reason:
        return TEST
    if status == Status.SKIPPED and "consent" in reason:
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
    """One month of ours by kind, whether it comes as rows or as columns."""

    def __init__(self, rows: Iterable[ServerRow] | ServerColumns) -> None:
        """Take everything at once."""
        held = rows if isinstance(rows, ServerColumns) else columns_of(rows)
        self._columns = held
        self._words = list(held.words)
        self._said = np.frombuffer(held.said, np.int32)
        self._click_us = self._clicks()
        self._n_told = self._count_told()
        self._logs: dict[tuple[Kind, str | None], Log] = {}

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds that were seen, in alphabetical order."""
        seen = {Kind(words.kind) for words in self._words}
        return tuple(sorted(seen - LOCAL_KINDS))

    def currencies(self, kind: Kind) -> dict[str, int]:
        """Return how many rows with a value each currency has, most frequent first."""
        counts = Counter[str]()
        for words, n in zip(self._words, self._n_told, strict=True):
            if words.kind == kind and words.currency is not None and n:
                counts[words.currency] += n
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def log(self, kind: Kind, currency: str | None) -> Log:
        """Return the columns of one kind, values in one currency only."""
        known = self._logs.get((kind, currency))
        if known is None:
            known = self._logs[kind, currency] = self._log(kind, currency)
        return known

    @property
    def fingerprint(self) -> str:
        """SHA-256 over all rows, in whatever order they came."""
        held = self._columns
        mixed = np.zeros(len(held), dtype=np.uint64)
        at_us = self._of(held.at_us, np.int64)
        minor = self._of(held.value_minor, np.int64)
        for numbers in (at_us, self._click_us, minor):
            mixed = mixed * MIXER + numbers.astype(np.uint64)
        for name in ("kind", "currency", "status", "reason"):
            texts = [_number_of(getattr(words, name)) for words in self._words]
            mixed = mixed * MIXER + np.array(texts, dtype=np.uint64)[self._said]
        for column in (held.is_reversed, held.hops):
            mixed = mixed * MIXER + self._of(column, np.int16).astype(np.uint64)
        return sha256(np.sort(mixed).tobytes()).hexdigest()

    def _of(self, column: "array[int]", kind: type[Any]) -> NDArray[Any]:
        return np.frombuffer(column, kind)

    def _by_word(self, number: Callable[[Said], int]) -> IntArray:
        """Return a number for each of the words, by which rows find theirs."""
        return np.array([number(one) for one in self._words], np.int64)

    def _clicks(self) -> IntArray:
        """Return when each was clicked for; one of unknown time is in every window."""
        held = self._columns
        at_us = self._of(held.at_us, np.int64)
        told = self._of(held.click_us, np.int64)
        is_clicked = self._by_word(lambda words: words.has_click)[self._said] != 0
        return np.where((told == NOT_TOLD) & is_clicked, at_us, told)

    def _count_told(self) -> list[int]:
        """Return for each of the words how many rows with a value say them."""
        told = self._of(self._columns.value_minor, np.int64) != NOT_TOLD
        counts: list[int] = np.bincount(
            self._said[told], minlength=len(self._words)
        ).tolist()
        return counts

    def _log(self, kind: Kind, currency: str | None) -> Log:
        held = self._columns
        is_kind = self._by_word(lambda words: words.kind == kind)
        keep = np.flatnonzero(is_kind[self._said])
        hops = self._of(held.hops, np.int16)[keep]
        fates = self._by_word(lambda words: fate(words.status, words.reason))
        return Log(
            event=self._of(held.event, np.int64)[keep],
            order=self._of(held.order, np.int64)[keep],
            at_s=self._of(held.at_us, np.int64)[keep] / MICROSECONDS,
            click_s=_told(self._click_us[keep], MICROSECONDS),
            value=self._values(keep, currency),
            fate=fates[self._said[keep]],
            refunded=self._of(held.is_reversed, np.int16)[keep] != 0,
            multi_hop=np.where(hops < 0, np.nan, hops > 1),
        )

    def _values(self, keep: IntArray, currency: str | None) -> FloatArray:
        if currency is None:
            return np.full(len(keep), np.nan)
        minor = self._of(self._columns.value_minor, np.int64)[keep]
        is_own = self._by_word(lambda words: words.currency == currency)
        told = _told(minor, float(10 ** minor_digits(currency)))
        return np.where(is_own[self._said[keep]] != 0, told, np.nan)


def _number_of(word: str | None) -> int:
    text = b"" if word is None else word.encode()
    return int.from_bytes(sha256(text).digest()[:8], "little")


def _told(numbers: IntArray, unit: float) -> FloatArray:
    return np.where(numbers == NOT_TOLD, np.nan, numbers / unit)
