"""Work on jobs: a piece at a time, never more at once than the rate allows."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

import structlog

from forwarder.core import failpoints
from forwarder.core.delivery import Destination, NoticeStatus
from forwarder.core.event import Unreadable
from forwarder.pipeline.drain import Desk
from forwarder.pipeline.receive import Endpoint, with_reading
from forwarder.pipeline.replay import oldest_of
from forwarder.store import jobs, pieces, quarantine
from forwarder.store.arrival import Arrival
from forwarder.store.jobs import Job, JobKind
from forwarder.store.log import Filter
from forwarder.store.pieces import Limits
from forwarder.store.quarantine import Held
from forwarder.store.writer import StoreDown

CHUNK = 1_000  # rows in one transaction: the web process waits 2 s at most for a lock
BURST = timedelta(seconds=10)  # what a rate grants while nobody works is kept so long

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What jobs are worked on with: a desk, and what the settings name."""

    desk: Desk
    endpoints: Mapping[str, Endpoint]
    destinations: Iterable[Destination]


def work(shop: Workshop, until: datetime, job_id: int | None = None) -> int:
    """Work on open jobs, or on one, until then; return how many rows were changed.

    A job that fails ends as failed, with the kind of the fault; the others go on.
    """
    desk, n_done = shop.desk, 0
    while not desk.is_stopping() and desk.clock() < until:
        job = jobs.take(desk.store, desk.clock(), job_id)
        if job is None:
            break
        n_done += _work_on(shop, job, until)
    return n_done


def _work_on(shop: Workshop, job: Job, until: datetime) -> int:
    desk, n_before = shop.desk, job.n_done
    try:
        for step in _steps(shop, job):
            job = step
            failpoints.reach("mid_replay")
            if desk.is_stopping() or desk.clock() >= until:
                break
    except StoreDown:
        raise  # its lease lapses, and somebody goes on
    except Exception as fault:  # the other jobs are worked on all the same
        log.exception("job failed", job=job.id, kind=job.kind.value)
        jobs.fail(desk.store, job, desk.clock(), f"{type(fault).__name__}: see the log")
    jobs.release(desk.store, job)
    return job.n_done - n_before


def _steps(shop: Workshop, job: Job) -> Iterator[Job]:
    """Give the job after each piece; ends when it is over, lost or out of allowance."""
    desk = shop.desk
    while n_max := allowance(job, desk.clock()):
        after = _piece(shop, job, n_max, desk.clock())
        if after is None:
            return
        job = after
        yield job


def allowance(job: Job, now: datetime) -> int:
    """Return how many rows the next piece may hold."""
    if job.rate_per_s is None:
        return CHUNK
    granted_s = min(now - job.not_before, BURST).total_seconds()
    return min(CHUNK, max(0, int(job.rate_per_s * granted_s)))


def _paid(job: Job, n_used: int, now: datetime) -> datetime:
    """Return from when on the next rows are granted."""
    if job.rate_per_s is None:
        return job.not_before
    begin = max(job.not_before, now - BURST)
    return begin + timedelta(seconds=n_used / job.rate_per_s)


def _piece(shop: Workshop, job: Job, n_max: int, now: datetime) -> Job | None:
    """Do the next piece; None when the job is over, or is no longer ours."""
    limits = Limits(n_max=n_max, now=now, paid=lambda n: _paid(job, n, now))
    store = shop.desk.store
    match job.kind:
        case JobKind.REPLAY:
            oldest = oldest_of(job.scope, shop.destinations, now)
            return pieces.replay_piece(store, job, oldest, limits)
        case JobKind.DISCARD:
            return pieces.discard_piece(store, job, limits)
        case JobKind.REPARSE:
            held = quarantine.held_notices(
                store, job.scope.wanted, job.cursor, job.last_id
            )[:n_max]
            read = [(one, _read_again(shop, one, now)) for one in held]
            return pieces.reparse_piece(store, job, read, limits)
        case JobKind.ASK | JobKind.IMPORT:
            return None  # taken by nobody but `pipeline.fetching`
        case _:
            assert_never(job.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reparsed:
    """What would become of quarantined notices. Units: notices."""

    n_read: int
    n_still_unreadable: int


def try_reparse(shop: Workshop, wanted: Filter, now: datetime) -> Reparsed:
    """Read the quarantined notices of the filter again; change nothing."""
    n_read = n_unreadable = after_id = 0
    while page := quarantine.held_notices(shop.desk.store, wanted, after_id):
        n_good = sum(_read_again(shop, held, now) is not None for held in page)
        n_read += n_good
        n_unreadable += len(page) - n_good
        after_id = page[-1].id
    return Reparsed(n_read=n_read, n_still_unreadable=n_unreadable)


def _read_again(shop: Workshop, held: Held, now: datetime) -> Arrival | None:
    """Read a notice after its adapter was mended.

    Its signature was proven when it came, so its age is no fault now.
    """
    endpoint = shop.endpoints.get(held.endpoint)
    if endpoint is None or held.notice is None:
        return None
    try:
        reading = endpoint.source.parse(held.notice, endpoint.options)
    except Unreadable:
        return None
    except Exception:  # the others are read all the same
        log.exception("adapter failed", source=endpoint.source_name)
        return None
    arrival = Arrival(
        endpoint=endpoint.name,
        source=endpoint.source_name,
        destination=endpoint.destination,
        delivery_key=held.delivery_key,
        notice=held.notice,
        received_at=held.received_at,
        status=NoticeStatus.ACCEPTED,
    )
    return replace(with_reading(arrival, reading, now), received_at=held.received_at)
