"""Keep Pinterest's counts, day by day, and give the sums that the board needs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

import sqlalchemy as sa

from forwarder.core.kpi import Counts, KpiDay, Scope
from forwarder.store.engine import Store
from forwarder.store.schema_kpi import (
    kpi_days,
    kpi_imports,
    kpi_pins,
    kpi_revisions,
)
from forwarder.store.schema_pins import kpi_windows
from forwarder.store.upsert import insert_into

ROWS_AT_ONCE = 5000  # each its own transaction: webhooks get their turn in between
ACCOUNT = ""
_COUNTS = ("impressions", "pin_clicks", "outbound_clicks", "saves")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What an import or a fetch changed."""

    n_new: int = 0
    n_changed: int = 0
    n_same: int = 0


def keep(store: Store, days: Iterable[KpiDay], now: datetime) -> Kept:
    """Keep these days; what was told otherwise before is kept as a revision."""
    kept, rest = Kept(), iter(days)
    while part := list(islice(rest, ROWS_AT_ONCE)):
        with store.write() as connection:
            some = _keep_part(connection, part, now)
        kept = Kept(
            n_new=kept.n_new + some.n_new,
            n_changed=kept.n_changed + some.n_changed,
            n_same=kept.n_same + some.n_same,
        )
    return kept


def _keep_part(
    connection: sa.Connection, days: Sequence[KpiDay], now: datetime
) -> Kept:
    known = _known(connection, days)
    new = [day for day in days if (day.pin_id, f"{day.on}") not in known]
    old = [day for day in days if (day.pin_id, f"{day.on}") in known]
    changed = [day for day in old if known[day.pin_id, f"{day.on}"][0] != day.counts]
    told = (*_COUNTS, "is_final")
    other = [
        day
        for day in old
        if known[day.pin_id, f"{day.on}"] != (day.counts, day.is_final)
    ]
    if changed:
        connection.execute(
            sa.insert(kpi_revisions),
            [_revision(day, known[day.pin_id, f"{day.on}"][0], now) for day in changed],
        )
    if rows := [_row(day, now) for day in (*new, *other)]:  # what is so stays untouched
        insert = insert_into(kpi_days, connection)
        statement = insert.on_conflict_do_update(
            index_elements=["pin_id", "on_day"],
            set_={name: insert.excluded[name] for name in (*told, "fetched_at")},
        )
        connection.execute(statement, rows)
        first_on = min(row["on_day"] for row in rows)
        stale = kpi_windows.c.last_on >= first_on
        connection.execute(sa.delete(kpi_windows).where(stale))
    _keep_titles(connection, days)
    return Kept(
        n_new=len(new),
        n_changed=len(changed),
        n_same=len(old) - len(changed),
    )


def _known(
    connection: sa.Connection, days: Sequence[KpiDay]
) -> dict[tuple[str, str], tuple[Counts, bool]]:
    """Return what is there for these days. By day and Pin: a range of the index."""
    c = kpi_days.c
    pins = {day.pin_id for day in days}
    dates = [f"{day.on}" for day in days]
    query = sa.select(
        c.pin_id, c.on_day, c.is_final, *(c[name] for name in _COUNTS)
    ).where(c.on_day.between(min(dates), max(dates)))
    if len(pins) == 1:
        query = query.where(c.pin_id == pins.pop())
    else:
        query = query.where(c.pin_id.between(min(pins), max(pins)))
    wanted = {(day.pin_id, f"{day.on}") for day in days}
    found = {}
    for pin, on, is_final, *counts in connection.execute(query):
        if (pin, on) in wanted:
            found[pin, on] = Counts(*counts), is_final
    return found


def _row(day: KpiDay, now: datetime) -> dict[str, Any]:
    return {
        "pin_id": day.pin_id,
        "on_day": f"{day.on}",
        "is_final": day.is_final,
        "fetched_at": now,
        **_counts(day.counts),
    }


def _revision(day: KpiDay, before: Counts, now: datetime) -> dict[str, Any]:
    return {
        "pin_id": day.pin_id,
        "on_day": f"{day.on}",
        "fetched_at": now,
        **_counts(before),
    }


def _counts(counts: Counts) -> dict[str, int]:
    return {name: getattr(counts, name) for name in _COUNTS}


def _keep_titles(connection: sa.Connection, days: Sequence[KpiDay]) -> None:
    titles = {day.pin_id: day.title for day in days if day.title}
    if not titles:
        return
    statement = insert_into(kpi_pins, connection)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["pin_id"], set_={"title": statement.excluded.title}
        ),
        [{"pin_id": pin, "title": title} for pin, title in titles.items()],
    )


def note_import(
    store: Store, fingerprint: str, scope: Scope, n_rows: int, now: datetime
) -> None:
    """Remember a file, so that the next import of it says so."""
    row = {
        "fingerprint": fingerprint,
        "scope": scope.value,
        "imported_at": now,
        "n_rows": n_rows,
    }
    with store.write() as connection:
        connection.execute(
            insert_into(kpi_imports, store.engine).values(row).on_conflict_do_nothing()
        )


def imported_at(store: Store, fingerprint: str) -> datetime | None:
    """Return when this very file was imported; None if it never was."""
    query = sa.select(kpi_imports.c.imported_at).where(
        kpi_imports.c.fingerprint == fingerprint
    )
    with store.read() as connection:
        found: datetime | None = connection.execute(query).scalar()
    return found


def account_days(store: Store, first: date, last: date) -> dict[date, Counts]:
    """Return the account's final days in a range, both ends included."""
    c = kpi_days.c
    query = sa.select(c.on_day, *(c[name] for name in _COUNTS)).where(
        c.pin_id == ACCOUNT, c.on_day.between(f"{first}", f"{last}"), c.is_final
    )
    return dict(_days(store, query))


def summed_days(store: Store, first: date, last: date) -> dict[date, Counts]:
    """Return, by day, the sum of all Pins: what there is without account totals."""
    c = kpi_days.c
    sums = (sa.func.sum(c[name]) for name in _COUNTS)
    query = (
        sa.select(c.on_day, *sums).where(_final_pins(first, last)).group_by(c.on_day)
    )
    return dict(_days(store, query))


def _final_pins(first: date, last: date) -> sa.ColumnElement[bool]:
    c = kpi_days.c
    return sa.and_(
        c.on_day.between(f"{first}", f"{last}"), c.pin_id != ACCOUNT, c.is_final
    )


def _days(store: Store, query: sa.Select[Any]) -> Iterator[tuple[date, Counts]]:
    with store.read() as connection:
        rows = connection.execute(query).all()
    for on, *counts in rows:
        yield date.fromisoformat(on), Counts(*map(int, counts))


def pin_sums(
    store: Store, first: date, last: date, pins: Sequence[str] | None = None
) -> dict[str, Counts]:
    """Return the final counts of these Pins, or all, over a range of days."""
    c = kpi_days.c
    sums = (sa.func.sum(c[name]) for name in _COUNTS)
    query = (
        sa.select(c.pin_id, *sums).where(_final_pins(first, last)).group_by(c.pin_id)
    )
    if pins is not None:
        query = query.where(c.pin_id.in_(pins))
    with store.read() as connection:
        rows = connection.execute(query).all()
    return {pin: Counts(*map(int, counts)) for pin, *counts in rows}


def most_clicked(store: Store, first: date, last: date, n_pins: int) -> list[str]:
    """Return the Pins with most outbound clicks over a range of days, most first."""
    c = kpi_days.c
    clicks = sa.func.sum(c.outbound_clicks)
    query = (
        sa.select(c.pin_id)
        .where(_final_pins(first, last), c.outbound_clicks > 0)
        .group_by(c.pin_id)
        .order_by(clicks.desc(), c.pin_id)
        .limit(n_pins)
    )
    with store.read() as connection:
        return list(connection.execute(query).scalars())


def clicks_by_day(
    store: Store, pins: Sequence[str], first: date, last: date
) -> Mapping[str, Mapping[date, int]]:
    """Return the outbound clicks a day of these Pins, on final days."""
    c = kpi_days.c
    query = sa.select(c.pin_id, c.on_day, c.outbound_clicks).where(
        c.pin_id.in_(pins), c.on_day.between(f"{first}", f"{last}"), c.is_final
    )
    found: dict[str, dict[date, int]] = {pin: {} for pin in pins}
    span = (first + timedelta(days=n) for n in range((last - first).days + 1))
    days = {f"{day}": day for day in span}
    with store.read() as connection:
        rows = connection.execute(query).all()
    for pin, on, clicks in rows:
        found[pin][days[on]] = clicks
    return found


def titles(store: Store) -> Mapping[str, str]:
    """Return the titles of Pins, where they are known."""
    query = sa.select(kpi_pins.c.pin_id, kpi_pins.c.title)
    with store.read() as connection:
        return dict(connection.execute(query).all())


def days_of(store: Store, pins: Sequence[str], first: date) -> Sequence[KpiDay]:
    """Return the days of these Pins from one on, by day; also those not final."""
    c = kpi_days.c
    query = (
        sa.select(c.pin_id, c.on_day, c.is_final, *(c[name] for name in _COUNTS))
        .where(c.pin_id.in_(pins), c.on_day >= f"{first}")
        .order_by(c.on_day, c.pin_id)
    )
    with store.read() as connection:
        rows = connection.execute(query).all()
    return [
        KpiDay(
            on=date.fromisoformat(on),
            counts=Counts(*counts),
            pin_id=pin,
            is_final=is_final,
        )
        for pin, on, is_final, *counts in rows
    ]


def last_day(store: Store, first: date, last: date) -> date | None:
    """Return the account's last final day in a range; without any, that of its Pins."""
    c = kpi_days.c
    newest = sa.select(sa.func.max(c.on_day))
    within = c.on_day.between(f"{first}", f"{last}")
    of_account = newest.where(c.pin_id == ACCOUNT, within, c.is_final)
    with store.read() as connection:
        found: str | None = (
            connection.execute(of_account).scalar()
            or connection.execute(newest.where(_final_pins(first, last))).scalar()
        )
    return None if found is None else date.fromisoformat(found)


def newest_day(store: Store) -> date | None:
    """Return the last day anything is known of; None before the first import."""
    query = sa.select(sa.func.max(kpi_days.c.on_day))
    with store.read() as connection:
        found: str | None = connection.execute(query).scalar()
    return None if found is None else date.fromisoformat(found)
