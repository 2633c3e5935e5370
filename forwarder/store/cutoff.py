"""Attempts that nobody ended: their worker died, or stood still, with rows in hand.

Whoever claims such rows next writes the line that is missing in their history. The
number of the claim before stands in the row's message meanwhile: a statement that
updates and returns rows tells only what is new in them.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

import sqlalchemy as sa

from forwarder.core.tally import tally
from forwarder.store.schema import attempts, claims, deliveries, delivery_attempts

ANSWER_LOST: Final = "answer_lost"
CUT_OFF: Final = "cut_off"
_MARK: Final = "cut off: claim "

message_of_claim = sa.case(
    (deliveries.c.claim_id.is_(None), deliveries.c.message),
    else_=sa.literal(_MARK) + sa.cast(deliveries.c.claim_id, sa.Text),
)


class Taken(NamedTuple):
    """A delivery as a claim returns it."""

    id: int
    message: str


def write_cut_off(
    connection: sa.Connection,
    destination: str,
    mode: str,
    taken: Sequence[Taken],
    now: datetime,
) -> None:
    """Tell, in the history of each, of the attempt that was cut off before this one."""
    groups: dict[int, list[int]] = defaultdict(list)
    for one in taken:
        if one.message.startswith(_MARK):
            groups[int(one.message.removeprefix(_MARK))].append(one.id)
    for claim_id, ids in groups.items():
        message = _told(connection, claim_id)
        row = {
            "destination": destination,
            "at": now,
            "http_status": None,
            "message": message,
            "request_id": "",
            "duration_ms": 0,
            "n_events": len(ids),
            "mode": mode,
        }
        insert = sa.insert(attempts).values(row).returning(attempts.c.id)
        attempt_id = connection.execute(insert).scalar_one()
        line = {
            "attempt_id": attempt_id,
            "outcome": CUT_OFF,
            "reason": ANSWER_LOST,
            "message": message,
        }
        connection.execute(
            sa.insert(delivery_attempts), [{"delivery_id": i, **line} for i in ids]
        )
        tally.add("forwarder_lease_reclaims_total", (destination,), len(ids))


def _told(connection: sa.Connection, claim_id: int) -> str:
    """Say who held them; after a day nobody knows any more."""
    row = connection.execute(sa.select(claims).where(claims.c.id == claim_id)).first()
    if row is None:
        return "the worker that held it wrote no answer down"
    at = f"{row.claimed_at:%Y-%m-%d %H:%M:%S} UTC"
    return f"worker {row.worker} took it at {at} and wrote no answer down"
