"""Write verdicts: the history first, then the next state of what is still ours."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from forwarder.core.delivery import Answer, Status
from forwarder.store.schema import attempts, deliveries, delivery_attempts


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The next state of a delivery. Equal verdicts are written in one statement."""

    status: Status
    outcome: str
    reason: str = ""
    message: str = ""
    next_attempt_at: datetime | None = None
    counts: bool = True


def log_attempt(
    connection: sa.Connection,
    destination: str,
    answer: Answer,
    mode: str,
    now: datetime,
) -> int:
    """Write one request into the history; return its number."""
    row = {
        "destination": destination,
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


def settle_group(
    connection: sa.Connection,
    claim_id: int,
    verdict: Verdict,
    ids: list[int],
    attempt_id: int | None,
    now: datetime,
) -> int:
    """Write one verdict on many deliveries; return how many were still ours."""
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
