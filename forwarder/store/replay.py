"""Send again, or give up, what an operator picks: count first, then piece by piece."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from forwarder.core.delivery import Status
from forwarder.store.engine import Store
from forwarder.store.jobs import Scope
from forwarder.store.log import conditions
from forwarder.store.outbox import MANUAL, REPLAY
from forwarder.store.schema import bodies, deliveries, payloads

CHUNK = 1_000
# Not sent on purpose: only a filter that names the reason sets them back.
FOR_GOOD = frozenset(
    {"consent", "discarded", "not_mapped", "order_cancelled", "erased"}
)
# Pinterest removes copies within 48 hours; how far apart they may be it does not say.
RECOGNISED_FOR = timedelta(hours=24)
_SETTLED = (Status.DELIVERED.value, Status.REFUSED.value, Status.SKIPPED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """How many deliveries of the filter have this status and reason."""

    status: str
    reason: str
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a replay of one destination would do. Units: deliveries.

    `n_cleared` can not be sent, since the person's data is gone; `n_too_old` the
    platform would not take; `n_for_good` were not sent on purpose; `n_counted` were
    delivered so long ago that the platform might count them twice; `n_waiting` are
    pending anyway; `n_final` were delivered or skipped, and nobody asked for those.
    `found` counts all of them by status and reason.
    """

    destination: str
    n_ready: int
    n_delivered: int  # of the ready ones; the platform drops them as duplicates
    n_too_old: int
    n_cleared: int
    n_waiting: int
    n_for_good: int = 0
    n_counted: int = 0
    n_final: int = 0
    found: tuple[Found, ...] = ()

    @property
    def left_alone(self) -> dict[str, int]:
        """What is not sent again, by why not."""
        counts = {
            "too_old": self.n_too_old,
            "cleared": self.n_cleared,
            "for_good": self.n_for_good,
            "counted": self.n_counted,
            "final": self.n_final,
            "waiting": self.n_waiting,
        }
        return {why: n for why, n in counts.items() if n}


def plan(
    store: Store, scope: Scope, destination: str, oldest: datetime, now: datetime
) -> Plan:
    """Count what a replay would send again, and what it would leave alone and why."""
    is_counted = _is_counted(now)
    is_old = sa.and_(~is_counted, deliveries.c.occurred_at < oldest)
    is_fresh = sa.and_(~is_counted, deliveries.c.occurred_at >= oldest)
    query = (
        sa.select(
            deliveries.c.status,
            deliveries.c.reason,
            sa.func.count().label("n"),
            _count(is_counted).label("n_counted"),
            _count(is_old).label("n_too_old"),
            _count(sa.and_(is_fresh, bodies.c.delivery_id.is_(None))).label(
                "n_cleared"
            ),
        )
        .outerjoin(bodies, bodies.c.delivery_id == deliveries.c.id)
        .where(*conditions(replace(scope.wanted, destination=destination)))
        .group_by(deliveries.c.status, deliveries.c.reason)
        .order_by(deliveries.c.status, deliveries.c.reason)
    )
    with store.read() as connection:
        groups = connection.execute(query).mappings().all()
    return _plan(scope, destination, groups)


_COUNTED = (
    "n_ready",
    "n_delivered",
    "n_too_old",
    "n_cleared",
    "n_waiting",
    "n_for_good",
    "n_counted",
    "n_final",
)


def _plan(scope: Scope, destination: str, groups: Sequence[sa.RowMapping]) -> Plan:
    counts = dict.fromkeys(_COUNTED, 0)
    for group in groups:
        for name, n in _counts(scope, group).items():
            counts[name] += n
    found = tuple(
        Found(status=group["status"], reason=group["reason"], n=group["n"])
        for group in groups
    )
    return Plan(destination=destination, found=found, **counts)


def _counts(scope: Scope, group: sa.RowMapping) -> dict[str, int]:
    """Return under which names the deliveries of one status and reason count."""
    status, n = group["status"], group["n"]
    if status not in _SETTLED:
        return {"n_waiting": n}
    if status == Status.SKIPPED.value and group["reason"] in _for_good(scope):
        return {"n_for_good": n}
    if status not in asked(scope):
        return {"n_final": n}
    left = {name: group[name] for name in ("n_counted", "n_too_old", "n_cleared")}
    n_ready = n - sum(left.values())
    n_delivered = n_ready if status == Status.DELIVERED.value else 0
    return {**left, "n_ready": n_ready, "n_delivered": n_delivered}


def asked(scope: Scope) -> frozenset[str]:
    """Return the statuses a replay takes: refused ones, and final ones if asked for."""
    if scope.include_final or scope.wanted.reason is not None:
        return frozenset(_SETTLED)
    named = {scope.wanted.status.value} if scope.wanted.status is not None else set()
    return frozenset({Status.REFUSED.value, *named} & set(_SETTLED))


def _for_good(scope: Scope) -> frozenset[str]:
    return FOR_GOOD - {scope.wanted.reason or ""}


def _is_counted(now: datetime) -> sa.ColumnElement[bool]:
    """Find what the platform has counted and may no longer recognise."""
    is_delivered = deliveries.c.status == Status.DELIVERED.value
    return sa.and_(is_delivered, deliveries.c.settled_at < now - RECOGNISED_FOR)


def _count(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.count(sa.case((condition, 1)))


def ready(
    scope: Scope, oldest: Mapping[str, datetime], now: datetime
) -> list[sa.ColumnElement[bool]]:
    """Return what a replay sets back, as SQL. Shape: `oldest` is by destination."""
    is_for_good = sa.and_(
        deliveries.c.status == Status.SKIPPED.value,
        deliveries.c.reason.in_(_for_good(scope)),
    )
    is_young = [
        sa.and_(deliveries.c.destination == name, deliveries.c.occurred_at >= at)
        for name, at in oldest.items()
    ]
    return [
        *conditions(scope.wanted),
        deliveries.c.status.in_(sorted(asked(scope))),
        ~is_for_good,
        ~_is_counted(now),
        sa.or_(sa.false(), *is_young),
        sa.exists().where(bodies.c.delivery_id == deliveries.c.id),
    ]


def open_ones(scope: Scope) -> list[sa.ColumnElement[bool]]:
    """Return what can be given up, as SQL: all that waits or was refused.

    What a worker holds at this moment is left alone.
    """
    return [
        *conditions(scope.wanted),
        deliveries.c.status.in_([Status.PENDING.value, Status.REFUSED.value]),
        deliveries.c.claim_id.is_(None),
    ]


def count(store: Store, where: Sequence[sa.ColumnElement[bool]]) -> int:
    """Return how many deliveries these conditions find."""
    query = sa.select(sa.func.count()).select_from(deliveries).where(*where)
    with store.read() as connection:
        n: int = connection.execute(query).scalar_one()
    return n


def newest_id(store: Store) -> int:
    """Return the highest number of a delivery; 0 when there is none."""
    with store.read() as connection:
        query = sa.select(sa.func.coalesce(sa.func.max(deliveries.c.id), 0))
        newest: int = connection.execute(query).scalar_one()
    return newest


def next_ids(
    store: Store,
    where: Sequence[sa.ColumnElement[bool]],
    after_id: int,
    last_id: int,
    n_max: int,
) -> list[int]:
    """Return the next deliveries that these conditions find, by number."""
    query = (
        sa.select(deliveries.c.id)
        .where(deliveries.c.id > after_id, deliveries.c.id <= last_id, *where)
        .order_by(deliveries.c.id)
        .limit(n_max)
    )
    with store.read() as connection:
        return list(connection.execute(query).scalars())


def set_back(
    connection: sa.Connection,
    ids: Sequence[int],
    where: Sequence[sa.ColumnElement[bool]],
    now: datetime,
    mode: str = REPLAY,
) -> int:
    """Set those that still meet the conditions back to pending; return how many.

    Shape: `ids` are in order. What came to meet the conditions between the first and
    the last of them is set back as well: a range costs half of a list of a thousand.
    """
    if not ids:
        return 0
    among = deliveries.c.id.between(ids[0], ids[-1])
    # What the platform never took is encoded afresh: the cause may have been mended.
    # A delivered one must leave as it left before.
    renewed = sa.select(deliveries.c.id).where(
        among, deliveries.c.status != Status.DELIVERED.value, *where
    )
    connection.execute(sa.delete(payloads).where(payloads.c.delivery_id.in_(renewed)))
    result = connection.execute(
        sa.update(deliveries)
        .where(among, *where)
        .values(
            status=Status.PENDING.value,
            reason="",
            message="",
            attempts=0,
            mode=mode,
            next_attempt_at=now,
            claim_id=None,
            settled_at=None,
        )
    )
    return result.rowcount


def set_back_one(
    store: Store, scope: Scope, oldest: Mapping[str, datetime], now: datetime
) -> int:
    """Set the one delivery of a narrow filter back, ahead of all others."""
    where = ready(scope, oldest, now)
    ids = next_ids(store, where, 0, newest_id(store), CHUNK)
    with store.write() as connection:
        return set_back(connection, ids, where, now, MANUAL)


def give_up(
    connection: sa.Connection,
    ids: Sequence[int],
    where: Sequence[sa.ColumnElement[bool]],
    now: datetime,
    why: str,
) -> int:
    """End those that still meet the conditions as skipped; return how many."""
    result = connection.execute(
        sa.update(deliveries)
        .where(deliveries.c.id.in_(ids), *where)
        .values(
            status=Status.SKIPPED.value,
            reason="discarded",
            message=why,
            next_attempt_at=None,
            settled_at=now,
        )
    )
    return result.rowcount
