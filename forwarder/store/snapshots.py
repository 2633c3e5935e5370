"""Keep what a platform shows day by day, with every number it ever showed.

A number is written once and confirmed while it stays; when the platform revises it, a
second row tells the new one beside the old.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

import msgspec
import sqlalchemy as sa

from forwarder.core.event import Kind
from forwarder.core.reports import Level, Measures, TagDay, TagReport
from forwarder.core.snapshots import (
    ALL_SOURCES,
    TAG_SOURCE,
    DayNumber,
    Quality,
    read_windows,
)
from forwarder.store.engine import Store
from forwarder.store.schema_report import quality_scores, snapshot_days
from forwarder.store.upsert import insert_into

IDS_AT_ONCE = 500  # parameters of one statement
MICRO = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What became of numbers that were pulled."""

    n_new: int
    n_revised: int
    n_same: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A number with the time it was first and last seen.

    `currency` is None when the account's is not known.
    """

    number: DayNumber
    currency: str | None
    taken_at: datetime
    confirmed_at: datetime


def save(
    store: Store,
    destination: str,
    numbers: Sequence[DayNumber],
    currency: str | None,
    now: datetime,
) -> Saved:
    """Keep what was pulled at one time; a number that has not changed is confirmed."""
    if not numbers:
        return Saved(n_new=0, n_revised=0, n_same=0)
    told = {_key(number): number for number in numbers}  # two templates may tell one
    days = [number.on for number in numbers]
    with store.write() as connection:
        known = _latest(connection, destination, min(days), max(days))
        fresh = {key: n for key, n in told.items() if not _is_same(known.get(key), n)}
        same = [known[key].id for key in told.keys() - fresh.keys()]
        if fresh:
            rows = [_row(destination, one, currency, now) for one in fresh.values()]
            connection.execute(sa.insert(snapshot_days), rows)
        _confirm(connection, same, now)
    n_revised = len(fresh.keys() & known.keys())
    return Saved(n_new=len(fresh) - n_revised, n_revised=n_revised, n_same=len(same))


def _confirm(connection: sa.Connection, ids: Sequence[int], now: datetime) -> None:
    for start in range(0, len(ids), IDS_AT_ONCE):
        connection.execute(
            sa.update(snapshot_days)
            .where(snapshot_days.c.id.in_(ids[start : start + IDS_AT_ONCE]))
            .values(confirmed_at=now)
        )


Key = tuple[str, str, str, str]


def _key(number: DayNumber) -> Key:
    rules = str(number.windows)
    return number.source, rules, number.on.isoformat(), number.kind.value


def _latest(
    connection: sa.Connection, destination: str, first_on: date, last_on: date
) -> dict[Key, sa.Row[tuple[object, ...]]]:
    query = _of_days(destination, first_on, last_on).order_by(snapshot_days.c.id)
    return {
        (row.source, row.definitions, row.on_day, row.kind): row
        for row in connection.execute(query)
    }


def _of_days(
    destination: str, first_on: date, last_on: date
) -> sa.Select[tuple[object, ...]]:
    return sa.select(snapshot_days).where(
        snapshot_days.c.destination == destination,
        snapshot_days.c.on_day >= first_on.isoformat(),
        snapshot_days.c.on_day <= last_on.isoformat(),
    )


def _is_same(row: sa.Row[tuple[object, ...]] | None, number: DayNumber) -> bool:
    if row is None:
        return False
    shown: tuple[object, object] = (row.n_conversions, row.value_micro)
    return shown == (number.n, number.value_micro)


def _row(
    destination: str, number: DayNumber, currency: str | None, now: datetime
) -> dict[str, object]:
    return {
        "destination": destination,
        "source": number.source,
        "definitions": str(number.windows),
        "on_day": number.on.isoformat(),
        "kind": number.kind.value,
        "n_conversions": number.n,
        "value_micro": number.value_micro,
        "currency": currency,
        "taken_at": now,
        "confirmed_at": now,
    }


def history(
    store: Store, destination: str, first_on: date, last_on: date
) -> list[Shown]:
    """Return every number that was ever shown for these days, oldest first."""
    of = snapshot_days.c
    query = _of_days(destination, first_on, last_on).order_by(
        of.on_day, of.kind, of.source, of.definitions, of.id
    )
    with store.read() as connection:
        return [_shown(row) for row in connection.execute(query)]


def _shown(row: sa.Row[tuple[object, ...]]) -> Shown:
    number = DayNumber(
        windows=read_windows(row.definitions),
        on=date.fromisoformat(row.on_day),
        kind=Kind(row.kind),
        n=row.n_conversions,
        value_micro=row.value_micro,
        source=row.source,
    )
    return Shown(
        number=number,
        currency=row.currency,
        taken_at=row.taken_at,
        confirmed_at=row.confirmed_at,
    )


def last_day(store: Store, destination: str) -> date | None:
    """Return the newest day that was ever pulled; None when none was."""
    query = sa.select(sa.func.max(snapshot_days.c.on_day)).where(
        snapshot_days.c.destination == destination
    )
    with store.read() as connection:
        found = connection.execute(query).scalar()
    return None if found is None else date.fromisoformat(found)


def tag_side(
    store: Store, destination: str, first_on: date, last_on: date
) -> TagReport | None:
    """Return these days as the report of the tag's side; None when none was pulled.

    The tag's own numbers where a report by source gives them, else those of the
    platform, which count tag and server together. The latest number of each day
    counts; days after the last one pulled are left out of the report's period.
    """
    shown = history(store, destination, first_on, last_on)
    for source in (TAG_SOURCE, ALL_SOURCES):
        mine = [one for one in shown if one.number.source == source]
        if mine:
            return _report(mine)
    return None


def _report(shown: Sequence[Shown]) -> TagReport:
    """Build a report of one source, from the rules that were pulled last."""
    newest = max(shown, key=lambda one: (one.confirmed_at, one.taken_at))
    rules = newest.number.windows
    latest = {
        (one.number.on, one.number.kind): one
        for one in shown
        if one.number.windows == rules
    }
    days = _unbroken([on for on, _ in latest])
    currencies = {one.currency for one in latest.values()}
    currency = currencies.pop() if len(currencies) == 1 else None
    is_tag = newest.number.source == TAG_SOURCE
    return TagReport(
        rows=tuple(
            _tag_day(one.number, has_value=currency is not None)
            for (on, _), one in sorted(latest.items())
            if on in days
        ),
        first_on=min(days),
        last_on=max(days),
        level=Level.ATTRIBUTION,
        measures=Measures.TAG if is_tag else Measures.PLATFORM,
        definitions=rules.definitions,
        currency=currency,
        taken_at=newest.confirmed_at,
    )


def _unbroken(days: Sequence[date]) -> set[date]:
    """Return the newest days without a gap: a day never pulled is not a day of none."""
    known, on = set(days), max(days)
    found = set()
    while on in known:
        found.add(on)
        on -= timedelta(days=1)
    return found


def _tag_day(number: DayNumber, *, has_value: bool) -> TagDay:
    micro = number.value_micro if has_value else None
    return TagDay(
        on=number.on,
        kind=number.kind,
        count=number.n,
        value=None if micro is None else Decimal(micro) / MICRO,
    )


def save_quality(
    store: Store, destination: str, scores: Sequence[Quality], on: date
) -> None:
    """Keep the event quality of a day; what was kept for the day before is replaced."""
    if not scores:
        return
    insert = insert_into(quality_scores, store.engine)
    statement = insert.on_conflict_do_update(
        index_elements=["destination", "taken_on", "source", "platform", "lookback"],
        set_={
            "status": insert.excluded.status,
            "components": insert.excluded.components,
        },
    )
    rows = [_score(destination, score, on) for score in scores]
    with store.write() as connection:
        connection.execute(statement, rows)


def _score(destination: str, score: Quality, on: date) -> dict[str, object]:
    return {
        "destination": destination,
        "taken_on": on.isoformat(),
        "source": score.source,
        "platform": score.platform,
        "lookback": score.lookback,
        "status": score.status,
        "components": msgspec.json.encode(score.components),
    }


def load_quality(
    store: Store, destination: str, last_on: date
) -> tuple[date, list[Quality]] | None:
    """Return the newest event quality up to a day, with its day; None when none."""
    of = quality_scores.c
    mine = sa.and_(of.destination == destination, of.taken_on <= last_on.isoformat())
    newest = sa.select(sa.func.max(of.taken_on)).where(mine).scalar_subquery()
    query = (
        sa.select(quality_scores)
        .where(mine, of.taken_on == newest)
        .order_by(of.source, of.platform, of.lookback)
    )
    with store.read() as connection:
        found = connection.execute(query).all()
    if not found:
        return None
    return date.fromisoformat(found[0].taken_on), [
        Quality(
            source=row.source,
            platform=row.platform,
            lookback=row.lookback,
            status=row.status,
            components=msgspec.json.decode(row.components),
        )
        for row in found
    ]
