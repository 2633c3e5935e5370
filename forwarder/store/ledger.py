"""The shop's own books: what files and pulls told, beside what webhooks told.

Our log is not copied: it is counted where it stands, together with the books, each
order once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from forwarder.core.event import LOCAL_KINDS, Kind
from forwarder.core.ledger import (
    LEFT_OUT,
    STATE_OF_SKIP,
    UNDONE,
    LedgerOrder,
    LedgerTotal,
    OrderState,
    Origin,
)
from forwarder.store.engine import Store
from forwarder.store.inbox_sql import TRIED
from forwarder.store.schema import deliveries
from forwarder.store.schema_report import ledger_orders

AT_ONCE = 300  # orders; each is looked up by three parameters
MARGIN = timedelta(days=2)  # a file may tell the day only, in the shop's own zone

# The later one in this list wins where log and books disagree.
_STATES = tuple(OrderState)


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What became of orders that were told. Units: orders; repeats count once."""

    n_new: int = 0
    n_changed: int = 0
    n_known: int = 0


def add(
    store: Store, orders: Sequence[LedgerOrder], origin: Origin, now: datetime
) -> Added:
    """Write orders into the books; one that is there is brought up to date.

    The same orders twice change nothing. Raises: StoreDown.
    """
    told = list({_key(order): order for order in orders}.values())
    n_new = n_changed = 0
    for start in range(0, len(told), AT_ONCE):
        batch = told[start : start + AT_ONCE]
        with store.write() as connection:
            new, changed = _add(connection, batch, origin, now)
        n_new += new
        n_changed += changed
    return Added(
        n_new=n_new, n_changed=n_changed, n_known=len(told) - n_new - n_changed
    )


Key = tuple[str, str, str]


def _key(order: LedgerOrder) -> Key:
    return order.endpoint, order.kind.value, order.order_id


def _add(
    connection: sa.Connection,
    orders: Sequence[LedgerOrder],
    origin: Origin,
    at: datetime,
) -> tuple[int, int]:
    known = _known(connection, [_key(order) for order in orders])
    new = [_row(order, origin, at) for order in orders if _key(order) not in known]
    if new:
        connection.execute(sa.insert(ledger_orders), new)
    n_changed = 0
    for order in orders:
        row = known.get(_key(order))
        if row is not None and row != order:
            n_changed += 1
            connection.execute(_UPDATE, _changes(order, origin))
    return len(new), n_changed


def _known(connection: sa.Connection, keys: Sequence[Key]) -> dict[Key, LedgerOrder]:
    of = ledger_orders.c
    query = sa.select(ledger_orders).where(
        sa.tuple_(of.endpoint, of.kind, of.order_id).in_(keys)
    )
    return {
        (row.endpoint, row.kind, row.order_id): LedgerOrder(
            endpoint=row.endpoint,
            kind=Kind(row.kind),
            order_id=row.order_id,
            occurred_at=row.occurred_at,
            value_minor=row.value_minor,
            currency=row.currency,
            state=OrderState(row.state),
        )
        for row in connection.execute(query)
    }


def _row(order: LedgerOrder, origin: Origin, now: datetime) -> dict[str, object]:
    return {
        "endpoint": order.endpoint,
        "kind": order.kind.value,
        "order_id": order.order_id,
        "occurred_at": order.occurred_at,
        "value_minor": order.value_minor,
        "currency": order.currency,
        "state": order.state.value,
        "origin": origin.value,
        "added_at": now,
    }


def _changes(order: LedgerOrder, origin: Origin) -> dict[str, object]:
    return {
        "of_endpoint": order.endpoint,
        "of_kind": order.kind.value,
        "of_order": order.order_id,
        "occurred_at": order.occurred_at,
        "value_minor": order.value_minor,
        "currency": order.currency,
        "state": order.state.value,
        "origin": origin.value,
    }


_UPDATE = sa.update(ledger_orders).where(
    ledger_orders.c.endpoint == sa.bindparam("of_endpoint"),
    ledger_orders.c.kind == sa.bindparam("of_kind"),
    ledger_orders.c.order_id == sa.bindparam("of_order"),
)


def ledger_total(
    store: Store, endpoints: Sequence[str], since: datetime, until: datetime
) -> list[LedgerTotal]:
    """Return what the shop counted in the period, by kind and currency.

    Our log and the books are laid over each other by order id. Where both know an
    order, the log tells its time and the books its value.
    """
    with store.read() as connection:
        found = connection.execute(_totals(endpoints, since, until)).all()
    groups: dict[tuple[str, str | None], list[_Cell]] = {}
    for row in found:
        cell = _Cell(
            state=_STATES[row.state],
            in_log=bool(row.in_log),
            in_books=bool(row.in_books),
            n=int(row.n),
            value_minor=int(row.value_minor),
        )
        groups.setdefault((row.kind, row.currency), []).append(cell)
    return [
        _total(Kind(kind), currency, cells)
        for (kind, currency), cells in groups.items()
    ]


def has_books(
    store: Store, endpoints: Sequence[str], since: datetime, until: datetime
) -> bool:
    """Say at once whether anything was imported or pulled for the period."""
    query = (
        sa.select(ledger_orders.c.id)
        .where(
            ledger_orders.c.endpoint.in_(endpoints),
            ledger_orders.c.occurred_at >= since,
            ledger_orders.c.occurred_at < until,
        )
        .limit(1)
    )
    with store.read() as connection:
        return connection.execute(query).first() is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    state: OrderState
    in_log: bool
    in_books: bool
    n: int
    value_minor: int


def _total(kind: Kind, currency: str | None, cells: Sequence[_Cell]) -> LedgerTotal:
    counted = [cell for cell in cells if cell.state not in LEFT_OUT]
    return LedgerTotal(
        kind=kind,
        currency=currency,
        n=sum(cell.n for cell in counted),
        value_minor=sum(cell.value_minor for cell in counted),
        n_undone=sum(cell.n for cell in counted if cell.state in UNDONE),
        n_webhook=sum(cell.n for cell in counted if cell.in_log),
        n_books=sum(cell.n for cell in counted if cell.in_books),
        n_both=sum(cell.n for cell in counted if cell.in_log and cell.in_books),
        left_out={
            state: n
            for state in LEFT_OUT
            if (n := sum(cell.n for cell in cells if cell.state is state))
        },
    )


def _totals(
    endpoints: Sequence[str], since: datetime, until: datetime
) -> sa.Select[tuple[object, ...]]:
    rows = sa.union_all(*_sides(endpoints, since - MARGIN, until + MARGIN)).subquery()
    of = rows.c
    is_log = of.in_log == 1
    at = sa.func.coalesce(sa.func.min(sa.case((is_log, of.at))), sa.func.min(of.at))
    value = sa.func.coalesce(
        sa.func.max(sa.case((sa.not_(is_log), of.value_minor))),
        sa.func.max(of.value_minor),
    )
    orders = (
        sa.select(
            of.kind,
            sa.func.max(of.currency).label("currency"),
            sa.func.max(of.state).label("state"),
            sa.func.max(of.in_log).label("in_log"),
            sa.func.max(1 - of.in_log).label("in_books"),
            value.label("value_minor"),
        )
        .group_by(of.endpoint, of.kind, of.id)
        .having(at >= since, at < until)
        .subquery()
    )
    per = orders.c
    groups = (per.kind, per.currency, per.state, per.in_log, per.in_books)
    return (
        sa.select(
            *groups,
            sa.func.count().label("n"),
            sa.func.coalesce(sa.func.sum(per.value_minor), 0).label("value_minor"),
        )
        .group_by(*groups)
        .order_by(*groups)
    )


def _sides(
    endpoints: Sequence[str], since: datetime, until: datetime
) -> Iterator[sa.Select[tuple[object, ...]]]:
    """Give the log and the books as rows of the same columns."""
    log, books = deliveries.c, ledger_orders.c
    reasons = {reason: _STATES.index(state) for reason, state in STATE_OF_SKIP.items()}
    # A sample may have the number of a real order.
    is_sample = sa.and_(log.is_test, log.event_id.startswith(TRIED))
    yield sa.select(
        log.endpoint,
        log.kind,
        sa.case(
            (is_sample, log.event_id),
            else_=sa.func.coalesce(log.order_id, log.event_id),
        ).label("id"),
        log.occurred_at.label("at"),
        log.value_minor,
        log.currency,
        sa.case(
            (log.is_test, _STATES.index(OrderState.TEST)),
            else_=sa.case(reasons, value=log.reason, else_=0),
        ).label("state"),
        sa.literal(1).label("in_log"),
    ).where(
        log.endpoint.in_(endpoints),
        log.occurred_at >= since,
        log.occurred_at < until,
        log.kind.not_in([kind.value for kind in LOCAL_KINDS]),
    )
    states = {state.value: place for place, state in enumerate(_STATES)}
    yield sa.select(
        books.endpoint,
        books.kind,
        books.order_id.label("id"),
        books.occurred_at.label("at"),
        books.value_minor,
        books.currency,
        sa.case(states, value=books.state, else_=0).label("state"),
        sa.literal(0).label("in_log"),
    ).where(
        books.endpoint.in_(endpoints),
        books.occurred_at >= since,
        books.occurred_at < until,
    )
