"""Our own conversions as columns: a month of a million rows in some 60 MB.

A row object of its own for each conversion would cost ten times the memory and most of
the time of a report.
"""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from forwarder.core.event import Kind
from forwarder.core.pairs import Joined
from forwarder.core.reports import ServerRow

NOT_TOLD = -(2**63)
REVERSALS = frozenset({Kind.CANCEL, Kind.DISPUTE, Kind.REFUND})


class Said(NamedTuple):
    """Words that many conversions have in common.

    `has_click` carries a click whose time is not known. `is_late` was sent more than an
    hour after it happened. `device` and `tag` are what a browser told of it, and
    `joined` how its word was found; empty without a word.
    """

    kind: str
    currency: str | None  # None when no value was told
    status: str
    reason: str
    has_click: bool = False
    is_late: bool = False
    joined: str = Joined.NOT_AT_ALL
    device: str = ""
    tag: str = ""


def _longs() -> "array[int]":
    return array("q")


def _ints() -> "array[int]":
    return array("i")


def _shorts() -> "array[int]":
    return array("h")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerColumns:
    """One entry per conversion in each column, in any order.

    Shape: `said` holds numbers of `words`, each of which was said; `order` is 0 for a
    conversion that shares its order with no other, and `is_again` marks all but the
    first accepted one of an order. Units: microseconds since 1970 UTC; the smallest
    unit of the currency; `hops` redirects. NOT_TOLD where nothing is known, -1 for
    hops.
    """

    words: dict[Said, int] = field(default_factory=dict)
    event: "array[int]" = field(default_factory=_longs)
    order: "array[int]" = field(default_factory=_longs)
    at_us: "array[int]" = field(default_factory=_longs)
    click_us: "array[int]" = field(default_factory=_longs)
    value_minor: "array[int]" = field(default_factory=_longs)
    said: "array[int]" = field(default_factory=_ints)
    hops: "array[int]" = field(default_factory=_shorts)
    is_reversed: "array[int]" = field(default_factory=_shorts)
    is_again: "array[int]" = field(default_factory=_shorts)

    def __len__(self) -> int:
        """How many conversions."""
        return len(self.event)

    def number(self, words: Said) -> int:
        """Return the number of these words, a new one for new words."""
        return self.words.setdefault(words, len(self.words))


def columns_of(rows: Iterable[ServerRow]) -> ServerColumns:
    """Return rows as columns; refunds and cancellations mark their orders."""
    kept = list(rows)
    reversed_ids = {r.order_id for r in kept if r.kind in REVERSALS and r.order_id}
    events: dict[str, int] = {}
    orders: dict[str, int] = {}
    made = ServerColumns()
    for row in kept:
        made.event.append(events.setdefault(row.event_id, len(events)))
        order = row.order_id
        made.order.append(orders.setdefault(order, len(orders) + 1) if order else 0)
        made.at_us.append(_us(row.occurred_at.timestamp()))
        clicked_at = row.clicked_at
        made.click_us.append(_us(clicked_at.timestamp()) if clicked_at else NOT_TOLD)
        minor = row.value_minor
        made.value_minor.append(NOT_TOLD if minor is None else minor)
        made.hops.append(-1 if row.hops is None else row.hops)
        made.is_reversed.append(order in reversed_ids)
        made.is_again.append(0)
        made.said.append(made.number(_words(row)))
    return made


def _words(row: ServerRow) -> Said:
    return Said(row.kind.value, row.currency, row.status.value, row.reason)


def _us(seconds: float) -> int:
    return round(seconds * 1e6)
