"""Keep clicks once, count them by day, and give the counts."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

import sqlalchemy as sa

from forwarder.core.links import Click, ClickClass
from forwarder.store.engine import Store
from forwarder.store.schema_clicks import click_counts, clicks
from forwarder.store.upsert import insert_into

AT_ONCE = 300  # one transaction, which webhooks wait for: about 10 ms
FORGET_AT_ONCE = 500
FORGET_BATCHES = 40
# Raised for what a click holds, whenever it comes again.
OF_A_CLICK = (sa.exc.DataError, sa.exc.IntegrityError, OverflowError)


def keep(store: Store, found: Sequence[Click]) -> int:
    """Keep the clicks that are not there yet; return how many.

    Raises: StoreDown, and of `OF_A_CLICK` for one that can not be kept; then all that
    came before its part of `AT_ONCE` is kept.
    """
    n_new = 0
    for start in range(0, len(found), AT_ONCE):
        part = found[start : start + AT_ONCE]
        with store.write() as connection:
            n_new += _keep_part(connection, part)
    return n_new


def _keep_part(connection: sa.Connection, part: Sequence[Click]) -> int:
    # Within a file no id comes twice, so what was there before decides.
    ids = [click.id for click in part]
    known = set(
        connection.execute(sa.select(clicks.c.id).where(clicks.c.id.in_(ids))).scalars()
    )
    new = {click.id: click for click in part if click.id not in known}
    if not new:
        return 0
    connection.execute(
        insert_into(clicks, connection).on_conflict_do_nothing(index_elements=["id"]),
        [_row(click) for click in new.values()],
    )
    _count(connection, new.values())
    return len(new)


def _row(click: Click) -> dict[str, object]:
    told = {column.name: getattr(click, column.name) for column in clicks.columns}
    return told | {"kind": click.kind.value, "device": click.device.value}


def _count(connection: sa.Connection, new: Iterable[Click]) -> None:
    counts = Counter(
        (click.slug, f"{click.at:%Y-%m-%d}", click.kind.value, click.is_landing)
        for click in new
    )
    insert = insert_into(click_counts, connection)
    adds = insert.on_conflict_do_update(
        index_elements=["slug", "on_day", "kind"],
        set_={
            "n": click_counts.c.n + insert.excluded.n,
            "n_landings": click_counts.c.n_landings + insert.excluded.n_landings,
        },
    )
    rows = [
        {
            "slug": slug,
            "on_day": on_day,
            "kind": kind,
            "n": n,
            "n_landings": n if is_landing else 0,
        }
        for (slug, on_day, kind, is_landing), n in counts.items()
    ]
    for row in rows:  # one statement may not touch a row twice
        connection.execute(adds, row)


def counts(
    store: Store, since: date | None = None, until: date | None = None
) -> Mapping[str, Mapping[ClickClass, int]]:
    """Return the clicks of each link by class, of all time or of the days given."""
    query = sa.select(
        click_counts.c.slug,
        click_counts.c.kind,
        sa.cast(sa.func.sum(click_counts.c.n), sa.BigInteger).label("n"),
    ).group_by(click_counts.c.slug, click_counts.c.kind)
    if since is not None:
        query = query.where(click_counts.c.on_day >= since.isoformat())
    if until is not None:
        query = query.where(click_counts.c.on_day <= until.isoformat())
    with store.read() as connection:
        rows = connection.execute(query).all()
    found: dict[str, dict[ClickClass, int]] = {}
    for row in rows:
        found.setdefault(row.slug, {})[ClickClass(row.kind)] = row.n
    return found


def days(store: Store, first: date, last: date) -> set[tuple[str, date]]:
    """Return on which of some days people clicked each link, both included."""
    of = click_counts.c
    query = sa.select(of.slug, of.on_day).where(
        of.on_day.between(first.isoformat(), last.isoformat()),
        of.kind == ClickClass.HUMAN.value,
    )
    with store.read() as connection:
        rows = connection.execute(query).all()
    return {(row.slug, date.fromisoformat(row.on_day)) for row in rows}


def forget(store: Store, people: datetime, others: datetime) -> int:
    """Clear clicks of people and of others from before a time; return how many.

    Limits: 20,000 a call; the rest waits for the next one. The counts stay.
    """
    is_person = clicks.c.kind == ClickClass.HUMAN.value
    is_over = sa.or_(
        clicks.c.at < people, sa.and_(clicks.c.at < others, sa.not_(is_person))
    )
    old = sa.select(clicks.c.id).where(is_over).limit(FORGET_AT_ONCE)
    clear = sa.delete(clicks).where(clicks.c.id.in_(old))
    n_cleared = 0
    for _ in range(FORGET_BATCHES):
        with store.write() as connection:
            n = connection.execute(clear).rowcount
        n_cleared += n
        if n < FORGET_AT_ONCE:
            break
    return n_cleared
