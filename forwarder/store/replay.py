"""Send again, or give up, what an operator picks: count first, then do it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from forwarder.core.delivery import Status
from forwarder.store.engine import Store
from forwarder.store.log import Filter, conditions
from forwarder.store.schema import bodies, deliveries, payloads

CHUNK = 1_000
# Not sent on purpose: only a filter that names the reason sets them back.
FOR_GOOD = frozenset({"consent", "discarded", "not_mapped", "order_cancelled"})
# Pinterest removes copies within 48 hours; how far apart they may be it does not say.
RECOGNISED_FOR = timedelta(hours=24)
SETTLED = (Status.DELIVERED.value, Status.REFUSED.value, Status.SKIPPED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a replay of one destination would do. Units: deliveries.

    `n_cleared` can not be sent, since the person's data is gone; `n_too_old` the
    platform would not take; `n_for_good` were not sent on purpose; `n_counted` were
    delivered so long ago that the platform might count them twice; `n_waiting` are
    pending anyway.
    """

    destination: str
    n_ready: int
    n_delivered: int  # of the ready ones; the platform drops them as duplicates
    n_too_old: int
    n_cleared: int
    n_waiting: int
    n_for_good: int = 0
    n_counted: int = 0


def plan(
    store: Store, wanted: Filter, destination: str, oldest: datetime, now: datetime
) -> Plan:
    """Count what `run` would send again, and what it would leave alone and why."""
    where = conditions(replace(wanted, destination=destination))
    is_ended = deliveries.c.status.in_(SETTLED)
    is_counted = _is_counted(now)
    is_settled = sa.and_(is_ended, ~_is_for_good(wanted), ~is_counted)
    is_kept = bodies.c.delivery_id.is_not(None)
    is_fresh = deliveries.c.occurred_at >= oldest
    is_ready = sa.and_(is_settled, is_kept, is_fresh)
    is_done = deliveries.c.status == Status.DELIVERED.value
    query = (
        sa.select(
            _count(is_ready).label("n_ready"),
            _count(sa.and_(is_ready, is_done)).label("n_delivered"),
            _count(sa.and_(is_settled, ~is_fresh)).label("n_too_old"),
            _count(sa.and_(is_settled, is_fresh, ~is_kept)).label("n_cleared"),
            _count(~is_ended).label("n_waiting"),
            _count(sa.and_(is_ended, _is_for_good(wanted))).label("n_for_good"),
            _count(is_counted).label("n_counted"),
        )
        .outerjoin(bodies, bodies.c.delivery_id == deliveries.c.id)
        .where(*where)
    )
    with store.read() as connection:
        counts = connection.execute(query).mappings().one()
    return Plan(destination=destination, **counts)


def _is_for_good(wanted: Filter) -> sa.ColumnElement[bool]:
    reasons = FOR_GOOD - {wanted.reason}
    is_skipped = deliveries.c.status == Status.SKIPPED.value
    return sa.and_(is_skipped, deliveries.c.reason.in_(reasons))


def _is_counted(now: datetime) -> sa.ColumnElement[bool]:
    """Find what the platform has counted and may no longer recognise."""
    is_delivered = deliveries.c.status == Status.DELIVERED.value
    return sa.and_(is_delivered, deliveries.c.settled_at < now - RECOGNISED_FOR)


def _count(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.count(sa.case((condition, 1)))


def run(
    store: Store, wanted: Filter, destination: str, oldest: datetime, now: datetime
) -> int:
    """Set every ready delivery of the filter back to pending; return how many."""
    query = (
        sa.select(deliveries.c.id)
        .join(bodies, bodies.c.delivery_id == deliveries.c.id)
        .where(
            *conditions(replace(wanted, destination=destination)),
            deliveries.c.status.in_(SETTLED),
            ~_is_for_good(wanted),
            ~_is_counted(now),
            deliveries.c.occurred_at >= oldest,
        )
        .order_by(deliveries.c.id)
        .limit(CHUNK)
    )
    n_done, after_id = 0, 0
    while True:
        with store.read() as connection:
            page = query.where(deliveries.c.id > after_id)
            ids = list(connection.execute(page).scalars())
        if not ids:
            return n_done
        after_id = ids[-1]
        n_done += _set_back(store, ids, now)


def _set_back(store: Store, ids: list[int], now: datetime) -> int:
    # What the platform never took is encoded afresh: the cause may have been mended.
    # A delivered one must leave as it left before.
    renewed = sa.select(deliveries.c.id).where(
        deliveries.c.id.in_(ids), deliveries.c.status != Status.DELIVERED.value
    )
    with store.write() as connection:
        connection.execute(
            sa.delete(payloads).where(payloads.c.delivery_id.in_(renewed))
        )
        result = connection.execute(
            sa.update(deliveries)
            .where(deliveries.c.id.in_(ids), deliveries.c.status.in_(SETTLED))
            .values(
                status=Status.PENDING.value,
                reason="",
                message="",
                attempts=0,
                mode="replay",
                next_attempt_at=now,
                claim_id=None,
                settled_at=None,
            )
        )
    return result.rowcount


def discard(store: Store, wanted: Filter, now: datetime, *, is_dry_run: bool) -> int:
    """End what waits or was refused as skipped; return how many deliveries.

    What a worker holds at this moment is left alone.
    """
    is_open = sa.and_(
        deliveries.c.status.in_([Status.PENDING.value, Status.REFUSED.value]),
        deliveries.c.claim_id.is_(None),
    )
    found = sa.select(deliveries.c.id).where(*conditions(wanted), is_open)
    if is_dry_run:
        with store.read() as connection:
            count = sa.select(sa.func.count()).select_from(found.subquery())
            n_found: int = connection.execute(count).scalar_one()
        return n_found
    n_done = 0
    with store.read() as connection:
        ids = list(connection.execute(found.order_by(deliveries.c.id)).scalars())
    for start in range(0, len(ids), CHUNK):
        n_done += _discard(store, ids[start : start + CHUNK], is_open, now)
    return n_done


def _discard(
    store: Store, ids: list[int], is_open: sa.ColumnElement[bool], now: datetime
) -> int:
    with store.write() as connection:
        result = connection.execute(
            sa.update(deliveries)
            .where(deliveries.c.id.in_(ids), is_open)
            .values(
                status=Status.SKIPPED.value,
                reason="discarded",
                next_attempt_at=None,
                settled_at=now,
            )
        )
    return result.rowcount
