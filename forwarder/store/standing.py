"""How the standing of a destination changes: step by step, by whoever comes first."""

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from forwarder.store.engine import Store
from forwarder.store.health import (
    ACTIVE,
    BLOCKED,
    HALF_OPEN,
    OPEN,
    Health,
    write_health,
)
from forwarder.store.schema import Moment, destinations
from forwarder.store.upsert import insert_into

_IS_BROKEN = destinations.c.state.in_([OPEN, HALF_OPEN])


def change_health(
    store: Store, name: str, step: Callable[[Health | None], Health]
) -> tuple[Health | None, Health]:
    """Take one step from what is known now; return what was known, and what is.

    Two workers that change it at once do so one after the other.
    """
    query = sa.select(destinations).where(destinations.c.name == name)
    with store.write() as connection:
        row = connection.execute(query.with_for_update()).mappings().first()
        known = None if row is None else Health(**row)
        found = step(known)
        if found != known:
            write_health(store, connection, found)
    return known, found


def take_probe(
    store: Store, name: str, now: datetime, until: datetime
) -> Health | None:
    """Let one caller ask whether a destination is well again; None to all others.

    Who asks has until then; after that the next may.
    """
    is_open = destinations.c.state == OPEN
    statement = (
        sa.update(destinations)
        .where(
            destinations.c.name == name,
            destinations.c.state.in_([BLOCKED, OPEN, HALF_OPEN]),
            destinations.c.not_before <= now,
        )
        .values(
            not_before=until,
            state=sa.case((is_open, HALF_OPEN), else_=destinations.c.state),
            since=sa.case(
                (is_open, sa.bindparam("at", now, Moment())),
                else_=destinations.c.since,
            ),
        )
        .returning(*destinations.c)
    )
    with store.write() as connection:
        row = connection.execute(statement).mappings().first()
    return None if row is None else Health(**row)


def give_back_probe(store: Store, name: str, until: datetime, now: datetime) -> None:
    """Undo `take_probe`, unless more was learned or told of the destination since."""
    with store.write() as connection:
        connection.execute(
            sa.update(destinations)
            .where(destinations.c.name == name, destinations.c.not_before == until)
            .values(not_before=now)
        )


def pause(store: Store, name: str, who: str, reason: str, now: datetime) -> bool:
    """Leave a destination alone until a person resumes it; False if it is paused.

    What comes for it meanwhile is kept.
    """
    fresh = {"state": ACTIVE, "reason": "", "message": "", "credential": ""}
    row = {"name": name, "since": now, **fresh}
    with store.write() as connection:
        connection.execute(
            insert_into(destinations, connection).values(row).on_conflict_do_nothing()
        )
        result = connection.execute(
            sa.update(destinations)
            .where(destinations.c.name == name, destinations.c.paused_at.is_(None))
            .values(paused_at=now, paused_by=who, pause_reason=reason)
        )
    return bool(result.rowcount)


def resume(store: Store, name: str, now: datetime) -> bool:
    """End a person's pause and have the platform tried at once; False if nothing was.

    A pause that the platform asked for itself stays.
    """
    is_ill = sa.or_(_IS_BROKEN, destinations.c.state == BLOCKED)
    with store.write() as connection:
        result = connection.execute(
            sa.update(destinations)
            .where(
                destinations.c.name == name,
                sa.or_(destinations.c.paused_at.is_not(None), is_ill),
            )
            .values(
                paused_at=None,
                paused_by="",
                pause_reason="",
                not_before=sa.case(
                    (is_ill, sa.bindparam("at", now, Moment())),
                    else_=destinations.c.not_before,
                ),
            )
        )
    return bool(result.rowcount)
