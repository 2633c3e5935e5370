"""Who sends which delivery: claim, freeze, settle. No task queue knows more.

A claim sets the row's next attempt to the end of the lease. A worker that dies thus
gives its rows back by itself, and one that comes back late settles nothing, since the
number of its claim no longer stands in the row.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from forwarder.core import failpoints
from forwarder.core.delivery import Answer, Encoded
from forwarder.store.claimed import AUTO, Claimed, load, notes, seal_private
from forwarder.store.counting import count_answer, count_verdicts
from forwarder.store.cutoff import ANSWER_LOST, Taken, message_of_claim, write_cut_off
from forwarder.store.engine import Store
from forwarder.store.schema import claims, deliveries, payloads
from forwarder.store.settling import Verdict, log_attempt, settle_group
from forwarder.store.upsert import insert_into

LEASE = timedelta(seconds=60)
MANUAL, REPLAY = "manual", "replay"  # why it is sent at all, if not by itself
MODES = (MANUAL, AUTO, REPLAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A leased batch. `id` is the fencing number."""

    id: int
    destination: str
    until: datetime
    rows: Sequence[Claimed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Which deliveries come first: the modes one after the other, never mixed.

    Within a mode, what happened before `urgent_before` comes first, oldest first, as
    it is soon too old; it takes half of a batch where others are due as well.
    """

    modes: Sequence[str] = MODES
    urgent_before: datetime | None = None


AS_THEY_COME = Order()


def claim(
    store: Store,
    destination: str,
    worker: str,
    n_max: int,
    now: datetime,
    order: Order = AS_THEY_COME,
) -> Claim | None:
    """Lease up to `n_max` due deliveries of one destination; None when there is none.

    Two that claim at once never get the same row. All rows are of one mode, the first
    of the order that has something due.
    """
    mode = due_mode(store, destination, now, order.modes)
    if mode is None:  # spares an idle tick the write lock
        return None
    until = now + LEASE
    with store.write() as connection:
        number = number_claim(connection, worker, destination, now)
        wanted = {
            "claim": number,
            "until": until,
            "to": destination,
            "its_mode": mode,
            "at": now,
        }
        found = _take(connection, wanted, n_max, order.urgent_before)
        write_cut_off(connection, destination, mode, found, now)
    if not found:
        return None
    rows = load(store, sorted(one.id for one in found))
    return Claim(id=number, destination=destination, until=until, rows=rows)


def _take(
    connection: sa.Connection,
    wanted: dict[str, object],
    n_max: int,
    urgent_before: datetime | None,
) -> list[Taken]:
    """Return what is ours now: urgent ones, others, more urgent ones."""
    found: list[Taken] = []
    n_urgent = (n_max + 1) // 2 if urgent_before is not None else 0

    def take(statement: sa.Executable, n: int) -> None:
        if n > 0:
            given = {**wanted, "before": urgent_before, "n_max": n}
            found.extend(map(Taken._make, connection.execute(statement, given)))

    take(_CLAIM_URGENT, n_urgent)
    take(_CLAIM, n_max - len(found))
    return found


def has_due(store: Store, destination: str, now: datetime) -> bool:
    """Say whether anything of this destination waits to be sent."""
    return due_mode(store, destination, now, MODES) is not None


def due_mode(
    store: Store, destination: str, now: datetime, modes: Sequence[str]
) -> str | None:
    """Return the first of these modes that has something due; None if none has."""
    with store.read() as connection:
        for mode in modes:
            wanted = {"to": destination, "at": now, "its_mode": mode}
            if connection.execute(_ANY_DUE, wanted).first() is not None:
                return mode
    return None


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
    deliveries.c.mode == sa.bindparam("its_mode"),
    deliveries.c.next_attempt_at <= sa.bindparam("at"),
)
_ANY_DUE = sa.select(deliveries.c.id).where(*_DUE).limit(1)


def _claiming(chosen: sa.Select[int]) -> sa.sql.dml.ReturningUpdate[Any]:
    """Return what leases the chosen deliveries, as many as `n_max` says."""
    ids = chosen.limit(sa.bindparam("n_max")).with_for_update(skip_locked=True)
    return (
        sa.update(deliveries)
        .where(deliveries.c.id.in_(ids))
        .values(
            claim_id=sa.bindparam("claim"),
            next_attempt_at=sa.bindparam("until"),
            attempts=deliveries.c.attempts + 1,
            # A claim that was never settled: its request may have arrived.
            reason=sa.case(
                (deliveries.c.claim_id.is_(None), deliveries.c.reason),
                else_=ANSWER_LOST,
            ),
            message=message_of_claim,
        )
        .returning(deliveries.c.id, deliveries.c.message)
    )


_DUE_IDS = sa.select(deliveries.c.id).where(*_DUE)
_CLAIM = _claiming(_DUE_IDS.order_by(deliveries.c.next_attempt_at))
_CLAIM_URGENT = _claiming(
    _DUE_IDS.where(deliveries.c.occurred_at < sa.bindparam("before")).order_by(
        deliveries.c.occurred_at
    )
)


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
            "sealed": seal_private(store, claim.destination, row, now),
            "notes": notes(payload),
        }
        for row, payload in encoded.values()
    ]
    with store.write() as connection:
        new = insert_into(payloads, connection).on_conflict_do_nothing()
        # Told back, 1,000 rows go in one statement. SQLite's driver would keep one for
        # each number of rows there ever was, with what was in them: 2 MB for 1,000.
        told_back = () if store.is_sqlite else (payloads.c.delivery_id,)
        connection.execute(new.returning(*told_back), rows)


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
            mode = claim.rows[0].mode  # a claim never mixes modes
            attempt_id = log_attempt(connection, claim.destination, answer, mode, now)
        failpoints.reach("mid_settle")
        n_ours = sum(
            settle_group(connection, claim.id, verdict, ids, attempt_id, now)
            for verdict, ids in groups.items()
        )
    if answer is not None:
        reasons = [verdict.reason for verdict in groups]
        count_answer(claim.destination, answer, reasons)
    if n_ours == len(settled):  # what came too late was another's to count
        pairs = [(one.row, one.verdict) for one in settled]
        count_verdicts(claim.destination, pairs, now)
    return n_ours


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
