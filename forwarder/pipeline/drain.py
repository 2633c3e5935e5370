"""Send what is due: claim, freeze, send, settle. Safe to run twice at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

import structlog

from forwarder.clicks.bringing import with_click_ids
from forwarder.core import failpoints
from forwarder.core.backoff import ATTEMPTS_MAX
from forwarder.core.delivery import (
    Answer,
    Deferred,
    Destination,
    Encoded,
    Outcome,
    Refused,
    Skipped,
)
from forwarder.pipeline.customers import waits, with_customers
from forwarder.pipeline.standing import Permit, give_back, learn, permit
from forwarder.pipeline.verdicts import final, verdict
from forwarder.store import outbox
from forwarder.store.claimed import AUTO, Claimed
from forwarder.store.engine import Store
from forwarder.store.outbox import Claim, Settled

FUTURE_TOLERANCE = timedelta(minutes=5)
# What is that near the platform's largest age goes first: a day of Pinterest's week.
URGENT_SHARE = 1 / 7
PARTS = 8  # each is written in a statement of its own
REPLAY_FIRST = (outbox.REPLAY, outbox.MANUAL, AUTO)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Who works where, with which clock. `jitter` gives fractions from 0 up to 1."""

    store: Store
    worker: str
    clock: Callable[[], datetime]
    jitter: Callable[[], float]
    is_stopping: Callable[[], bool] = lambda: False
    click_window: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """A claimed delivery with the exact bytes that leave."""

    row: Claimed
    body: bytes


def drain(destination: Destination, desk: Desk, n_batches_max: int = 100) -> int:
    """Send what is due, batch by batch; return how many deliveries were settled.

    What came by itself goes first. What is sent again takes a turn whenever that left
    room in its batch, so that neither waits for the other. Stops when nothing is due,
    when the platform is left alone, or after `n_batches_max`: whoever called calls
    again.
    """
    n_settled = 0
    modes: Sequence[str] = outbox.MODES
    for _ in range(n_batches_max):
        allowed = None if desk.is_stopping() else _permit(destination, desk)
        if allowed is None:
            break
        claim = _claim(destination, desk, allowed, modes)
        if claim is None:
            give_back(destination, desk.store, allowed, desk.clock())
            break
        failpoints.reach("after_claim")
        n_settled += _send_claim(destination, desk, claim, allowed)
        modes = _next(claim, allowed)
    return n_settled


def _permit(destination: Destination, desk: Desk) -> Permit | None:
    return permit(destination, desk.store, desk.clock())


def _claim(
    destination: Destination, desk: Desk, allowed: Permit, modes: Sequence[str]
) -> Claim | None:
    now = desk.clock()
    order = outbox.Order(
        modes=modes,
        urgent_before=now - destination.max_age * (1 - URGENT_SHARE),
    )
    return outbox.claim(
        desk.store, destination.name, desk.worker, allowed.n_max, now, order
    )


def _next(claim: Claim, allowed: Permit) -> Sequence[str]:
    """Return whose turn is next."""
    is_full = len(claim.rows) >= allowed.n_max
    is_again = claim.rows[0].mode == outbox.REPLAY
    return outbox.MODES if is_full or is_again else REPLAY_FIRST


def _send_claim(
    destination: Destination, desk: Desk, claim: Claim, allowed: Permit
) -> int:
    now = desk.clock()
    ready, settled = _prepare(destination, desk, claim, now)
    n_settled = 0
    if settled:
        n_settled += outbox.settle(desk.store, claim, settled, None, now)
    if ready:
        trip = _Trip(destination, desk, claim, allowed.is_probe)
        return n_settled + _send(trip, ready)
    give_back(destination, desk.store, allowed, now)
    return n_settled


def _prepare(
    destination: Destination, desk: Desk, claim: Claim, now: datetime
) -> tuple[list[_Ready], list[Settled]]:
    """Encode and freeze what is sent for the first time; settle what can not go."""
    ready: list[_Ready] = []
    settled: list[Settled] = []
    fresh: dict[int, tuple[Claimed, Encoded]] = {}
    rows = with_customers(desk.store, destination.name, claim.rows)
    for row in with_click_ids(desk.store, rows, desk.click_window):
        match (
            _check(destination, row, now)
            or waits(row, now)
            or _body_alone(destination, row)
        ):
            case bytes() as body:
                ready.append(_Ready(row=row, body=body))
            case Encoded() as encoded:
                fresh[row.id] = (row, encoded)
                ready.append(_Ready(row=row, body=encoded.body))
            case (Refused() | Skipped()) as end:
                settled.append(Settled(row=row, verdict=final(end)))
            case Deferred() as later:
                again = verdict(later, row, now, desk.jitter())
                settled.append(Settled(row=row, verdict=again))
            case never:
                assert_never(never)
    outbox.freeze(desk.store, claim, fresh, now)
    failpoints.reach("after_freeze")
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


@dataclass(frozen=True, slots=True)
class _Trip:
    """A claim on its way: to whom, from where, and whether it is a probe."""

    destination: Destination
    desk: Desk
    claim: Claim
    is_probe: bool


def _send(trip: _Trip, ready: Sequence[_Ready]) -> int:
    """Send and settle, request by request; the lease is renewed in between."""
    n_settled, n_answered = 0, 0
    answers = trip.destination.send([one.body for one in ready])
    for answer in answers:
        part = ready[n_answered : n_answered + len(answer.outcomes)]
        n_answered += len(part)
        n_settled += _settle(trip, part, answer)
        if n_answered < len(ready):
            outbox.extend(trip.desk.store, trip.claim, trip.desk.clock())
    if n_answered != len(ready):
        raise RuntimeError("a destination answered for fewer events than it was given")
    return n_settled


def _settle(trip: _Trip, part: Sequence[_Ready], answer: Answer) -> int:
    destination, desk = trip.destination, trip.desk
    now = desk.clock()
    jitter = desk.jitter()
    outcomes = [_spared(o) if trip.is_probe else o for o in answer.outcomes]
    settled = [
        Settled(row=one.row, verdict=verdict(outcome, one.row, now, share))
        for one, outcome in zip(part, outcomes, strict=True)
        for share in [_spread(jitter, one.row, len(part))]
    ]
    n_settled = outbox.settle(desk.store, trip.claim, settled, answer, now)
    failpoints.reach("after_settle")
    learn(destination, desk.store, answer, now, jitter)
    _tell(destination, answer, n_settled)
    return n_settled


def _spread(jitter: float, row: Claimed, n_sent: int) -> float:
    """Return a jitter that parts those who failed together.

    If one of them is what makes the platform fail, the others meet it less at each
    attempt, and get through.
    """
    if n_sent == 1:
        return jitter
    part: int = row.id // PARTS ** (row.attempts - 1) % PARTS
    return (jitter + part / PARTS) % 1


def _spared(outcome: Outcome) -> Outcome:
    """Return the outcome of a probe: that the platform is ill costs no attempt."""
    return replace(outcome, counts=False) if isinstance(outcome, Deferred) else outcome


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
