"""Find what is kept of people, and take it away before its time.

What is found is decided above; here are the rows that may hold somebody, and what
erasing them means. A delivery that a worker holds at this moment is left for the next
round: its request may be on the way.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forwarder.core.delivery import NoticeStatus, Status
from forwarder.core.event import Event, Notice
from forwarder.store import click_traces
from forwarder.store.claimed import open_event
from forwarder.store.engine import Store
from forwarder.store.identity import notice_identity
from forwarder.store.notice import decode_notice
from forwarder.store.schema import bodies, deliveries, notices, payloads
from forwarder.store.seal import Unopenable

CHUNK = 500
REQUESTED = "erase_requested"
ERASED = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A delivery of which more is kept than its line in the log.

    `event` None: it was cleared, or, if not `is_readable`, no data key opens it.
    """

    id: int
    notice_id: int
    is_readable: bool
    event: Event | None = field(repr=False)
    shown: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptNotice:
    """A webhook that is kept as it came; `notice` None: no data key opens it."""

    id: int
    notice: Notice | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A wish of a shop to erase somebody, as it waits to be carried out."""

    delivery_id: int
    endpoint: str
    event: Event | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """What one round took away. Units: rows; `held` are the deliveries it left."""

    n_events: int = 0
    n_payloads: int = 0
    n_skipped: int = 0
    held: frozenset[int] = frozenset()

    def __add__(self, other: "Gone") -> "Gone":
        """Return both in sum."""
        return Gone(
            n_events=self.n_events + other.n_events,
            n_payloads=self.n_payloads + other.n_payloads,
            n_skipped=self.n_skipped + other.n_skipped,
            held=self.held | other.held,
        )


_KEPT = (
    sa.select(
        deliveries.c.id,
        deliveries.c.notice_id,
        deliveries.c.destination,
        deliveries.c.kind,
        deliveries.c.event_id,
        bodies.c.sealed.label("body"),
        payloads.c.shown,
    )
    .outerjoin(bodies, bodies.c.delivery_id == deliveries.c.id)
    .outerjoin(payloads, payloads.c.delivery_id == deliveries.c.id)
    .order_by(deliveries.c.id)
    .limit(CHUNK)
)


def kept_deliveries(store: Store, endpoint: str | None) -> Iterator[Kept]:
    """Give every delivery of an endpoint, or of all, that may hold a person."""
    wanted = [sa.or_(bodies.c.delivery_id.is_not(None), payloads.c.shown.is_not(None))]
    if endpoint is not None:
        wanted.append(deliveries.c.endpoint == endpoint)
    query = _KEPT.where(*wanted)
    for row in _pages(store, query, deliveries.c.id):
        event = open_event(store, row)
        yield Kept(
            id=row.id,
            notice_id=row.notice_id,
            is_readable=event is not None or row.body is None,
            event=event,
            shown=row.shown,
        )


def kept_notices(store: Store, endpoint: str | None) -> Iterator[KeptNotice]:
    """Give every webhook of an endpoint, or of all, that is kept as it came."""
    query = sa.select(notices).where(notices.c.sealed.is_not(None))
    if endpoint is not None:
        query = query.where(notices.c.endpoint == endpoint)
    query = query.order_by(notices.c.id).limit(CHUNK)
    for row in _pages(store, query, notices.c.id):
        yield KeptNotice(id=row.id, notice=_open(store, row))


def _open(store: Store, row: sa.Row[*tuple[Any, ...]]) -> Notice | None:
    identity = notice_identity(row.endpoint, row.delivery_key)
    try:
        return decode_notice(store.sealer.open(row.sealed, identity))
    except Unopenable:
        return None


def _pages(
    store: Store, query: sa.Select[Any], number: sa.Column[int]
) -> Iterator[sa.Row[*tuple[Any, ...]]]:
    after_id = 0
    while True:
        with store.read() as connection:
            rows = connection.execute(query.where(number > after_id)).all()
        if not rows:
            return
        yield from rows
        after_id = rows[-1].id


def erase_deliveries(store: Store, ids: Sequence[int], now: datetime) -> Gone:
    """Take away events and payloads; what still waited ends skipped as `erased`.

    What may already have left keeps its line in the log: it says that something was
    sent and what came of it, not about whom.
    """
    gone = Gone()
    for start in range(0, len(ids), CHUNK):
        with store.write() as connection:
            gone += _erase(connection, ids[start : start + CHUNK], now)
    return gone


def _erase(connection: sa.Connection, ids: Sequence[int], now: datetime) -> Gone:
    is_held = sa.and_(
        deliveries.c.status == Status.PENDING.value,
        deliveries.c.claim_id.is_not(None),
        deliveries.c.next_attempt_at > now,
    )
    chosen = sa.select(deliveries.c.id).where(deliveries.c.id.in_(ids), ~is_held)
    free = list(connection.execute(chosen.with_for_update()).scalars())
    skipped = connection.execute(
        sa.update(deliveries)
        .where(deliveries.c.id.in_(free), deliveries.c.status == Status.PENDING.value)
        .values(
            status=Status.SKIPPED.value,
            reason=ERASED,
            next_attempt_at=None,
            claim_id=None,
            enrich=None,
            settled_at=now,
        )
    )
    # A platform's answer may quote what it was sent.
    connection.execute(
        sa.update(deliveries).where(deliveries.c.id.in_(free)).values(message="")
    )
    click_traces.take_away(connection, free)
    return Gone(
        n_events=_delete(connection, bodies, free),
        n_payloads=_delete(connection, payloads, free),
        n_skipped=skipped.rowcount,
        held=frozenset(ids) - frozenset(free),
    )


def _delete(connection: sa.Connection, table: sa.Table, ids: Sequence[int]) -> int:
    statement = sa.delete(table).where(table.c.delivery_id.in_(ids))
    return connection.execute(statement).rowcount


def erase_notices(store: Store, ids: Sequence[int]) -> int:
    """Take webhooks away as they came; they are still recognised when repeated."""
    is_quarantined = notices.c.status == NoticeStatus.QUARANTINED.value
    n_erased = 0
    for start in range(0, len(ids), CHUNK):
        chosen = notices.c.id.in_(ids[start : start + CHUNK])
        with store.write() as connection:
            done = connection.execute(
                sa.update(notices)
                .where(chosen, notices.c.sealed.is_not(None))
                .values(
                    sealed=None,
                    # There is nothing left that could be read again.
                    reason=sa.case((is_quarantined, ERASED), else_=notices.c.reason),
                    status=sa.case(
                        (is_quarantined, NoticeStatus.IGNORED.value),
                        else_=notices.c.status,
                    ),
                )
            )
        n_erased += done.rowcount
    return n_erased


def requests(store: Store) -> list[Request]:
    """Return the wishes of shops that wait, oldest first."""
    query = _KEPT.add_columns(deliveries.c.endpoint).where(
        deliveries.c.reason == sa.literal_column(f"'{REQUESTED}'")  # its index's words
    )
    with store.read() as connection:
        rows = connection.execute(query).all()
    return [
        Request(delivery_id=row.id, endpoint=row.endpoint, event=open_event(store, row))
        for row in rows
    ]


def finish(store: Store, request: Request, now: datetime) -> None:
    """Take the wish itself away: it names the person too."""
    with store.write() as connection:
        _delete(connection, bodies, [request.delivery_id])
        connection.execute(
            sa.update(deliveries)
            .where(deliveries.c.id == request.delivery_id)
            .values(reason=ERASED, message="", settled_at=now)
        )
