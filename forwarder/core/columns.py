"""Our own conversions as columns: a month of a million rows in some 60 MB.

A row object of its own for each conversion would cost ten times the memory and most of
the time of a report.
"""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from forwarder.core.event import Kind
from forwarder.core.reports import ServerRow

NOT_TOLD = -(2**63)
REVERSALS = frozenset({Kind.CANCEL, Kind.DISPUTE, Kind.REFUND})


def _longs() -> "array[int]":
    return array("q")


def _shorts() -> "array[int]":
    return array("h")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerColumns:
    """One entry per conversion in each column, in any order.

    Shape: `kind`, `currency`, `status` and `reason` hold numbers of `words`; `order`
    is 0 for a conversion that shares its order with no other of its kind. Units:
    microseconds since 1970 UTC; the smallest unit of the currency; `hops` redirects.
    NOT_TOLD where nothing is known, -1 for hops.
    """

    words: dict[str, int] = field(default_factory=dict)
    event: "array[int]" = field(default_factory=_longs)
    order: "array[int]" = field(default_factory=_longs)
    at_us: "array[int]" = field(default_factory=_longs)
    click_us: "array[int]" = field(default_factory=_longs)
    value_minor: "array[int]" = field(default_factory=_longs)
    kind: "array[int]" = field(default_factory=_shorts)
    currency: "array[int]" = field(default_factory=_shorts)
    status: "array[int]" = field(default_factory=_shorts)
    reason: "array[int]" = field(default_factory=_shorts)
    hops: "array[int]" = field(default_factory=_shorts)
    is_reversed: "array[int]" = field(default_factory=_shorts)

    def __len__(self) -> int:
        """How many conversions."""
        return len(self.event)

    def number(self, word: str | None) -> int:
        """Return the number of a word, a new one for a new word; None is a word too."""
        return self.words.setdefault("" if word is None else word, len(self.words))

    def numbers(self, words: Sequence[str | None]) -> "array[int]":
        """Return the numbers of many words."""
        known = {word: self.number(word) for word in dict.fromkeys(words)}
        return array("h", map(known.__getitem__, words))


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
    _add_words(made, kept)
    return made


def _add_words(made: ServerColumns, rows: Sequence[ServerRow]) -> None:
    made.kind.extend(made.numbers([row.kind for row in rows]))
    made.currency.extend(made.numbers([row.currency for row in rows]))
    made.status.extend(made.numbers([row.status for row in rows]))
    made.reason.extend(made.numbers([row.reason for row in rows]))


def _us(seconds: float) -> int:
    return round(seconds * 1e6)
