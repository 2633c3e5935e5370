"""Jobs: what an operator asked to be done to many, piece by piece, by any worker.

Who takes a job gets a turn, a number higher than any before, and a lease. Each piece is
one transaction that changes the deliveries and the job together: a worker that dies
leaves neither done twice nor half, and one that comes back late changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec
import sqlalchemy as sa

from forwarder.store.engine import Store
from forwarder.store.log import ID_MAX, Filter
from forwarder.store.schema_jobs import jobs

LEASE = timedelta(seconds=30)
GRANTED = timedelta(seconds=1)
PAGE = 50


class JobKind(StrEnum):
    """What is done to each delivery, to each held webhook, or at a shop."""

    REPLAY = "replay"
    REPARSE = "reparse"
    DISCARD = "discard"
    ASK = "ask"  # the shop tells what happened; counted, and nothing is written
    IMPORT = "import"  # the same, and what is missing is taken in


OF_DELIVERIES = ("replay", "reparse", "discard")
OF_SHOPS = ("ask", "import")  # slow: foreign APIs answer


class State(StrEnum):
    """Where a job stands."""

    PLANNED = "planned"  # counted, and waits for a worker
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


OPEN = jobs.c.state.in_([sa.literal_column(f"'{s}'") for s in ("planned", "running")])


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which deliveries a job is about; of a shop, `what` it is asked and since when.

    What was delivered or skipped has ended well, and is left alone unless the filter
    names its status or its reason, or `include_final` is set.
    """

    wanted: Filter = field(default_factory=Filter)
    include_final: bool = False
    what: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A job as it is asked for. `rate_per_s` None: as fast as it goes."""

    kind: JobKind
    scope: Scope
    who: str
    reason: str
    n_planned: int
    skipped: Mapping[str, int]
    last_id: int
    rate_per_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job and how far it is.

    `n_done` of `n_planned` were worked on; `skipped` counts what was left alone, by
    reason, or what a shop told. All up to `cursor` is done; above `last_id` came later.
    """

    id: int
    kind: JobKind
    scope: Scope
    reason: str
    who: str
    state: State
    message: str
    n_planned: int
    n_done: int
    skipped: Mapping[str, int]
    rate_per_s: int | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    cursor: int
    last_id: int
    turn: int
    not_before: datetime

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be done."""
        return self.state not in {State.PLANNED, State.RUNNING}


_JOB = [jobs.c["filter" if n == "scope" else n].label(n) for n in Job.__slots__]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What one transaction of a job did."""

    n_done: int
    cursor: int
    skipped: Mapping[str, int]
    not_before: datetime


def add(store: Store, new: NewJob, now: datetime) -> Job:
    """Write a job down; the next worker that looks begins it."""
    with store.write() as connection:
        return insert(connection, new, now)


def insert(connection: sa.Connection, new: NewJob, now: datetime) -> Job:
    """Do the same within a transaction."""
    row = {
        "kind": new.kind.value,
        "filter": msgspec.json.encode(new.scope).decode(),
        "reason": new.reason,
        "who": new.who,
        "state": State.PLANNED.value,
        "message": "",
        "n_planned": new.n_planned,
        "n_done": 0,
        "skipped": msgspec.json.encode(new.skipped).decode(),
        "rate_per_s": new.rate_per_s,
        "created_at": now,
        "cursor": 0,
        "last_id": new.last_id,
        "turn": 0,
        "not_before": now - GRANTED,  # the first second is granted
    }
    found = connection.execute(sa.insert(jobs).values(row).returning(*_JOB))
    return _job(found.mappings().one())


def _job(row: sa.RowMapping) -> Job:
    fields: dict[str, Any] = dict(row)
    fields["kind"] = JobKind(fields["kind"])
    fields["state"] = State(fields["state"])
    fields["scope"] = msgspec.json.decode(fields["scope"], type=Scope)
    fields["skipped"] = msgspec.json.decode(fields["skipped"], type=dict[str, int])
    return Job(**fields)


def find(store: Store, job_id: int) -> Job | None:
    """Return a job by its number; None when there is none."""
    if not 0 < job_id <= ID_MAX:
        return None
    query = sa.select(*_JOB).where(jobs.c.id == job_id)
    with store.read() as connection:
        row = connection.execute(query).mappings().first()
    return None if row is None else _job(row)


def list_jobs(
    store: Store,
    n_max: int = PAGE,
    before_id: int | None = None,
    only: Sequence[sa.ColumnElement[bool]] = (),
) -> Sequence[Job]:
    """Return jobs, newest first."""
    query = sa.select(*_JOB).where(*only).order_by(jobs.c.id.desc()).limit(n_max)
    if before_id is not None:
        query = query.where(jobs.c.id < before_id)
    with store.read() as connection:
        return [_job(row) for row in connection.execute(query).mappings()]


def cancel(store: Store, job_id: int, now: datetime) -> bool:
    """End a job after the piece in hand; False when it is over or not there."""
    if not 0 < job_id <= ID_MAX:
        return False
    with store.write() as connection:
        result = connection.execute(
            sa.update(jobs)
            .where(jobs.c.id == job_id, OPEN)
            .values(state=State.CANCELLED.value, ended_at=now, lease_until=None)
        )
    return bool(result.rowcount)


def take(
    store: Store,
    now: datetime,
    job_id: int | None = None,
    kinds: Sequence[str] = OF_DELIVERIES,
) -> Job | None:
    """Lease the oldest job of these kinds that may go on; None when there is none.

    One with a rate may when it has been granted a second's worth of deliveries.
    """
    may_go_on = [
        OPEN,
        jobs.c.kind.in_(kinds),
        sa.or_(jobs.c.lease_until.is_(None), jobs.c.lease_until <= now),
        sa.or_(jobs.c.rate_per_s.is_(None), jobs.c.not_before <= now - GRANTED),
    ]
    if job_id is not None:
        may_go_on.append(jobs.c.id == job_id)
    chosen = sa.select(jobs.c.id).where(*may_go_on).order_by(jobs.c.id).limit(1)
    with store.read() as connection:  # spares an idle tick the write lock
        if connection.execute(chosen).first() is None:
            return None
    statement = (
        sa.update(jobs)
        .where(jobs.c.id.in_(chosen.with_for_update(skip_locked=True)))
        .values(
            turn=jobs.c.turn + 1,
            lease_until=now + LEASE,
            state=State.RUNNING.value,
            started_at=sa.func.coalesce(
                jobs.c.started_at, sa.bindparam("began", now, jobs.c.started_at.type)
            ),
        )
        .returning(*_JOB)
    )
    with store.write() as connection:
        row = connection.execute(statement).mappings().first()
    return None if row is None else _job(row)


def hold(connection: sa.Connection, job: Job, now: datetime) -> bool:
    """Say whether the job is still ours, and keep it so until the transaction ends."""
    result = connection.execute(
        sa.update(jobs).where(*_ours(job)).values(lease_until=now + LEASE)
    )
    return bool(result.rowcount)


def _ours(job: Job) -> tuple[sa.ColumnElement[bool], ...]:
    running = jobs.c.state == State.RUNNING.value
    return (jobs.c.id == job.id, jobs.c.turn == job.turn, running)


def record(connection: sa.Connection, job: Job, piece: Piece) -> Job:
    """Write down what a piece did, in its transaction; return the job as it is then."""
    statement = (
        sa.update(jobs)
        .where(*_ours(job))
        .values(
            n_done=jobs.c.n_done + piece.n_done,
            cursor=piece.cursor,
            skipped=msgspec.json.encode(piece.skipped).decode(),
            not_before=piece.not_before,
        )
        .returning(*_JOB)
    )
    return _job(connection.execute(statement).mappings().one())


def finish(
    store: Store,
    job: Job,
    now: datetime,
    skipped: Mapping[str, int],
    n_planned: int | None = None,
) -> None:
    """End a job that has nothing left to do; tell if it found how much there is."""
    found = {} if n_planned is None else {"n_planned": n_planned}
    told = msgspec.json.encode(skipped).decode()
    _end(store, job, now, state=State.DONE.value, skipped=told, **found)


def fail(store: Store, job: Job, now: datetime, message: str) -> None:
    """End a job that can not go on; what it has done stays done."""
    _end(store, job, now, state=State.FAILED.value, message=message)


def _end(store: Store, job: Job, now: datetime, **changes: object) -> None:
    with store.write() as connection:
        connection.execute(
            sa.update(jobs)
            .where(*_ours(job))
            .values(ended_at=now, lease_until=None, **changes)
        )


def release(store: Store, job: Job) -> None:
    """Let any worker go on with the job."""
    with store.write() as connection:
        connection.execute(sa.update(jobs).where(*_ours(job)).values(lease_until=None))
