"""Keep what Pinterest tells of Pins, boards and kinds of app, beside the counts."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import sqlalchemy as sa

from forwarder.core.kpi import Board, Counts, DeviceDay, PinFacts
from forwarder.store.engine import Store
from forwarder.store.schema_kpi import kpi_pins
from forwarder.store.schema_pins import kpi_boards, kpi_devices, kpi_pin_facts
from forwarder.store.upsert import insert_into

ROWS_AT_ONCE: Final = 1000
COUNTS: Final = ("impressions", "pin_clicks", "outbound_clicks", "saves")


def keep_facts(store: Store, found: Sequence[PinFacts], now: datetime) -> None:
    """Keep what is told of Pins; the latest word counts, a title stays if untold."""
    facts = [
        {
            "pin_id": one.pin_id,
            "created_on": None if one.created_on is None else f"{one.created_on}",
            "pin_format": one.pin_format,
            "board_id": one.board_id,
            "page": one.page,
            "taken_at": now,
        }
        for one in found
    ]
    titles = [{"pin_id": one.pin_id, "title": one.title} for one in found if one.title]
    _upsert(store, kpi_pin_facts, facts)
    _upsert(store, kpi_pins, titles)


def keep_boards(store: Store, found: Sequence[Board], now: datetime) -> None:
    """Keep the boards as they are now; one that is gone keeps its last word."""
    rows = [
        {
            "board_id": one.board_id,
            "name": one.name,
            "n_pins": one.n_pins,
            "taken_at": now,
        }
        for one in found
    ]
    _upsert(store, kpi_boards, rows)


def keep_devices(store: Store, days: Sequence[DeviceDay], now: datetime) -> None:
    """Keep the account's days by kind of app; the latest word on a day counts."""
    rows = [
        {
            "on_day": f"{one.on}",
            "device": one.device,
            "is_final": one.is_final,
            "fetched_at": now,
            **{name: getattr(one.counts, name) for name in COUNTS},
        }
        for one in days
    ]
    _upsert(store, kpi_devices, rows)


def _upsert(store: Store, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    insert = insert_into(table, store.engine)
    keys = [column.name for column in table.primary_key]
    statement = insert.on_conflict_do_update(
        index_elements=keys,
        set_={
            column.name: insert.excluded[column.name]
            for column in table.columns
            if column.name not in keys
        },
    )
    for start in range(0, len(rows), ROWS_AT_ONCE):
        with store.write() as connection:
            connection.execute(statement, rows[start : start + ROWS_AT_ONCE])


def facts(store: Store) -> Mapping[str, PinFacts]:
    """Return what is known of each Pin but its title, by its id."""
    c = kpi_pin_facts.c
    query = sa.select(c.pin_id, c.created_on, c.pin_format, c.board_id, c.page)
    with store.read() as connection:
        rows = connection.execute(query).all()
    # Many Pins share a day, and to read one takes as long as all else of its Pin.
    told = {on for _, on, _, _, _ in rows if on is not None}
    days = {text: date.fromisoformat(text) for text in told}
    return {
        pin: PinFacts(pin, "", days.get(created_on), pin_format, board, page)
        for pin, created_on, pin_format, board, page in rows
    }


def boards(store: Store) -> Sequence[Board]:
    """Return the boards by name."""
    query = sa.select(kpi_boards).order_by(kpi_boards.c.name, kpi_boards.c.board_id)
    with store.read() as connection:
        rows = connection.execute(query).all()
    return [
        Board(board_id=row.board_id, name=row.name, n_pins=row.n_pins) for row in rows
    ]


def device_sums(store: Store, first: date, last: date) -> Mapping[str, Counts]:
    """Return the account's final counts over a range of days, by kind of app."""
    c = kpi_devices.c
    sums = (sa.func.sum(c[name]) for name in COUNTS)
    query = (
        sa.select(c.device, *sums)
        .where(c.on_day.between(f"{first}", f"{last}"), c.is_final)
        .group_by(c.device)
        .order_by(c.device)
    )
    with store.read() as connection:
        rows = connection.execute(query).all()
    return {device: Counts(*map(int, counts)) for device, *counts in rows}
