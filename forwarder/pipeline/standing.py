"""May a platform be called: what its answers teach, and what a person has told us.

A sick platform is not the event's fault. While it is left alone, by a breaker, a block,
a pause that it asked for or one of a person, nothing is claimed and so no attempt is
used up; one event that asks whether it is well again uses up none either.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from forwarder.core.delivery import (
    Answer,
    Blocked,
    Deferred,
    Delivered,
    Destination,
    Outcome,
    Refused,
    Skipped,
)
from forwarder.store import audit, health, standing
from forwarder.store.engine import Store
from forwarder.store.health import Health
from forwarder.store.outbox import LEASE

FAILURES_MAX = 5  # requests in a row, each within the window of the one before
FAILURE_WINDOW = timedelta(minutes=5)
OPEN_FIRST = timedelta(seconds=30)
OPEN_MAX = timedelta(minutes=5)
PROBE_EVERY = timedelta(minutes=5)  # one event shows whether a block is over
LIMITED_FIRST = timedelta(minutes=1)  # after a 429 that does not say for how long
LIMITED_MAX = timedelta(hours=1)
JITTER_SHARE = 0.2
OURSELVES = "forwarder"
ILL = frozenset({health.BLOCKED, health.OPEN, health.HALF_OPEN})
# The platform did read the event and wants it later: its word, for one event only.
ONE_EVENTS_OWN = "rejected_for_now"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """How many events a request may hold; a probe asks whether a platform is well.

    `probe_until` is None where it is no probe: nobody else asks until then.
    """

    n_max: int
    probe_until: datetime | None = None

    @property
    def is_probe(self) -> bool:
        """Say whether what is sent asks whether the platform is well."""
        return self.probe_until is not None


def permit(destination: Destination, store: Store, now: datetime) -> Permit | None:
    """Return whether the platform may be called now; None when it is left alone.

    A new credential ends a block and closes a breaker.
    """
    known = _acquainted(destination, store, now)
    if known.paused_at is not None:
        return None
    if known.state not in ILL:
        is_well = known.not_before is None or known.not_before <= now
        return Permit(n_max=destination.max_batch) if is_well else None
    if known.not_before is not None and known.not_before > now:
        return None
    is_blocked = known.state == health.BLOCKED
    until = now + (PROBE_EVERY if is_blocked else LEASE)
    if standing.take_probe(store, destination.name, now, until) is None:
        return None
    return Permit(n_max=1, probe_until=until)


def give_back(
    destination: Destination, store: Store, unused: Permit, now: datetime
) -> None:
    """Let the next ask at once, where nothing came of a probe: nothing was sent."""
    if unused.probe_until is not None:
        standing.give_back_probe(store, destination.name, unused.probe_until, now)


def _acquainted(destination: Destination, store: Store, now: datetime) -> Health:
    """Return what is known of a destination, as it stands in the settings of now."""
    name, max_age_s = destination.name, int(destination.max_age.total_seconds())
    known = health.health_of(store, name)
    if known is not None and (known.credential, known.max_age_s) == (
        destination.credential,
        max_age_s,
    ):
        return known

    def meet(before: Health | None) -> Health:
        if before is not None and before.credential == destination.credential:
            return replace(before, max_age_s=max_age_s)
        return _well(before, name, destination.credential, now, max_age_s)

    before, after = standing.change_health(store, name, meet)
    _tell(store, before, after, now)
    return after


def _well(
    before: Health | None,
    name: str,
    credential: str,
    now: datetime,
    max_age_s: int | None,
) -> Health:
    fresh = Health(
        name=name,
        state=health.ACTIVE,
        reason="",
        message="",
        since=now,
        credential=credential,
        not_before=None,
        max_age_s=max_age_s,
    )
    if before is None:
        return fresh
    return replace(
        fresh,
        since=before.since if before.state == health.ACTIVE else now,
        paused_at=before.paused_at,
        paused_by=before.paused_by,
        pause_reason=before.pause_reason,
    )


def learn(
    destination: Destination, store: Store, answer: Answer, now: datetime, jitter: float
) -> None:
    """Change the standing of a destination by what it answered to one request."""
    if _is_answered(answer.outcomes) and answer.pause_s is None:
        known = health.health_of(store, destination.name)
        if known is not None and not known.n_failures and known.state == health.ACTIVE:
            return  # the common case costs no write

    def step(before: Health | None) -> Health:
        known = before or _well(
            None, destination.name, destination.credential, now, None
        )
        return _after(known, answer, now, jitter)

    before, after = standing.change_health(store, destination.name, step)
    _tell(store, before, after, now)


def _after(known: Health, answer: Answer, now: datetime, jitter: float) -> Health:
    """Return the standing after one answer."""
    blocked = next((o for o in answer.outcomes if isinstance(o, Blocked)), None)
    if blocked is not None:
        return _blocked(known, blocked, now)
    pause = _pause_of(known, answer)
    if pause is not None and _stays_ill(known, answer):
        return replace(known, not_before=now + pause)
    if pause is not None:
        return _limited(known, answer, now, pause)
    if _is_answered(answer.outcomes):
        return _well(known, known.name, known.credential, now, known.max_age_s)
    if _is_failure(answer.outcomes):
        return _failed(known, answer, now, jitter)
    return known


def _blocked(known: Health, cause: Blocked, now: datetime) -> Health:
    return replace(
        known,
        state=health.BLOCKED,
        reason=cause.reason,
        message=cause.message,
        since=known.since if known.state == health.BLOCKED else now,
        not_before=now + PROBE_EVERY,
    )


def _pause_of(known: Health, answer: Answer) -> timedelta | None:
    """Return the pause asked for; doubling from a minute where it is not said."""
    if answer.pause_s is not None:
        return timedelta(seconds=answer.pause_s)
    is_asked = any(isinstance(o, Deferred) and not o.counts for o in answer.outcomes)
    if not is_asked or answer.http_status is None:
        return None
    doubled = 2**known.n_openings if known.state == health.RATE_LIMITED else 1
    return min(LIMITED_FIRST * doubled, LIMITED_MAX)


def _stays_ill(known: Health, answer: Answer) -> bool:
    """Say whether a pause, perhaps our own, leaves open if the platform is well."""
    is_own = answer.http_status is None
    return known.state == health.BLOCKED or (known.state in ILL and is_own)


def _limited(known: Health, answer: Answer, now: datetime, pause: timedelta) -> Health:
    is_more = known.state == health.RATE_LIMITED and answer.pause_s is None
    return replace(
        known,
        state=health.RATE_LIMITED,
        reason="rate_limited",
        message=answer.message,
        since=known.since if known.state == health.RATE_LIMITED else now,
        not_before=now + pause,
        n_failures=0,
        n_openings=known.n_openings + 1 if is_more else 1,
    )


def _failed(known: Health, answer: Answer, now: datetime, jitter: float) -> Health:
    is_row = known.failed_at is not None and now - known.failed_at <= FAILURE_WINDOW
    n_failures = known.n_failures + 1 if is_row else 1
    failed = replace(known, n_failures=n_failures, failed_at=now)
    if known.state == health.BLOCKED:
        return failed
    is_broken = known.state in {health.OPEN, health.HALF_OPEN}
    if not is_broken and n_failures < FAILURES_MAX:
        return failed
    n_openings = known.n_openings + 1 if is_broken else 1
    factor = 1 - JITTER_SHARE + 2 * JITTER_SHARE * jitter
    first = next(o for o in answer.outcomes if isinstance(o, Deferred))
    return replace(
        failed,
        state=health.OPEN,
        reason=first.reason,
        message=answer.message,
        since=known.since if is_broken else now,
        not_before=now + min(OPEN_FIRST * 2 ** (n_openings - 1), OPEN_MAX) * factor,
        n_openings=n_openings,
    )


def _is_answered(outcomes: Sequence[Outcome]) -> bool:
    return any(isinstance(o, Delivered | Refused | Skipped) for o in outcomes)


def _is_failure(outcomes: Sequence[Outcome]) -> bool:
    """Say whether a request as a whole failed: nothing was said about its events."""
    return bool(outcomes) and all(
        isinstance(o, Deferred) and o.counts and o.reason != ONE_EVENTS_OWN
        for o in outcomes
    )


def _tell(store: Store, before: Health | None, after: Health, now: datetime) -> None:
    """Write a change down, in the log and in the audit log; a probe is none."""
    was = health.ACTIVE if before is None else before.state
    words = {health.HALF_OPEN: health.OPEN}
    was, is_now = words.get(was, was), words.get(after.state, after.state)
    if was == is_now:
        return
    told = {"destination": after.name, "state": is_now, "reason": after.reason}
    write = log.error if is_now == health.BLOCKED else log.info
    write("destination changed", before=was, **told)
    if health.RATE_LIMITED in {was, is_now}:  # comes and goes with the traffic
        return
    action, detail = f"destination.{is_now}", after.reason
    audit.note(store, OURSELVES, action, after.name, now, detail)
