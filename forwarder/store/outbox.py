"""Who sends which delivery: claim, freeze, settle. No task queue knows more.

A claim sets the row's next attempt to the end of the lease. A worker that dies thus
gives its rows back by itself, and one that comes back late settles nothing, since the
number of its claim no longer stands in the row.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from forwarder.core.delivery import Answer, Encoded, Status
from forwarder.core.event import Event
from forwarder.store.codec import Unreadable, decode_event
from forwarder.store.engine import Store
from forwarder.store.identity import delivery_identity, payload_identity
from forwarder.store.schema import (
    attempts,
    bodies,
    claims,
    deliveries,
    delivery_attempts,
    payloads,
)
from forwarder.store.seal import Unopenable

LEASE = timedelta(seconds=60)
ANSWER_LOST = "answer_lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What leaves, as frozen: `shown` in the log, the two clear values apart."""

    shown: bytes = field(repr=False)
    ip: str | None = field(default=None, repr=False)
    user_agent: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """One delivery in our hands. `event` is None when nothing opens it any more."""

    id: int
    event_id: str
    kind: str
    occurred_at: datetime
    attempts: int
    mode: str
    event: Event | None = field(repr=False)
    payload: Payload | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A leased batch. `id` is the fencing number."""

    id: int
    destination: str
    until: datetime
    rows: Sequence[Claimed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The next state of a delivery. Equal verdicts are written in one statement."""

    status: Status
    outcome: str
    reason: str = ""
    message: str = ""
    next_attempt_at: datetime | None = None
    counts: bool = True


def claim(
    store: Store, destination: str, worker: str, n_max: int, now: datetime
) -> Claim | None:
    """Lease up to `n_max` due deliveries of one destination; None when there is none.

    Two that claim at once never get the same row.
    """
    if not has_due(store, destination, now):  # spares an idle tick the write lock
        return None
    until = now + LEASE
    with store.write() as connection:
        number = number_claim(connection, worker, destination, now)
        ids = connection.execute(
            _CLAIM,
            {
                "claim": number,
                "until": until,
                "to": destination,
                "at": now,
                "n_max": n_max,
            },
        )
        found = sorted(ids.scalars())
    if not found:
        return None
    rows = _load(store, found)
    return Claim(id=number, destination=destination, until=until, rows=rows)


def has_due(store: Store, destination: str, now: datetime) -> bool:
    """Say whether anything of this destination waits to be sent."""
    with store.read() as connection:
        row = connection.execute(_ANY_DUE, {"to": destination, "at": now})
        return row.first() is not None


def number_claim(
    connection: sa.Connection, worker: str, destination: str, now: datetime
) -> int:
    """Return a fencing number, higher than any before."""
    row = {"worker": worker, "destination": destination, "claimed_at": now}
    insert = sa.insert(claims).returning(claims.c.id)
    number: int = connection.execute(insert, row).scalar_one()
    return number


_DUE = (
    deliveries.c.status == sa.literal_column("'pending'"),  # the index's own words
    deliveries.c.enrich.is_(None),
    deliveries.c.destination == sa.bindparam("to"),
    deliveries.c.next_attempt_at <= sa.bindparam("at"),
)
_ANY_DUE = sa.select(deliveries.c.id).where(*_DUE).limit(1)
_CLAIM = (
    sa.update(deliveries)
    .where(
        deliveries.c.id.in_(
            sa.select(deliveries.c.id)
            .where(*_DUE)
            .order_by(deliveries.c.next_attempt_at)
            .limit(sa.bindparam("n_max"))
            .with_for_update(skip_locked=True)
        )
    )
    .values(
        claim_id=sa.bindparam("claim"),
        next_attempt_at=sa.bindparam("until"),
        attempts=deliveries.c.attempts + 1,
        # A claim that was never settled: its request may have arrived.
        reason=sa.case(
            (deliveries.c.claim_id.is_(None), deliveries.c.reason), else_=ANSWER_LOST
        ),
    )
    .returning(deliveries.c.id)
)
_LOAD = (
    sa.select(
        deliveries.c.id,
        deliveries.c.destination,
        deliveries.c.event_id,
        deliveries.c.kind,
        deliveries.c.occurred_at,
        deliveries.c.attempts,
        deliveries.c.mode,
        bodies.c.sealed.label("body"),
        payloads.c.shown,
        payloads.c.sealed.label("private"),
    )
    .outerjoin(bodies, bodies.c.delivery_id == deliveries.c.id)
    .outerjoin(payloads, payloads.c.delivery_id == deliveries.c.id)
    .where(deliveries.c.id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(deliveries.c.id)
)


def _load(store: Store, ids: Sequence[int]) -> list[Claimed]:
    with store.read() as connection:
        rows = connection.execute(_LOAD, {"ids": ids}).all()
    return [
        Claimed(
            id=row.id,
            event_id=row.event_id,
            kind=row.kind,
            occurred_at=row.occurred_at,
            attempts=row.attempts,
            mode=row.mode,
            event=None if row.shown is not None else open_event(store, row),
            payload=None if row.shown is None else _payload(store, row),
        )
        for row in rows
    ]


def open_event(store: Store, row: sa.Row[*tuple[Any, ...]]) -> Event | None:
    """Open the event; one that does not open is refused alone, not its batch."""
    if row.body is None:
        return None
    identity = delivery_identity(row.destination, row.kind, row.event_id)
    try:
        return decode_event(store.sealer.open(row.body, identity))
    except (Unopenable, Unreadable):
        return None


def _payload(store: Store, row: sa.Row[*tuple[Any, ...]]) -> Payload | None:
    if row.private is None:
        return Payload(shown=row.shown)
    identity = payload_identity(row.destination, row.kind, row.event_id)
    try:
        private = store.sealer.open(row.private, identity)
    except Unopenable:
        return None
    ip, user_agent = msgspec.msgpack.decode(private, type=tuple[str | None, str | None])
    return Payload(shown=row.shown, ip=ip, user_agent=user_agent)


def freeze(
    store: Store,
    claim: Claim,
    encoded: Mapping[int, tuple[Claimed, Encoded]],
    now: datetime,
) -> None:
    """Keep what is about to leave, so that every later attempt sends the same bytes.

    The first freeze of a delivery wins.
    """
    if not encoded:
        return
    rows = [
        {
            "delivery_id": row.id,
            "shown": payload.shown,
            "sealed": _seal_private(store, claim.destination, row, now),
            "notes": _notes(payload),
        }
        for row, payload in encoded.values()
    ]
    insert = sqlite.insert if store.is_sqlite else postgresql.insert
    with store.write() as connection:
        connection.execute(
            insert(payloads)
            .on_conflict_do_nothing()
            .returning(payloads.c.delivery_id),  # lets 1,000 rows go in one statement
            rows,
        )


def _seal_private(
    store: Store, destination: str, row: Claimed, now: datetime
) -> bytes | None:
    if row.event is None:
        return None
    person = row.event.person
    if person.ip is None and person.user_agent is None:
        return None
    clear = msgspec.msgpack.encode((person.ip, person.user_agent))
    identity = payload_identity(destination, row.kind, row.event_id)
    return store.sealer.seal(clear, identity, now)


def _notes(payload: Encoded) -> bytes:
    dropped = [{"field": d.field, "reason": d.reason} for d in payload.dropped]
    return msgspec.json.encode({"dropped": dropped, "warnings": payload.warnings})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A delivery with the verdict on it."""

    row: Claimed
    verdict: Verdict


def settle(
    store: Store,
    claim: Claim,
    settled: Sequence[Settled],
    answer: Answer | None,
    now: datetime,
) -> int:
    """Write the verdicts of one request; return how many were still ours to write.

    `answer` is the request they come from; None when nothing was sent.
    """
    groups: dict[Verdict, list[int]] = defaultdict(list)
    for one in settled:
        groups[one.verdict].append(one.row.id)
    with store.write() as connection:
        attempt_id = None
        if answer is not None:
            mode = settled[0].row.mode if settled else "auto"
            attempt_id = _log_attempt(connection, claim, answer, mode, now)
        return sum(
            _settle_group(connection, claim.id, verdict, ids, attempt_id, now)
            for verdict, ids in groups.items()
        )


def _log_attempt(
    connection: sa.Connection, claim: Claim, answer: Answer, mode: str, now: datetime
) -> int:
    row = {
        "destination": claim.destination,
        "at": now,
        "http_status": answer.http_status,
        "message": answer.message,
        "request_id": answer.request_id,
        "duration_ms": answer.duration_ms,
        "n_events": answer.n_events,
        "mode": mode,
    }
    insert = sa.insert(attempts).returning(attempts.c.id)
    attempt_id: int = connection.execute(insert, row).scalar_one()
    return attempt_id


def _settle_group(
    connection: sa.Connection,
    claim_id: int,
    verdict: Verdict,
    ids: list[int],
    attempt_id: int | None,
    now: datetime,
) -> int:
    if attempt_id is not None:
        connection.execute(
            _LOG_OUTCOME,
            {
                "attempt": attempt_id,
                "its_outcome": verdict.outcome,
                "its_reason": verdict.reason,
                "its_message": verdict.message,
                "ids": ids,
            },
        )
    is_final = verdict.next_attempt_at is None
    result = connection.execute(
        _SETTLE,
        {
            "claim": claim_id,
            "ids": ids,
            "new_status": verdict.status.value,
            "new_reason": verdict.reason,
            "new_message": verdict.message,
            "next": verdict.next_attempt_at,
            "refund": 0 if verdict.counts else 1,
            "settled": now if is_final else None,
        },
    )
    return result.rowcount


_IDS: sa.BindParameter[int] = sa.bindparam("ids", expanding=True)
_SETTLE = (
    sa.update(deliveries)
    .where(deliveries.c.id.in_(_IDS), deliveries.c.claim_id == sa.bindparam("claim"))
    .values(
        status=sa.bindparam("new_status"),
        reason=sa.bindparam("new_reason"),
        message=sa.bindparam("new_message"),
        next_attempt_at=sa.bindparam("next"),
        settled_at=sa.bindparam("settled"),
        attempts=deliveries.c.attempts - sa.bindparam("refund"),
        claim_id=None,
    )
)
_LOG_OUTCOME = sa.insert(delivery_attempts).from_select(
    ["delivery_id", "attempt_id", "outcome", "reason", "message"],
    sa.select(
        deliveries.c.id,
        sa.bindparam("attempt", type_=sa.BigInteger),
        sa.bindparam("its_outcome", type_=sa.Text),
        sa.bindparam("its_reason", type_=sa.Text),
        sa.bindparam("its_message", type_=sa.Text),
    ).where(deliveries.c.id.in_(_IDS)),
)


def extend(store: Store, claim: Claim, now: datetime) -> datetime:
    """Renew the lease of what is still ours; return its new end."""
    until = now + LEASE
    with store.write() as connection:
        connection.execute(
            sa.update(deliveries)
            .where(
                deliveries.c.id.in_([row.id for row in claim.rows]),
                deliveries.c.claim_id == claim.id,
            )
            .values(next_attempt_at=until)
        )
    return until


def release(store: Store, claim: Claim, rows: Sequence[Claimed], at: datetime) -> int:
    """Give untouched rows back, due at `at`, without an attempt used."""
    verdict = Verdict(
        status=Status.PENDING, outcome="released", next_attempt_at=at, counts=False
    )
    settled = [Settled(row=row, verdict=verdict) for row in rows]
    return settle(store, claim, settled, None, at)
