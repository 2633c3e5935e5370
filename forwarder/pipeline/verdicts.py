"""From what came of an attempt to the next state of a delivery."""

from datetime import datetime, timedelta
from typing import assert_never

from forwarder.core.backoff import ATTEMPTS_MAX, retry_at
from forwarder.core.delivery import (
    Blocked,
    Deferred,
    Delivered,
    Outcome,
    Refused,
    Skipped,
    Status,
)
from forwarder.store.claimed import Claimed
from forwarder.store.settling import Verdict

LATE_AFTER = timedelta(hours=1)


def verdict(outcome: Outcome, row: Claimed, now: datetime, jitter: float) -> Verdict:
    """Return the next state of a delivery, given what came of its attempt."""
    match outcome:
        case Delivered():
            return _delivered(outcome, row, now)
        case Refused() | Skipped():
            return final(outcome)
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


def final(outcome: Refused | Skipped) -> Verdict:
    """Return the end of a delivery that is never sent by itself."""
    status = Status.REFUSED if isinstance(outcome, Refused) else Status.SKIPPED
    return Verdict(
        status=status,
        outcome=status.value,
        reason=outcome.reason,
        message=outcome.message,
    )


def _delivered(outcome: Delivered, row: Claimed, now: datetime) -> Verdict:
    is_late = now - row.occurred_at > LATE_AFTER
    return Verdict(
        status=Status.DELIVERED,
        outcome="delivered",
        reason="late_offline" if is_late else "",
        message=outcome.message,
    )


def _deferred(outcome: Deferred, row: Claimed, now: datetime, jitter: float) -> Verdict:
    if outcome.counts and row.attempts >= ATTEMPTS_MAX:
        return final(Refused("attempts_exhausted", outcome.message))
    return Verdict(
        status=Status.PENDING,
        outcome="deferred",
        reason=outcome.reason,
        message=outcome.message,
        next_attempt_at=retry_at(row.attempts, now, outcome.retry_after_s, jitter),
        counts=outcome.counts,
    )
