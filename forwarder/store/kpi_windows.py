"""Sums of each Pin over a window of days, kept so that a board need not add them up.

Over 5,000 Pins a window of 28 days is 140,000 rows and one of 90 days 450,000: most
of a second. Those of the months that are offered are made after a pull or an import,
and forgotten with the transaction that changes one of their days; then they are added
up anew, until somebody makes them again.
"""

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Final

import sqlalchemy as sa

from forwarder.core.kpi import Counts
from forwarder.store import kpi
from forwarder.store.engine import Store
from forwarder.store.schema_pins import kpi_sums, kpi_windows

ROWS_AT_ONCE: Final = 1000  # each its own transaction: webhooks get their turn


def window_sums(store: Store, last_on: date, n_days: int) -> Mapping[str, Counts]:
    """Return the final counts of each Pin over the days that end with one."""
    window = _number(store, last_on, n_days)
    if window is None:
        return kpi.pin_sums(store, first_of(last_on, n_days), last_on)
    c = kpi_sums.c
    query = sa.select(
        c.pin_id, c.impressions, c.pin_clicks, c.outbound_clicks, c.saves
    ).where(c.window == window)
    with store.read() as connection:
        rows = connection.execute(query).all()
    return {pin: Counts(*counts) for pin, *counts in rows}


def most_clicked(store: Store, last_on: date, n_days: int, n_pins: int) -> list[str]:
    """Return the Pins with most outbound clicks over those days, most first."""
    window = _number(store, last_on, n_days)
    if window is None:
        first_on = first_of(last_on, n_days)
        return kpi.most_clicked(store, first_on, last_on, n_pins)
    c = kpi_sums.c
    query = (
        sa.select(c.pin_id)
        .where(c.window == window, c.outbound_clicks > 0)
        .order_by(c.outbound_clicks.desc(), c.pin_id)
        .limit(n_pins)
    )
    with store.read() as connection:
        return list(connection.execute(query).scalars())


def first_of(last_on: date, n_days: int) -> date:
    """Return the first of so many days that end with one."""
    return last_on - timedelta(days=n_days - 1)


def _number(store: Store, last_on: date, n_days: int) -> int | None:
    c = kpi_windows.c
    query = sa.select(c.id).where(
        c.last_on == f"{last_on}", c.n_days == n_days, c.is_made
    )
    with store.read() as connection:
        found: int | None = connection.execute(query).scalar()
    return found


def make(store: Store, wanted: Collection[tuple[date, int]]) -> int:
    """Add these windows up, unless they are there; return how many were made now.

    Shape: the last day and the number of days of each. All others are forgotten.
    """
    _forget_but(store, wanted)
    return sum(_make(store, last_on, n_days) for last_on, n_days in wanted)


def _forget_but(store: Store, wanted: Collection[tuple[date, int]]) -> None:
    """Remove the windows that nobody wants any more, and the sums of those gone."""
    c = kpi_windows.c
    ours = [(f"{last_on}", n_days) for last_on, n_days in wanted]
    with store.write() as connection:
        connection.execute(
            sa.delete(kpi_windows).where(sa.tuple_(c.last_on, c.n_days).not_in(ours))
        )
        connection.execute(
            sa.delete(kpi_sums).where(kpi_sums.c.window.not_in(sa.select(c.id)))
        )


def _make(store: Store, last_on: date, n_days: int) -> bool:
    """Make a window that is not there; tell whether it was made.

    False as well where a day of it changed meanwhile: then it is not kept.
    """
    if _number(store, last_on, n_days) is not None:
        return False
    window = _begin(store, last_on, n_days)
    sums = kpi.pin_sums(store, first_of(last_on, n_days), last_on)
    rows = [
        {
            "window": window,
            "pin_id": pin,
            "impressions": one.impressions,
            "pin_clicks": one.pin_clicks,
            "outbound_clicks": one.outbound_clicks,
            "saves": one.saves,
        }
        for pin, one in sums.items()
    ]
    for start in range(0, len(rows), ROWS_AT_ONCE):
        with store.write() as connection:
            connection.execute(sa.insert(kpi_sums), rows[start : start + ROWS_AT_ONCE])
    return _end(store, window)


def _begin(store: Store, last_on: date, n_days: int) -> int:
    row = {"last_on": f"{last_on}", "n_days": n_days, "is_made": False}
    made = sa.insert(kpi_windows).values(row).returning(kpi_windows.c.id)
    with store.write() as connection:
        window: int = connection.execute(made).scalar_one()
    return window


def _end(store: Store, window: int) -> bool:
    """Show the window, if no day of it changed: that would have removed its line."""
    statement = (
        sa.update(kpi_windows).where(kpi_windows.c.id == window).values(is_made=True)
    )
    return store.commit(lambda connection: connection.execute(statement).rowcount > 0)
