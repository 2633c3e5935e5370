"""Seal again, with the first data key, what an older one has sealed.

A few rows at a time, so that nobody waits for it, and from where it was left: what is
sealed anew does not match any more, so beginning again costs a look and no work.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forwarder.core import failpoints
from forwarder.store.engine import Store
from forwarder.store.identity import (
    click_identity,
    delivery_identity,
    notice_identity,
    payload_identity,
)
from forwarder.store.schema import bodies, deliveries, notices, payloads
from forwarder.store.schema_clicks import clicks
from forwarder.store.seal import KEY_ID_BYTES, Unopenable

WINDOW = 500  # rows looked at in one step
SAMPLES = 20  # values of each key in each table

Row = sa.Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A table with sealed values: its key, and what a value is bound to."""

    table: sa.Table
    number: sa.Column[Any]
    query: sa.Select[Any]
    identity: Callable[[Row], str]


_OF_DELIVERY = (deliveries.c.destination, deliveries.c.kind, deliveries.c.event_id)
_TABLES = (
    _Sealed(
        notices,
        notices.c.id,
        sa.select(
            notices.c.id, notices.c.sealed, notices.c.endpoint, notices.c.delivery_key
        ),
        lambda row: notice_identity(row.endpoint, row.delivery_key),
    ),
    _Sealed(
        bodies,
        bodies.c.delivery_id,
        sa.select(
            bodies.c.delivery_id.label("id"), bodies.c.sealed, *_OF_DELIVERY
        ).join(deliveries, deliveries.c.id == bodies.c.delivery_id),
        lambda row: delivery_identity(row.destination, row.kind, row.event_id),
    ),
    _Sealed(
        payloads,
        payloads.c.delivery_id,
        sa.select(
            payloads.c.delivery_id.label("id"), payloads.c.sealed, *_OF_DELIVERY
        ).join(deliveries, deliveries.c.id == payloads.c.delivery_id),
        lambda row: payload_identity(row.destination, row.kind, row.event_id),
    ),
    _Sealed(
        clicks,
        clicks.c.id,
        sa.select(clicks.c.id, clicks.c.sealed),
        lambda row: click_identity(row.id),
    ),
)


@dataclass(frozen=True, slots=True)
class Place:
    """How far a pass has come: the table, and the key of its last row.

    `after` None: at the beginning of the table.
    """

    table: int = 0
    after: int | str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did. `place` is None at the end of the pass."""

    place: Place | None
    n_sealed: int
    n_stuck: int  # no data key opens them


def step(store: Store, place: Place, now: datetime) -> Step:
    """Seal anew what an older key has sealed in the next few rows."""
    sealed = _TABLES[place.table]
    first = bytes.fromhex(store.sealer.key_ids[0])
    column = sealed.table.c.sealed
    with store.read() as connection:
        last = _last_of_window(connection, sealed, place.after)
        if last is None:
            return Step(_next_table(place), 0, 0)
        query = sealed.query.where(
            *_after(sealed, place.after),
            sealed.number <= last,
            column.is_not(None),
            _key_id_of(column) != first,
        )
        rows = connection.execute(query).all()
    n_sealed, n_stuck = _seal_again(store, sealed, rows, now) if rows else (0, 0)
    failpoints.reach("mid_rotation")
    return Step(Place(place.table, last), n_sealed, n_stuck)


def _next_table(place: Place) -> Place | None:
    is_last = place.table + 1 == len(_TABLES)
    return None if is_last else Place(place.table + 1)


def _after(sealed: _Sealed, after: int | str | None) -> list[sa.ColumnElement[bool]]:
    return [] if after is None else [sealed.number > after]


def _last_of_window(
    connection: sa.Connection, sealed: _Sealed, after: int | str | None
) -> int | str | None:
    """Return the key of the last row to look at; None when there is no row left."""
    window = (
        sa.select(sealed.number)
        .where(*_after(sealed, after))
        .order_by(sealed.number)
        .limit(WINDOW)
        .subquery()
    )
    found: int | str | None = connection.execute(
        sa.select(sa.func.max(window.c[0]))
    ).scalar()
    return found


def _key_id_of(column: sa.Column[Any]) -> sa.Function[bytes]:
    return sa.func.substr(column, 1, KEY_ID_BYTES, type_=sa.LargeBinary)


def _seal_again(
    store: Store, sealed: _Sealed, rows: Sequence[Row], now: datetime
) -> tuple[int, int]:
    values = []
    for row in rows:
        identity = sealed.identity(row)
        try:
            clear = store.sealer.open(row.sealed, identity)
        except Unopenable:
            continue
        fresh = store.sealer.seal(clear, identity, now)
        values.append({"row": row.id, "old": row.sealed, "fresh": fresh})
    if values:
        _write(store, sealed, values)
    return len(values), len(rows) - len(values)


def _write(store: Store, sealed: _Sealed, values: list[dict[str, object]]) -> None:
    # Only what nobody changed meanwhile: it may have been cleared, or looked up.
    statement = (
        sa.update(sealed.table)
        .where(
            sealed.number == sa.bindparam("row"),
            sealed.table.c.sealed == sa.bindparam("old"),
        )
        .values(sealed=sa.bindparam("fresh"))
    )
    with store.write() as connection:
        connection.execute(statement, values)


def count_by_key(store: Store) -> Mapping[str, int]:
    """Return how many sealed values there are of each key, by its name."""
    counts: dict[str, int] = {}
    for sealed in _TABLES:
        key_id = _key_id_of(sealed.table.c.sealed)
        query = sa.select(key_id, sa.func.count()).group_by(sa.literal_column("1"))
        with store.read() as connection:
            rows = connection.execute(
                query.where(sealed.table.c.sealed.is_not(None))
            ).all()
        for found, n in rows:
            name = bytes(found).hex()
            counts[name] = counts.get(name, 0) + n
    return counts


def try_samples(store: Store) -> tuple[int, int]:
    """Open the newest sealed values of each key in each table.

    Shape: how many were tried, and how many of them no data key opens.
    """
    n_tried = n_stuck = 0
    for sealed in _TABLES:
        for key_id in _keys_of(store, sealed):
            query = sealed.query.where(_key_id_of(sealed.table.c.sealed) == key_id)
            newest = query.order_by(sealed.number.desc()).limit(SAMPLES)
            with store.read() as connection:
                rows = connection.execute(newest).all()
            n_tried += len(rows)
            n_stuck += sum(not _opens(store, sealed, row) for row in rows)
    return n_tried, n_stuck


def _keys_of(store: Store, sealed: _Sealed) -> list[bytes]:
    key_id = _key_id_of(sealed.table.c.sealed)
    query = sa.select(key_id).distinct().where(sealed.table.c.sealed.is_not(None))
    with store.read() as connection:
        return [bytes(one) for one in connection.execute(query).scalars()]


def _opens(store: Store, sealed: _Sealed, row: Row) -> bool:
    try:
        store.sealer.open(row.sealed, sealed.identity(row))
    except Unopenable:
        return False
    return True
