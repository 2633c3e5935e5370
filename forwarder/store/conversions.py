"""Orders and sign-ups by the day they happened, tests left out.

Counted from the log in steps, each delivery exactly once, whoever does it; who asks
counts the newest ones himself. So a month of a million costs as many rows as it has
days, no webhook waits for it, and it stays when the log is cleared. An order that is
told again after that is not counted again.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import sqlalchemy as sa

from forwarder.core.event import Kind
from forwarder.store.engine import Store
from forwarder.store.schema import DAY_US, MICROSECOND, deliveries, us_of
from forwarder.store.schema_conversions import conversion_days
from forwarder.store.upsert import insert_into

CONVERSIONS: Final = (Kind.CHECKOUT, Kind.SIGNUP, Kind.LEAD, Kind.SUBSCRIBE)
STEP: Final = 20_000  # deliveries; other writers of SQLite wait for it, about 20 ms
STEPS_MAX: Final = 500
LAG: Final = timedelta(minutes=2)  # a commit may come this much after the time it notes
KEPT_LEAST: Final = timedelta(days=30)  # no log is kept for less
EPOCH_ON: Final = date(1970, 1, 1)
_MARK: Final = ""
_OF: Final = deliveries.c
_KEPT: Final = deliveries.alias("kept").c
_TOLD_US: Final[sa.ColumnElement[int]] = us_of(_OF.received_at) - us_of(_OF.occurred_at)
# The oldest receipt in a log that was cleared: what happened before may be told again.
_LOG_SINCE: Final = sa.case(
    (
        sa.select(sa.func.min(_KEPT.id)).scalar_subquery() > 1,
        sa.select(sa.func.min(us_of(_KEPT.received_at))).scalar_subquery(),
    ),
    else_=0,
)
_IS_ONE: Final = sa.and_(
    _OF.kind.in_([kind.value for kind in CONVERSIONS]),
    sa.not_(_OF.is_test),
    sa.or_(
        _TOLD_US < KEPT_LEAST // MICROSECOND,
        us_of(_OF.occurred_at) >= _LOG_SINCE,
    ),
)
_COUNTED_TO: Final = sa.select(conversion_days.c.n).where(
    conversion_days.c.on_day == _MARK
)


def count(store: Store, now: datetime) -> int:
    """Count what came since the last time; return how many steps it took."""
    n_steps = 0
    while n_steps < STEPS_MAX and _count_step(store, now - LAG):
        n_steps += 1
    return n_steps


def _count_step(store: Store, until: datetime) -> bool:
    """Count some deliveries; the mark moves in the same commit. False: none is left."""
    insert = insert_into(conversion_days, store.engine)
    with store.write() as connection:
        # The first one makes the mark; at once with another it waits here for that.
        made = insert.values(on_day=_MARK, n=0).on_conflict_do_nothing()
        connection.execute(made)
        low: int = connection.execute(_COUNTED_TO.with_for_update()).scalar_one()
        top = min(low + STEP, _settled_to(connection, until))
        if top <= low:
            return False
        found = connection.execute(_BY_DAY, {"low": low, "top": top}).all()
        rows = [
            {"on_day": f"{EPOCH_ON + timedelta(days=number)}", "n": n}
            for number, n in found
        ]
        added = insert.on_conflict_do_update(
            index_elements=["on_day"],
            set_={"n": conversion_days.c.n + insert.excluded.n},
        )
        connection.execute(added, [*rows, {"on_day": _MARK, "n": top - low}])
    return True


def _settled_to(connection: sa.Connection, until: datetime) -> int:
    """Return the last delivery that nothing changes any more.

    A look-up may still tell that an event is a test, or when it really happened.
    """
    newest = (
        sa.select(_OF.id)
        .where(_OF.received_at < until)
        .order_by(_OF.received_at.desc(), _OF.id.desc())
        .limit(1)
    )
    to_enrich = sa.select(sa.func.min(_OF.id)).where(
        _OF.status == sa.literal_column("'pending'"), _OF.enrich.is_not(None)
    )
    last: int = connection.execute(newest).scalar() or 0
    first_thin: int | None = connection.execute(to_enrich).scalar()
    return last if first_thin is None else min(last, first_thin - 1)


_NUMBER = (us_of(_OF.occurred_at) // DAY_US).label("number")
_BY_DAY = (
    sa.select(_NUMBER, sa.func.count().label("n"))
    .where(_OF.id > sa.bindparam("low"), _OF.id <= sa.bindparam("top"), _IS_ONE)
    .group_by(_NUMBER)
)


def between(store: Store, first: date, last: date) -> int:
    """Return how many conversions happened over a range of days, both included."""
    kept = sa.select(sa.func.sum(conversion_days.c.n)).where(
        conversion_days.c.on_day.between(f"{first}", f"{last}")
    )
    # Both at one time: what is counted meanwhile is not counted twice. The mark is a
    # number of its own in the second query, so that the planner sees how few are left.
    query = sa.select(kept.scalar_subquery(), _COUNTED_TO.scalar_subquery())
    with store.read() as connection:
        counted, mark = connection.execute(query).one()
        n_new: int = connection.execute(_behind(mark or 0, first, last)).scalar_one()
    return int(counted or 0) + n_new


def _behind(mark: int, first: date, last: date) -> sa.Select[int]:
    """Return how to count the conversions of some days behind a delivery."""
    start, end = (datetime.combine(day, time(), UTC) for day in (first, last))
    return sa.select(sa.func.count()).where(
        _OF.id > mark,
        _OF.occurred_at >= start,
        _OF.occurred_at < end + timedelta(days=1),
        _IS_ONE,
    )
