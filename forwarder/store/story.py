"""Tell all that is known of one delivery: its webhook, its attempts, what was sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from forwarder.core.delivery import Status
from forwarder.store.engine import Store
from forwarder.store.log import ID_MAX, Line, line_in
from forwarder.store.notice_log import NoticeLine, notice_in
from forwarder.store.schema import attempts, bodies, delivery_attempts, payloads


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One attempt in a delivery's history. `http_status` None: no answer came.

    `batch` is our number of the request, which other deliveries may share.
    """

    batch: int
    at: datetime
    http_status: int | None
    outcome: str
    reason: str
    message: str
    request_id: str
    duration_ms: int
    n_events: int
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """All that is known of one delivery.

    `payload` is None before the first try, and once it was erased or its time is over.
    """

    line: Line
    notice: NoticeLine | None
    payload: dict[str, Any] | None
    dropped: Sequence[dict[str, str]]
    warnings: Sequence[str]
    history: Sequence[Entry]
    is_person_kept: bool

    @property
    def is_gone(self) -> bool:
        """Whether it left, and what left is no longer kept."""
        has_left = self.line.status is Status.DELIVERED or bool(self.history)
        return has_left and self.payload is None

    @property
    def is_answer(self) -> bool:
        """Whether the platform itself said the message, and not we."""
        return any(
            entry.http_status is not None and entry.message == self.line.message
            for entry in self.history
        )


def show(store: Store, delivery_id: int) -> Story | None:
    """Return the whole story of a delivery; None when there is none."""
    if not 0 < delivery_id <= ID_MAX:
        return None
    with store.read() as connection:
        line = line_in(connection, delivery_id)
        return None if line is None else _story(connection, line)


def _story(connection: sa.Connection, line: Line) -> Story:
    of_it = {"delivery": line.id}
    frozen = connection.execute(_FROZEN, of_it).first()
    notes = {} if frozen is None else msgspec.json.decode(frozen.notes)
    return Story(
        line=line,
        notice=notice_in(connection, line.notice_id),
        payload=None if frozen is None else msgspec.json.decode(frozen.shown),
        dropped=notes.get("dropped", []),
        warnings=notes.get("warnings", []),
        history=[
            Entry(**entry) for entry in connection.execute(_HISTORY, of_it).mappings()
        ],
        is_person_kept=connection.execute(_KEPT, of_it).first() is not None,
    )


_FROZEN = sa.select(payloads.c.shown, payloads.c.notes).where(
    payloads.c.delivery_id == sa.bindparam("delivery")
)
_KEPT = sa.select(bodies.c.delivery_id).where(
    bodies.c.delivery_id == sa.bindparam("delivery")
)
_HISTORY = (
    sa.select(
        attempts.c.id.label("batch"),
        attempts.c.at,
        attempts.c.http_status,
        delivery_attempts.c.outcome,
        delivery_attempts.c.reason,
        delivery_attempts.c.message,
        attempts.c.request_id,
        attempts.c.duration_ms,
        attempts.c.n_events,
        attempts.c.mode,
    )
    .join(attempts, attempts.c.id == delivery_attempts.c.attempt_id)
    .where(delivery_attempts.c.delivery_id == sa.bindparam("delivery"))
    .order_by(attempts.c.id)
)
