"""Send what is due: claim, freeze, send, settle. Safe to run twice at once."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

import structlog

from forwarder.core.backoff import ATTEMPTS_MAX, retry_at
from forwarder.core.delivery import (
    Answer,
    Blocked,
    Deferred,
    Delivered,
    Destination,
    Encoded,
    Outcome,
    Refused,
    Skipped,
    Status,
)
from forwarder.store import health, outbox
from forwarder.store.engine import Store
from forwarder.store.outbox import Claim, Claimed, Settled, Verdict

PROBE_EVERY = timedelta(minutes=5)  # one call shows whether a block is over
LATE_AFTER = timedelta(hours=1)
FUTURE_TOLERANCE = timedelta(minutes=5)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Who works where, with which clock. `jitter` gives fractions from 0 up to 1."""

    store: Store
    worker: str
    clock: Callable[[], datetime]
    jitter: Callable[[], float]
    is_stopping: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """A claimed delivery with the exact bytes that leave."""

    row: Claimed
    body: bytes


def drain(destination: Destination, desk: Desk, n_batches_max: int = 100) -> int:
    """Send what is due, batch by batch; return how many deliveries were settled.

    Stops when nothing is due, when the platform asks for a pause, or after
    `n_batches_max`: whoever called calls again.
    """
    n_settled = 0
    for _ in range(n_batches_max):
        if desk.is_stopping() or not _may_call(destination, desk):
            break
        claim = outbox.claim(
            desk.store,
            destination.name,
            desk.worker,
            destination.max_batch,
            desk.clock(),
        )
        if claim is None:
            break
        n_settled += _send_claim(destination, desk, claim)
    return n_settled


def _may_call(destination: Destination, desk: Desk) -> bool:
    """Say whether the platform may be called now; a new credential ends a block."""
    now = desk.clock()
    known = health.health_of(desk.store, destination.name)
    if known is None:
        _note(destination, desk, health.OK)
        return True
    if known.credential != destination.credential:
        if known.state != health.OK:
            log.info("destination resumes", destination=destination.name)
        _note(destination, desk, health.OK)
        return True
    return known.not_before is None or known.not_before <= now


def _note(
    destination: Destination,
    desk: Desk,
    state: str,
    cause: Blocked | None = None,
    not_before: datetime | None = None,
) -> None:
    health.note_health(
        desk.store,
        health.Health(
            name=destination.name,
            state=state,
            reason="" if cause is None else cause.reason,
            message="" if cause is None else cause.message,
            since=desk.clock(),
            credential=destination.credential,
            not_before=not_before,
        ),
    )


def _send_claim(destination: Destination, desk: Desk, claim: Claim) -> int:
    now = desk.clock()
    ready, settled = _prepare(destination, desk, claim, now)
    n_settled = 0
    if settled:
        n_settled += outbox.settle(desk.store, claim, settled, None, now)
    if ready:
        n_settled += _send(destination, desk, claim, ready)
    return n_settled


def _prepare(
    destination: Destination, desk: Desk, claim: Claim, now: datetime
) -> tuple[list[_Ready], list[Settled]]:
    """Encode and freeze what is sent for the first time; settle what can not go."""
    ready: list[_Ready] = []
    settled: list[Settled] = []
    fresh: dict[int, tuple[Claimed, Encoded]] = {}
    for row in claim.rows:
        match _check(destination, row, now) or _body_alone(destination, row):
            case bytes() as body:
                ready.append(_Ready(row=row, body=body))
            case Encoded() as encoded:
                fresh[row.id] = (row, encoded)
                ready.append(_Ready(row=row, body=encoded.body))
            case (Refused() | Skipped()) as final:
                settled.append(Settled(row=row, verdict=_final(final)))
            case never:
                assert_never(never)
    outbox.freeze(desk.store, claim, fresh, now)
    return ready, settled


def _check(
    destination: Destination, row: Claimed, now: datetime
) -> Refused | Skipped | None:
    """Return why a delivery can not be sent any more, or not at all."""
    if row.attempts > ATTEMPTS_MAX:
        return Refused("attempts_exhausted", f"{ATTEMPTS_MAX} attempts failed")
    if now - row.occurred_at > destination.max_age:
        days = destination.max_age / timedelta(days=1)
        return Skipped("too_old", f"older than {days:.1f} days: it would be refused")
    if row.occurred_at - now > FUTURE_TOLERANCE:
        return Refused("in_future", "it lies in the future: check the sender's clock")
    return None


def _body_alone(
    destination: Destination, row: Claimed
) -> bytes | Encoded | Refused | Skipped:
    """Return what leaves; a fault over one event stops no other."""
    try:
        return _body(destination, row)
    except Exception as fault:  # the row says so, and can be replayed once mended
        log.exception("event not encoded", delivery_id=row.id)
        return Refused("not_readable", f"it cannot be written: {type(fault).__name__}")


def _body(
    destination: Destination, row: Claimed
) -> bytes | Encoded | Refused | Skipped:
    if row.payload is not None:
        frozen = row.payload
        return destination.unmask(frozen.shown, frozen.ip, frozen.user_agent)
    if row.event is None:
        return Refused("not_readable", "no data key opens it, or it was cleared")
    return destination.encode(row.event)


def _send(
    destination: Destination, desk: Desk, claim: Claim, ready: Sequence[_Ready]
) -> int:
    """Send and settle, request by request; the lease is renewed in between."""
    n_settled, n_answered = 0, 0
    answers = destination.send([one.body for one in ready])
    for answer in answers:
        part = ready[n_answered : n_answered + len(answer.outcomes)]
        n_answered += len(part)
        n_settled += _settle(destination, desk, claim, part, answer)
        if n_answered < len(ready):
            outbox.extend(desk.store, claim, desk.clock())
    if n_answered != len(ready):
        raise RuntimeError("a destination answered for fewer events than it was given")
    return n_settled


def _settle(
    destination: Destination,
    desk: Desk,
    claim: Claim,
    part: Sequence[_Ready],
    answer: Answer,
) -> int:
    now = desk.clock()
    jitter = desk.jitter()
    settled = [
        Settled(row=one.row, verdict=verdict(outcome, one.row, now, jitter))
        for one, outcome in zip(part, answer.outcomes, strict=True)
    ]
    n_settled = outbox.settle(desk.store, claim, settled, answer, now)
    _watch(destination, desk, answer, now)
    _tell(destination, answer, n_settled)
    return n_settled


def _watch(destination: Destination, desk: Desk, answer: Answer, now: datetime) -> None:
    """Note a block or a pause, and the end of one."""
    blocked = next((o for o in answer.outcomes if isinstance(o, Blocked)), None)
    if blocked is not None:
        log.error("destination blocked", reason=blocked.reason)
        _note(destination, desk, health.BLOCKED, blocked, now + PROBE_EVERY)
    elif answer.pause_s is not None:
        until = now + timedelta(seconds=answer.pause_s)
        _note(destination, desk, health.PAUSED, None, until)
    elif _is_accepted(answer.outcomes):
        known = health.health_of(desk.store, destination.name)
        if known is None or known.state != health.OK:
            _note(destination, desk, health.OK)


def _is_accepted(outcomes: Iterable[Outcome]) -> bool:
    return any(isinstance(outcome, Delivered) for outcome in outcomes)


def _tell(destination: Destination, answer: Answer, n_settled: int) -> None:
    log.info(
        "sent",
        destination=destination.name,
        n_events=answer.n_events,
        n_settled=n_settled,
        http_status=answer.http_status,
        duration_ms=answer.duration_ms,
        request_id=answer.request_id,
    )


def verdict(outcome: Outcome, row: Claimed, now: datetime, jitter: float) -> Verdict:
    """Return the next state of a delivery, given what came of its attempt."""
    match outcome:
        case Delivered():
            return _delivered(outcome, row, now)
        case Refused() | Skipped():
            return _final(outcome)
        case Blocked():
            return Verdict(
                status=Status.PENDING,
                outcome="blocked",
                reason=outcome.reason,
                message=outcome.message,
                next_attempt_at=now,
                counts=False,
            )
        case Deferred():
            return _deferred(outcome, row, now, jitter)
        case _:
            assert_never(outcome)


def _delivered(outcome: Delivered, row: Claimed, now: datetime) -> Verdict:
    is_late = now - row.occurred_at > LATE_AFTER
    return Verdict(
        status=Status.DELIVERED,
        outcome="delivered",
        reason="late_offline" if is_late else "",
        message=outcome.message,
    )


def _final(outcome: Refused | Skipped) -> Verdict:
    status = Status.REFUSED if isinstance(outcome, Refused) else Status.SKIPPED
    return Verdict(
        status=status,
        outcome=status.value,
        reason=outcome.reason,
        message=outcome.message,
    )


def _deferred(outcome: Deferred, row: Claimed, now: datetime, jitter: float) -> Verdict:
    if outcome.counts and row.attempts >= ATTEMPTS_MAX:
        return _final(Refused("attempts_exhausted", outcome.message))
    return Verdict(
        status=Status.PENDING,
        outcome="deferred",
        reason=outcome.reason,
        message=outcome.message,
        next_attempt_at=retry_at(row.attempts, now, outcome.retry_after_s, jitter),
        counts=outcome.counts,
    )
