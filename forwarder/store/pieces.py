"""One piece of a job: the deliveries and the job change together, or not at all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from forwarder.store import jobs, quarantine
from forwarder.store import replay as rows
from forwarder.store.arrival import Arrival, rows_of
from forwarder.store.engine import Store
from forwarder.store.inbox import insert
from forwarder.store.jobs import Job, Piece
from forwarder.store.quarantine import Held

CHANGED = "changed"  # something else had become of it by the time its turn came
UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a piece may hold; `paid` says from when on more is granted."""

    n_max: int
    now: datetime
    paid: Callable[[int], datetime]


def replay_piece(
    store: Store, job: Job, oldest: Mapping[str, datetime], limits: Limits
) -> Job | None:
    """Set the next deliveries back; None when none is left or the job is not ours."""
    where = rows.ready(job.scope, oldest, limits.now)

    def change(connection: sa.Connection, ids: Sequence[int]) -> int:
        return rows.set_back(connection, ids, where, limits.now)

    return _piece(store, job, limits, where, change)


def discard_piece(store: Store, job: Job, limits: Limits) -> Job | None:
    """Give the next deliveries up; None when none is left or the job is not ours."""
    where = rows.open_ones(job.scope)

    def change(connection: sa.Connection, ids: Sequence[int]) -> int:
        return rows.give_up(connection, ids, where, limits.now, job.reason)

    return _piece(store, job, limits, where, change)


def _piece(
    store: Store,
    job: Job,
    limits: Limits,
    where: Sequence[sa.ColumnElement[bool]],
    change: Callable[[sa.Connection, Sequence[int]], int],
) -> Job | None:
    ids = rows.next_ids(store, where, job.cursor, job.last_id, limits.n_max)
    if not ids:
        _finish(store, job, limits.now)
        return None
    with store.write() as connection:
        if not jobs.hold(connection, job, limits.now):
            return None
        piece = Piece(
            n_done=change(connection, ids),
            cursor=ids[-1],
            skipped=job.skipped,
            not_before=limits.paid(len(ids)),
        )
        return jobs.record(connection, job, piece)


def reparse_piece(
    store: Store,
    job: Job,
    read: Sequence[tuple[Held, Arrival | None]],
    limits: Limits,
) -> Job | None:
    """Let the notices go that can be read; None when none is left."""
    if not read:
        _finish(store, job, limits.now)
        return None
    good = [(held, arrival) for held, arrival in read if arrival is not None]
    n_unreadable = job.skipped.get(UNREADABLE, 0) + len(read) - len(good)
    with store.write() as connection:
        if not jobs.hold(connection, job, limits.now):
            return None
        for held, arrival in good:
            quarantine.let_go(connection, store, held, arrival)
        piece = Piece(
            n_done=len(good),
            cursor=read[-1][0].id,
            skipped={**job.skipped, UNREADABLE: n_unreadable},
            not_before=limits.paid(len(read)),
        )
        return jobs.record(connection, job, piece)


def import_piece(
    store: Store,
    job: Job,
    arrivals: Sequence[Arrival],
    counts: Mapping[str, int],
    now: datetime,
) -> Job | None:
    """Take in what a shop told and note all counts so far; None: not our job any more.

    An event that came by webhook meanwhile is not counted again.
    """
    written = [rows_of(store, arrival) for arrival in arrivals]
    with store.write() as connection:
        if not jobs.hold(connection, job, now):
            return None
        piece = Piece(
            n_done=sum(insert(connection, one).accepted for one in written),
            cursor=job.cursor,
            skipped=counts,
            not_before=job.not_before,
        )
        return jobs.record(connection, job, piece)


def _finish(store: Store, job: Job, now: datetime) -> None:
    """End the job; what was planned and is not accounted for has changed meanwhile."""
    n_changed = job.n_planned - job.n_done - job.skipped.get(UNREADABLE, 0)
    skipped = {**job.skipped, CHANGED: n_changed} if n_changed > 0 else job.skipped
    jobs.finish(store, job, now, {kind: n for kind, n in skipped.items() if n})
