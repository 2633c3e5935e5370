"""Our own conversions of a month as columns, with what browsers told of each.

One pass over our log: the database joins, and hands back each column of a span as one
text, because to build a row of each conversion takes longer than to find it. Spans are
read side by side: both drivers let other threads work while the database does.
"""

from array import array
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import orjson
import sqlalchemy as sa

from forwarder.core.columns import NOT_TOLD, REVERSALS, Said, ServerColumns
from forwarder.core.delivery import Status
from forwarder.store.engine import Store
from forwarder.store.our_texts import BETWEEN_ROWS, BETWEEN_WORDS, TEXTS, YES
from forwarder.store.report_clicks import UNKNOWN_HOPS, hops_of_deliveries
from forwarder.store.schema import deliveries, to_us, us_of
from forwarder.store.schema_clicks import CODE_TIER, click_joins

READERS = 2
# SQLite is quickest in small steps; PostgreSQL reads browsers' words once for each.
SQLITE_IDS_AT_ONCE, POSTGRES_IDS_AT_ONCE = 10_000, 500_000


def server_columns(
    store: Store, destination: str, since: datetime, until: datetime
) -> ServerColumns:
    """Return our own conversions for one destination that occurred in the period.

    An order that was refunded, cancelled or disputed is marked, however late that was.
    """
    given = {"to": destination, "since": to_us(since), "until": to_us(until)}
    made = ServerColumns()
    known = _Numbers(made)
    with ThreadPoolExecutor(READERS) as readers:
        odd = readers.submit(_find_odd, store, given)
        read = partial(_texts_of, store, given)
        for texts in readers.map(read, _spans(store)):
            _take(made, known, texts)
    _mark(made, odd.result())
    return made


def _texts_of(
    store: Store, given: dict[str, object], span: dict[str, int]
) -> sa.Row[Any]:
    with store.read_much() as connection:
        return connection.execute(TEXTS, {**given, **span}).one()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Odd:
    """What few deliveries have, by their ids."""

    orders: dict[int, int]
    again: set[int]
    undone: set[int]
    hops: dict[int, int]
    clicks_us: dict[int, int]


def _find_odd(store: Store, given: dict[str, object]) -> _Odd:
    with store.read_much() as connection:
        orders, again = _shared_orders(connection, given)
        return _Odd(
            orders=orders,
            again=again,
            undone=set(connection.execute(_UNDONE, given).scalars()),
            hops=hops_of_deliveries(connection, given),
            clicks_us={
                row.delivery_id: row.us for row in connection.execute(_CLICKS, given)
            },
        )


def _mark(made: ServerColumns, odd: _Odd) -> None:
    n_rows = len(made)
    for column in (made.order, made.is_reversed, made.is_again):
        column.frombytes(bytes(column.itemsize * n_rows))
    made.click_us.extend(array("q", [NOT_TOLD]) * n_rows)
    made.hops.extend(array("h", [UNKNOWN_HOPS]) * n_rows)
    marked = odd.orders.keys() | odd.undone | odd.hops.keys() | odd.clicks_us.keys()
    for place in [place for place, id_ in enumerate(made.event) if id_ in marked]:
        number = made.event[place]
        made.order[place] = odd.orders.get(number, 0)
        made.is_again[place] = number in odd.again
        made.is_reversed[place] = number in odd.undone
        made.hops[place] = odd.hops.get(number, UNKNOWN_HOPS)
        made.click_us[place] = odd.clicks_us.get(number, NOT_TOLD)


def _shared_orders(
    connection: sa.Connection, given: dict[str, object]
) -> tuple[dict[int, int], set[int]]:
    """Return the deliveries that share their order, and which of them come again.

    Shape: a number of its order for each of the first; the second are accepted ones
    after an accepted one of the same kind.
    """
    numbers: dict[tuple[str, str], int] = {}
    shared: dict[int, int] = {}
    taken: set[tuple[str, int]] = set()
    again: set[int] = set()
    for row in connection.execute(_SHARED, given):
        order = numbers.setdefault((row.endpoint, row.order_id), len(numbers) + 1)
        shared[row.id] = order
        if row.status != Status.DELIVERED.value:
            continue
        if (row.kind, order) in taken:
            again.add(row.id)
        taken.add((row.kind, order))
    return shared, again


def _spans(store: Store) -> Iterator[dict[str, int]]:
    """Return spans of ids that hold the whole log."""
    with store.read() as connection:
        first, last = connection.execute(_ENDS).one()
    if first is None:
        return
    n_ids = SQLITE_IDS_AT_ONCE if store.is_sqlite else POSTGRES_IDS_AT_ONCE
    for start in range(first, last + 1, n_ids):
        yield {"first": start, "end": start + n_ids}


class _Numbers(dict[str, int]):
    """The numbers that rows' words have in the columns."""

    def __init__(self, made: ServerColumns) -> None:
        super().__init__()
        self._made = made

    def __missing__(self, text: str) -> int:
        self[text] = number = self._made.number(_said(text))
        return number


def _take(made: ServerColumns, known: _Numbers, texts: sa.Row[Any]) -> None:
    if texts.ids is None:
        return
    made.event.fromlist(_numbers(texts.ids))
    made.at_us.fromlist(_numbers(texts.at_us))
    made.value_minor.fromlist(_numbers(texts.minors))
    made.said.extend(map(known.__getitem__, texts.words.split(BETWEEN_ROWS)))


def _numbers(text: str) -> list[int]:
    numbers: list[int] = orjson.loads(f"[{text}]")
    return numbers


def _said(text: str) -> Said:
    kind, currency, status, reason, click, late, *word = text.split(BETWEEN_WORDS)
    joined, device, tag = word
    return Said(
        kind=kind,
        currency=None if currency == "" else currency,
        status=status,
        reason=reason,
        has_click=click == YES,
        is_late=late == YES,
        joined=joined,
        device=device,
        tag=tag,
    )


_OURS = deliveries.c
_OTHER = deliveries.alias("other")
_HERE = _OURS.destination == sa.bindparam("to")
_ENDS = sa.select(sa.func.min(_OURS.id), sa.func.max(_OURS.id))
_REPEATED = (
    sa.select(_OTHER.c.order_id)
    .where(_OTHER.c.order_id.is_not(None))
    .group_by(_OTHER.c.order_id)
    .having(sa.func.count() > 1)
    .cte("repeated")
    .prefix_with("MATERIALIZED")  # PostgreSQL's workers would each count for themselves
)
_SHARED = (
    sa.select(
        _OURS.id,
        _OURS.endpoint,  # two shops may use the same numbers
        _OURS.order_id,
        _OURS.kind,
        _OURS.status,
    )
    .where(
        _HERE,
        _OURS.order_id.in_(sa.select(_REPEATED.c.order_id)),
        sa.not_(_OURS.is_test),  # its number may be that of a real order
    )
    .order_by(_OURS.id)
)
_UNDONE = (
    sa.select(_OURS.id)
    .join(
        _OTHER,
        sa.and_(
            _OTHER.c.order_id == _OURS.order_id, _OTHER.c.endpoint == _OURS.endpoint
        ),
    )
    .where(
        _HERE,
        _OTHER.c.destination == sa.bindparam("to"),
        _OTHER.c.kind.in_([kind.value for kind in REVERSALS]),
    )
)
_JOINED_US: sa.ColumnElement[int] = us_of(click_joins.c.occurred_at)
_CLICKS = sa.select(
    click_joins.c.delivery_id,
    us_of(click_joins.c.clicked_at).label("us"),
).where(
    click_joins.c.tier < CODE_TIER,  # a discount code is no click
    sa.bindparam("since") <= _JOINED_US,
    sa.bindparam("until") > _JOINED_US,
)
