"""The rows of an order export: cells become ledger rows, or sentences on the fault."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import TypeVar

from forwarder.core.event import Kind, Money
from forwarder.core.ledger import LedgerOrder, OrderState
from forwarder.core.money import currency, to_minor
from forwarder.core.personal import names_somebody, veiled
from forwarder.reconcile.figures import (
    DateOrder,
    DecimalMark,
    Unclear,
    decimal_mark,
    read_value,
)
from forwarder.reconcile.moments import order_of_days, read_moment, zone_of
from forwarder.reconcile.orders_headings import OrderRole, is_offline, state_of

ID_MAX_CHARS = 256
_Part = TypeVar("_Part")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderOptions:
    """What the file itself does not say.

    `columns` and `states` settle headings and status words by hand; `date_order` and
    `decimal` what can be read in two ways; `time_zone` whose clock the times show.
    Times on days after `newest_on` are faults; None allows any.
    """

    endpoint: str
    kind: Kind = Kind.CHECKOUT
    currency: str | None = None
    time_zone: str = "UTC"
    columns: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, OrderState] = field(default_factory=dict)
    date_order: DateOrder | None = None
    decimal: DecimalMark | None = None
    newest_on: date | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the file."""

    number: int  # of the file, where its row ends
    cells: list[str]


class Reader:
    """Turns lines into orders; faults and notes gather on the way."""

    def __init__(
        self,
        lines: Sequence[Line],
        roles: Mapping[OrderRole, int],
        options: OrderOptions,
    ) -> None:
        """Look at whole columns first: they show how days and values are written."""
        self._lines = lines
        self._roles = roles
        self._options = options
        self.faults: list[str] = []
        self.notes: list[str] = []
        self._zone: tzinfo = zone_of(options.time_zone)
        self._order = self._date_order()
        self._mark = self._decimal_mark()

    def read(self) -> tuple[tuple[LedgerOrder, ...], int]:
        """Return the orders, and how many lines only repeat one."""
        orders: dict[str, LedgerOrder] = {}
        n_repeats = 0
        for line in self._lines:
            order_id = self._id(line)
            known = orders.get(order_id)
            if known is not None and self._is_repeat(line, known):
                n_repeats += 1
                continue
            found = self._read_line(line, order_id)
            if found is not None:
                orders[order_id] = found
        if not self._lines:
            self.faults.append("There is no row below the headings.")
        return tuple(orders.values()), n_repeats

    def _column(self, role: OrderRole) -> list[str]:
        return [cell for line in self._lines if (cell := self._cell(line, role))]

    def _cell(self, line: Line, role: OrderRole) -> str:
        at = self._roles.get(role)
        return line.cells[at] if at is not None and at < len(line.cells) else ""

    def _date_order(self) -> DateOrder | None:
        if self._options.date_order is not None:
            return self._options.date_order
        order = order_of_days(self._column(OrderRole.TIME))
        if order is not None:
            self.notes.append(
                f"Days are written {order}: a number over 12 in the column shows it."
            )
        return order

    def _decimal_mark(self) -> DecimalMark | None:
        if self._options.decimal is not None:
            return self._options.decimal
        try:
            return decimal_mark(self._column(OrderRole.VALUE))
        except Unclear as why:
            self.faults.append(f"The value column {why}: say `--decimal point`.")
            return None

    def _id(self, line: Line) -> str:
        text = self._cell(line, OrderRole.ORDER_ID)
        return veiled(text) if names_somebody(text) else text

    def _is_repeat(self, line: Line, known: LedgerOrder) -> bool:
        """Say whether a line is only one more item of an order that was read."""
        told = [self._cell(line, role) for role in (OrderRole.TIME, OrderRole.VALUE)]
        if not all(told):
            return True
        n_faults = len(self.faults)
        again = self._read_line(line, known.order_id)
        del self.faults[n_faults:]
        if again is not None and again.value_minor != known.value_minor:
            self.faults.append(f"Line {line.number}: this order has two values.")
        return True

    def _read_line(self, line: Line, order_id: str) -> LedgerOrder | None:
        """Return a line's order; each fault of it is noted, and leaves none."""
        checked = self._tried(line, lambda _: _checked(order_id))
        at = self._tried(line, self._time)
        money = self._tried(line, self._value)
        state = self._tried(line, self._state)
        if checked is None or at is None or money is None or state is None:
            return None
        return LedgerOrder(
            endpoint=self._options.endpoint,
            kind=self._options.kind,
            order_id=checked,
            occurred_at=at,
            value_minor=money[0],
            currency=money[1],
            state=state,
        )

    def _tried(self, line: Line, read: Callable[[Line], _Part]) -> _Part | None:
        try:
            return read(line)
        except Unclear as why:
            self.faults.append(f"Line {line.number}, {why}.")
            return None

    def _time(self, line: Line) -> datetime:
        cell = self._cell(line, OrderRole.TIME)
        try:
            newest_on = self._options.newest_on
            return read_moment(cell, self._order, self._zone, newest_on)
        except Unclear as why:
            raise Unclear(f"{OrderRole.TIME}: it {why}") from None

    def _value(self, line: Line) -> tuple[int | None, str | None]:
        cell = self._cell(line, OrderRole.VALUE)
        if not cell:
            return None, None
        told = self._cell(line, OrderRole.CURRENCY) or self._options.currency
        code = currency(told)
        if code is None:
            raise Unclear("currency: it must be three letters, such as EUR")
        try:
            return to_minor(
                Money(amount=read_value(cell, self._mark), currency=code)
            ), code
        except Unclear as why:
            raise Unclear(f"{OrderRole.VALUE}: it {why}") from None
        except ValueError:
            raise Unclear(f"{OrderRole.VALUE}: it is too large") from None

    def _state(self, line: Line) -> OrderState:
        state = state_of(self._cell(line, OrderRole.STATUS), self._options.states)
        if state is None:
            raise Unclear(
                "status: this word is not known; say what it means, such as "
                "`--status 'WORD=counted'`"
            )
        is_counted = state is OrderState.COUNTED
        if is_counted and is_offline(self._cell(line, OrderRole.CHANNEL)):
            return OrderState.OFFLINE
        return state


def _checked(order_id: str) -> str:
    if not order_id or len(order_id) > ID_MAX_CHARS or not order_id.isprintable():
        raise Unclear("order_id: it must hold 1 to 256 characters")
    return order_id
