"""Ask shops what their webhooks never told, for somebody who waits at a door.

First a job that only counts, then, if a person wants it, one that asks again and takes
in what is missing. Between the two nothing of what was told is kept. Each page is one
transaction with the job: who begins again after a worker died finds it in the log.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from forwarder.asking import NoAnswer
from forwarder.core.delivery import Destination
from forwarder.core.event import Notice
from forwarder.hookups import why_not
from forwarder.pipeline import missing
from forwarder.pipeline.drain import Desk
from forwarder.pipeline.missing import Plan, Window
from forwarder.pipeline.receive import Endpoint
from forwarder.store import Store, audit, jobs, pieces, shop_jobs
from forwarder.store.jobs import OF_SHOPS, Job, JobKind, NewJob, Scope, State
from forwarder.store.log import Filter
from forwarder.store.writer import StoreDown

TURNS_MAX = 5  # so often a job is begun again after its worker ended
GROWN_MOST = 1.1  # times what was confirmed; more is asked for again
SEEN_EVERY = timedelta(seconds=5)  # the lease is six times as long
GIVEN_UP = "The workers ended in the middle, again and again: see `forwarder doctor`."
GROWN = "The shop tells of more than was agreed to: ask it again and look."
GONE = "The endpoint is not in the settings any more."

# What is counted of what a shop tells. Units: what it told, then events by kind.
TOLD = "told"
NO_CONVERSION = "no_conversion"
NOT_UNDERSTOOD = "not_understood"
KNOWN = "known"
MISSING = "missing"
TOO_OLD = "too_old"  # of the missing: kept and skipped
OUTSIDE = "outside"  # happened at another time
OF_EVENTS = (KNOWN, MISSING, TOO_OLD, OUTSIDE)
WORDS = (TOLD, NO_CONVERSION, NOT_UNDERSTOOD, *OF_EVENTS)

Alive = Callable[[], None]
Tell = Callable[[Endpoint, str, Window, Alive], Iterator[Notice]]
log = structlog.get_logger(__name__)


class Ended(Exception):
    """Somebody cancelled the job, or this process is about to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What shops are asked with. `tell` gives what one tells.

    It calls what it is given before each question, and lets that end it.
    """

    desk: Desk
    endpoints: Mapping[str, Endpoint]
    destinations: Iterable[Destination]
    tell: Tell


def start_ask(
    store: Store, endpoint: str, what: str, window: Window, who: str, now: datetime
) -> Job | None:
    """Ask for a count of what is missing; None while the shop is being asked."""
    wanted = Filter(endpoint=endpoint, since=window.since, until=window.until)
    return _start(store, JobKind.ASK, Scope(wanted=wanted, what=what), 0, who, now)


def start_import(store: Store, asked: Job, who: str, now: datetime) -> Job | None:
    """Ask for what a job found missing; None while the shop is being asked.

    Raises: ValueError for a job that found nothing, or is none of these.
    """
    if not may_import(asked):
        raise ValueError(asked.id)
    n = asked.n_planned
    return _start(store, JobKind.IMPORT, asked.scope, n, who, now)


def may_import(asked: Job) -> bool:
    """Say whether a job has counted something that can be taken in."""
    is_counted = asked.kind is JobKind.ASK and asked.state is State.DONE
    return is_counted and asked.n_planned > 0


def _start(
    store: Store, kind: JobKind, scope: Scope, n_planned: int, who: str, now: datetime
) -> Job | None:
    new = NewJob(
        kind=kind,
        scope=scope,
        who=who,
        reason="",
        n_planned=n_planned,
        skipped={},
        last_id=0,
    )
    job = shop_jobs.add_alone(store, new, now)
    if job is None:
        return None
    about = f"job {job.id}: {scope.what}, since {scope.wanted.since:%Y-%m-%d}"
    action = "shop asked" if kind is JobKind.ASK else "import of missing asked for"
    audit.note(store, who, action, str(scope.wanted.endpoint), now, about)
    return job


def work(errand: Errand) -> int:
    """Work on what is asked of shops until nothing is left; return how many jobs."""
    desk, n_jobs = errand.desk, 0
    while not desk.is_stopping():
        job = jobs.take(desk.store, desk.clock(), kinds=OF_SHOPS)
        if job is None:
            break
        _work_on(errand, job)
        n_jobs += 1
    return n_jobs


def _work_on(errand: Errand, job: Job) -> None:
    store, clock = errand.desk.store, errand.desk.clock
    try:
        fault = _carry_out(errand, job)
    except Ended:
        fault = ""
    except NoAnswer as none:
        fault = f"{why_not(none)}."
    except StoreDown:
        raise  # its lease lapses, and somebody begins again
    except Exception as strange:  # the other jobs are worked on all the same
        log.exception("job failed", job=job.id, kind=job.kind.value)
        fault = f"{type(strange).__name__}: see the log"
    if fault:
        jobs.fail(store, job, clock(), fault[0].upper() + fault[1:])
    jobs.release(store, job)
    _note_import(store, job, clock())


def _carry_out(errand: Errand, job: Job) -> str:
    """Ask, and take in what is wanted; return what ended it early, empty if nothing.

    Raises: Ended, NoAnswer, StoreDown.
    """
    store, clock = errand.desk.store, errand.desk.clock
    endpoint = errand.endpoints.get(str(job.scope.wanted.endpoint))
    if endpoint is None:
        return GONE
    if job.turn > TURNS_MAX:
        return GIVEN_UP
    n_missing, counts = 0, Counter[str]()
    oldest = _oldest(errand, endpoint)
    for page in _told(errand, endpoint, job):
        n_missing += page.n_missing
        counts.update(counts_of(page, oldest))
        if job.kind is JobKind.IMPORT and _is_grown(job, page):
            return GROWN
        job = _taken(store, job, page, counts, clock())
    found = n_missing if job.kind is JobKind.ASK else None
    jobs.finish(store, job, clock(), counts, found)
    return ""


def _told(errand: Errand, endpoint: Endpoint, job: Job) -> Iterator[Plan]:
    desk, scope = errand.desk, job.scope
    window = Window(since=_known(scope.wanted.since), until=_known(scope.wanted.until))
    notices = errand.tell(endpoint, scope.what, window, _alive(desk, job))
    return missing.plans(endpoint, notices, desk.store, window, desk.clock())


def _known(at: datetime | None) -> datetime:
    if at is None:
        raise ValueError("a shop is asked between two times")
    return at


def _alive(desk: Desk, job: Job) -> Alive:
    """Return what keeps the lease between the pages. Raises: Ended."""
    seen = [desk.clock()]

    def alive() -> None:
        now = desk.clock()
        if desk.is_stopping():
            raise Ended
        if now - seen[0] < SEEN_EVERY:
            return
        with desk.store.write() as connection:
            if not jobs.hold(connection, job, now):
                raise Ended
        seen[0] = now

    return alive


def _is_grown(job: Job, page: Plan) -> bool:
    return job.n_done + page.n_missing > GROWN_MOST * job.n_planned


def _taken(
    store: Store, job: Job, page: Plan, counts: Mapping[str, int], now: datetime
) -> Job:
    """Note what a page told, and take in its missing if wanted. Raises: Ended."""
    is_import = job.kind is JobKind.IMPORT
    if is_import:
        missing.book(page, store, now)
    arrivals = page.missing if is_import else ()
    after = pieces.import_piece(store, job, arrivals, dict(counts), now)
    if after is None:
        raise Ended
    return after


def _oldest(errand: Errand, endpoint: Endpoint) -> datetime:
    ages = {one.name: one.max_age for one in errand.destinations}
    return errand.desk.clock() - ages[endpoint.destination]


def counts_of(page: Plan, oldest: datetime) -> dict[str, int]:
    """Return a plan as the counts of a job: by word, of events by word and kind."""
    events = {
        KNOWN: page.known,
        MISSING: page.kinds,
        TOO_OLD: page.too_old(oldest),
        OUTSIDE: page.outside,
    }
    return {
        TOLD: page.n_told,
        NO_CONVERSION: page.n_ignored,
        NOT_UNDERSTOOD: page.n_unreadable,
        **{
            f"{word} {kind}": n
            for word, kinds in events.items()
            for kind, n in kinds.items()
        },
    }


def total(counts: Mapping[str, int], word: str) -> int:
    """Return one of the counts of what a shop told, of all kinds together."""
    return sum(n for name, n in counts.items() if name.split(" ")[0] == word)


def by_kind(counts: Mapping[str, int]) -> Mapping[str, Mapping[str, int]]:
    """Return what a shop told by kind: how much of each was known, is missing, …."""
    kinds = sorted({name.split(" ")[1] for name in counts if " " in name})
    return {
        kind: {word: counts.get(f"{word} {kind}", 0) for word in OF_EVENTS}
        for kind in kinds
    }


def _note_import(store: Store, job: Job, now: datetime) -> None:
    """Write down what an import took in, once it is over."""
    found = jobs.find(store, job.id)
    if found is None or not found.is_over or found.kind is not JobKind.IMPORT:
        return
    scope = found.scope.wanted
    n, of = found.n_done, found.n_planned
    detail = f"{n} of {of} events, since {scope.since:%Y-%m-%d} (job {found.id})"
    audit.note(store, found.who, "missing imported", str(scope.endpoint), now, detail)
