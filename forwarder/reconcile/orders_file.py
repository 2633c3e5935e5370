"""Reads an export of a shop's orders into rows of the ledger: a preview, no guesses.

Nothing is stored here, and nothing about a person is read: see `orders_headings`.
"""

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from forwarder.core.ledger import LedgerOrder, OrderState
from forwarder.reconcile.headings import named, shown
from forwarder.reconcile.orders_headings import OrderRole, roles_of
from forwarder.reconcile.orders_rows import Line, OrderOptions, Reader
from forwarder.reconcile.tag_file import NoText, decoded, delimiter_of
from forwarder.reconcile.tag_report import Faults
from forwarder.reconcile.tag_rows import first_faults

MAX_BYTES = 64 * 1024 * 1024
SNIFFED_CHARS = 100_000
_NEEDED = (OrderRole.ORDER_ID, OrderRole.TIME)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPreview:
    """What would be imported. Nothing is stored before somebody has seen it.

    Shape: `mapping` pairs each heading that is read with its role; `n_dropped` columns
    are not read at all. `totals` is in minor units by currency, None when not told.
    """

    orders: tuple[LedgerOrder, ...]
    mapping: tuple[tuple[str, str], ...]
    n_dropped: int
    n_repeats: int
    states: Mapping[OrderState, int]
    totals: Mapping[str | None, int]
    notes: tuple[str, ...]


def read_orders(data: bytes, options: OrderOptions) -> OrderPreview | Faults:
    """Return the orders of a file, or everything that is wrong with it.

    Limits: 64 MiB; UTF-8, UTF-16 or Windows-1252; comma, semicolon or tab.
    """
    if len(data) > MAX_BYTES:
        return Faults(messages=(f"The file is larger than {MAX_BYTES:,} bytes.",))
    try:
        table = _table(data)
    except NoText as none:
        return Faults(messages=(str(none),))
    if not table:
        return Faults(messages=("The file is empty.",))
    at = _heading_at(table, options)
    headings = table[at].cells
    roles = roles_of(headings, options.columns)
    faults = _shape_faults(headings, roles, options)
    if faults:
        return Faults(messages=faults)
    reader = Reader(table[at + 1 :], roles, options)
    orders, n_repeats = reader.read()
    if reader.faults:
        return Faults(messages=first_faults(reader.faults))
    return OrderPreview(
        orders=orders,
        mapping=tuple((headings[at], role.value) for role, at in sorted(roles.items())),
        n_dropped=len(headings) - len(roles),
        n_repeats=n_repeats,
        states=Counter(order.state for order in orders),
        totals=_totals(orders),
        notes=tuple(reader.notes),
    )


def _table(data: bytes) -> list[Line]:
    text = decoded(data)
    lines = [line for line in text[:SNIFFED_CHARS].splitlines() if line.strip()]
    if not lines:
        return []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(lines))
    try:
        return [
            Line(reader.line_num, [cell.strip() for cell in row])
            for row in reader
            if any(cell.strip() for cell in row)
        ]
    except csv.Error:
        return []


def _heading_at(table: Sequence[Line], options: OrderOptions) -> int:
    """Return the first row that can be the headings: exports may begin with a title."""
    for place, line in enumerate(table[:10]):
        if all(role in roles_of(line.cells, options.columns) for role in _NEEDED):
            return place
    return 0


def _shape_faults(
    headings: Sequence[str], roles: Mapping[OrderRole, int], options: OrderOptions
) -> tuple[str, ...]:
    unknown = [name for name in options.columns if name not in headings]
    faults = [f"There is no column {shown(name)}." for name in unknown]
    faults += [
        f"No column holds the {role.value}: say which, such as "
        f"`--column '{named(headings[0])}={role.value}'`."
        for role in _NEEDED
        if role not in roles
    ]
    told = OrderRole.CURRENCY in roles or options.currency is not None
    if OrderRole.VALUE in roles and not told:
        faults.append(
            "Nothing says which currency the values are in: `--currency EUR`."
        )
    return tuple(faults)


def _totals(orders: Sequence[LedgerOrder]) -> dict[str | None, int]:
    found: dict[str | None, int] = {}
    for order in orders:
        minor = 0 if order.value_minor is None else order.value_minor
        found[order.currency] = found.get(order.currency, 0) + minor
    return found
