"""The rows of an exported report: cells become days, or sentences about the fault."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from forwarder.core.event import Kind
from forwarder.core.personal import told_name
from forwarder.core.reports import TagDay
from forwarder.reconcile.figures import (
    DateOrder,
    DecimalMark,
    Unclear,
    date_order,
    decimal_mark,
    read_count,
    read_date,
    read_value,
)
from forwarder.reconcile.headings import Column, Role, kind_of

MAX_SHOWN = 20  # faults listed one by one
_TOTAL_WORDS = frozenset(
    {"", "total", "totals", "gesamt", "summe", "totale", "totales"}
)
_CODE_CHARS = 3
_EMPTY = frozenset({"", "-", "\u2013", "\u2014", "n/a", "null"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """A table below its headings. `first_line` is the file's line of the first row."""

    rows: Sequence[Sequence[str]]
    columns: Sequence[Column]
    kind: Kind | None
    first_line: int
    date_order: DateOrder | None = None  # said by hand
    decimal: DecimalMark | None = None  # likewise
    newest_on: date | None = None  # later days have not come; None allows any

    def at(self, role: Role) -> int | None:
        """Return the index of the column with a role that only one may have."""
        for index, one in enumerate(self.columns):
            if one.role is role:
                return index
        return None

    def text(self, index: int) -> list[str]:
        """Return the cells of one column."""
        return [row[index] for row in self.rows if index < len(row)]


Read = tuple[tuple[TagDay, ...], frozenset[str], tuple[str, ...], tuple[str, ...]]


def read_rows(cells: Cells) -> Read:
    """Return the days, the currencies seen, notes, and every fault.

    Shape: days oldest first, one per day and kind.
    """
    faults: list[str] = []
    notes: list[str] = []
    reader = _Reader(cells, faults)
    days: list[TagDay] = []
    for number, row in enumerate(cells.rows, start=cells.first_line):
        if len(row) != len(cells.columns):
            faults.append(f"Line {number}: it has {len(row)} cells, not as headings.")
        elif row[reader.date_at].casefold() in _TOTAL_WORDS:
            notes.append(f"Line {number} is a line of totals and left out.")
        else:
            days += reader.days(number, row)
    faults += _repeats(days)
    if not days and not faults:
        faults.append("There is no row below the headings.")
    ordered = sorted(days, key=lambda day: (day.on, day.kind))
    notes += reader.notes
    return tuple(ordered), reader.currencies(), tuple(notes), first_faults(faults)


def _evidence(order: DateOrder | None, *, is_said: bool) -> list[str]:
    if order is None or is_said:
        return []
    return [f"Days are written {order}: a number over 12 in the column shows it."]


def first_faults(faults: Sequence[str]) -> tuple[str, ...]:
    """Return the first faults, and how many more there are."""
    if len(faults) <= MAX_SHOWN:
        return tuple(faults)
    return (*faults[:MAX_SHOWN], f"and {len(faults) - MAX_SHOWN} more faults.")


def _repeats(days: Sequence[TagDay]) -> list[str]:
    seen = Counter((day.on, day.kind) for day in days)
    twice = sorted(key for key, n in seen.items() if n > 1)
    return [
        f"{on} has more than one row of {kind}: export one row per day, not split by "
        "campaign or ad."
        for on, kind in twice
    ]


class _Reader:
    def __init__(self, cells: Cells, faults: list[str]) -> None:
        self._cells = cells
        self._faults = faults
        self.date_at = cells.at(Role.DATE) or 0
        self._kind_at = cells.at(Role.KIND)
        self._currency_at = cells.at(Role.CURRENCY)
        shown = date_order(cells.text(self.date_at))
        self._order = shown if cells.date_order is None else cells.date_order
        self.notes = _evidence(self._order, is_said=cells.date_order is not None)
        self._marks = {
            index: self._mark(index)
            for index, one in enumerate(cells.columns)
            if one.role is Role.VALUE
        }

    def currencies(self) -> frozenset[str]:
        cells = self._cells
        named = {one.currency for one in cells.columns if one.role is Role.VALUE}
        if self._currency_at is not None:
            named |= {text.upper() for text in cells.text(self._currency_at)}
        return frozenset(
            code
            for code in named
            if code is not None and len(code) == _CODE_CHARS and code.isalpha()
        )

    def days(self, number: int, row: Sequence[str]) -> list[TagDay]:
        """Return the row's days, one per metric; a fault is noted and leaves none."""
        on = self._date(number, row)
        if on is None:
            return []
        metrics = enumerate(self._cells.columns)
        counts = [(i, one) for i, one in metrics if one.role is Role.COUNT]
        found = [self._day(number, row, on, i, one) for i, one in counts]
        return [day for day in found if day is not None]

    def _date(self, number: int, row: Sequence[str]) -> date | None:
        try:
            newest_on = self._cells.newest_on
            return read_date(row[self.date_at], self._order, newest_on)
        except Unclear as why:
            self._faults.append(f"Line {number}, date: it {why}.")
            return None

    def _day(
        self, number: int, row: Sequence[str], on: date, at: int, one: Column
    ) -> TagDay | None:
        kind = one.kind if one.kind is not None else self._kind(row)
        if kind is None:
            self._faults.append(f"Line {number}, event: {self._unknown(row)}.")
            return None
        try:
            count = 0 if row[at].casefold() in _EMPTY else read_count(row[at])
        except Unclear as why:
            self._faults.append(f"Line {number}, conversions: it {why}.")
            return None
        return TagDay(
            on=on, kind=kind, count=count, value=self._value(number, row, one)
        )

    def _kind(self, row: Sequence[str]) -> Kind | None:
        return (
            self._cells.kind if self._kind_at is None else kind_of(row[self._kind_at])
        )

    def _unknown(self, row: Sequence[str]) -> str:
        words = "" if self._kind_at is None else row[self._kind_at]
        name = told_name("_".join(words.split()))
        return (
            f"{name} is no kind that we know: leave its rows out, or write what it is, "
            "such as checkout, signup or lead"
        )

    def _value(self, number: int, row: Sequence[str], count: Column) -> Decimal | None:
        for index, mark in self._marks.items():
            one = self._cells.columns[index]
            if one.kind is not count.kind or row[index].casefold() in _EMPTY:
                continue
            try:
                return read_value(row[index], mark) / one.divisor
            except Unclear as why:
                self._faults.append(f"Line {number}, value: it {why}.")
        return None

    def _mark(self, index: int) -> DecimalMark | None:
        if self._cells.decimal is not None:
            return self._cells.decimal
        try:
            return decimal_mark(self._cells.text(index))
        except Unclear as why:
            self._faults.append(f"The value column {why}.")
            return None
