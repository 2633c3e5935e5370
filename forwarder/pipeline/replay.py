"""What a job would do, counted before it is asked for; then it is written down."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from forwarder.core.delivery import Destination
from forwarder.store import Store, audit, jobs, quarantine
from forwarder.store import replay as rows
from forwarder.store.jobs import Job, JobKind, NewJob, Scope
from forwarder.store.replay import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks for a job, why, and how fast. `rate_per_s` None: as fast as it goes."""

    who: str
    reason: str = ""
    rate_per_s: int | None = None


def plan(
    store: Store, scope: Scope, destinations: Iterable[Destination], now: datetime
) -> list[Plan]:
    """Count what a replay would send, per destination."""
    return [
        rows.plan(store, scope, name, oldest, now)
        for name, oldest in oldest_of(scope, destinations, now).items()
    ]


def oldest_of(
    scope: Scope, destinations: Iterable[Destination], now: datetime
) -> Mapping[str, datetime]:
    """Return how old an event may be, by each destination that the filter names."""
    wanted = scope.wanted.destination
    return {d.name: now - d.max_age for d in destinations if wanted in {None, d.name}}


def start_replay(
    store: Store, scope: Scope, plans: Sequence[Plan], asker: Asker, now: datetime
) -> Job:
    """Ask for a replay of what the plans counted."""
    skipped: Counter[str] = Counter()
    for one in plans:
        skipped.update(one.left_alone)
    return _start(
        store,
        NewJob(
            kind=JobKind.REPLAY,
            scope=scope,
            who=asker.who,
            reason=asker.reason,
            rate_per_s=asker.rate_per_s,
            n_planned=sum(p.n_ready for p in plans),
            skipped=dict(skipped),
            last_id=rows.newest_id(store),
        ),
        now,
    )


def count_open(store: Store, scope: Scope) -> int:
    """Count what can be given up."""
    return rows.count(store, rows.open_ones(scope))


def start_discard(store: Store, scope: Scope, asker: Asker, now: datetime) -> Job:
    """Ask for all of the filter that waits or was refused to be given up."""
    return _start(
        store,
        NewJob(
            kind=JobKind.DISCARD,
            scope=scope,
            who=asker.who,
            reason=asker.reason,
            rate_per_s=asker.rate_per_s,
            n_planned=count_open(store, scope),
            skipped={},
            last_id=rows.newest_id(store),
        ),
        now,
    )


def start_reparse(store: Store, scope: Scope, asker: Asker, now: datetime) -> Job:
    """Ask for the quarantined notices of the filter to be read again."""
    held = quarantine.count_held(store, scope.wanted)
    return _start(
        store,
        NewJob(
            kind=JobKind.REPARSE,
            scope=scope,
            who=asker.who,
            reason=asker.reason,
            rate_per_s=asker.rate_per_s,
            n_planned=held.n_held,
            skipped={},
            last_id=held.last_id,
        ),
        now,
    )


def _start(store: Store, new: NewJob, now: datetime) -> Job:
    job = jobs.add(store, new, now)
    detail = f"{new.n_planned} planned; {new.reason}".rstrip("; ")
    audit.note(store, new.who, new.kind.value, f"job {job.id}", now, detail)
    return job


def cancel_job(store: Store, job_id: int, who: str, now: datetime) -> bool:
    """End a job after the piece in hand; False when it is over or not there."""
    is_ended = jobs.cancel(store, job_id, now)
    if is_ended:
        audit.note(store, who, "job cancelled", f"job {job_id}", now)
    return is_ended


def send_again(
    store: Store,
    scope: Scope,
    destinations: Iterable[Destination],
    who: str,
    now: datetime,
) -> int:
    """Set the one delivery of a narrow filter back at once; return how many it was."""
    oldest = oldest_of(scope, destinations, now)
    n_set_back = rows.set_back_one(store, scope, oldest, now)
    if n_set_back:
        subject = f"delivery {scope.wanted.event_id}"
        audit.note(store, who, JobKind.REPLAY.value, subject, now)
    return n_set_back
