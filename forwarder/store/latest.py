"""What came last: the newest webhook of an address, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from forwarder.core.delivery import Status
from forwarder.store.engine import Store
from forwarder.store.glance import LOOKED_AT, WEBHOOKS_READ
from forwarder.store.inbox_sql import is_posted
from forwarder.store.log import Line, line_in
from forwarder.store.notice_log import NoticeLine, notice_in
from forwarder.store.schema import deliveries, notices

LINES_MAX = 5  # of a webhook; one may hold a thousand events


@dataclass(frozen=True, slots=True, kw_only=True)
class Latest:
    """A genuine webhook, and the first of its deliveries."""

    notice: NoticeLine
    lines: Sequence[Line]


def latest(store: Store, endpoint: str | None = None) -> Latest | None:
    """Return the newest genuine webhook of an endpoint, or of any.

    Limits: None as well where the newest of all endpoints hold none of its own.
    """
    with store.read() as connection:
        found = connection.execute(_newest(endpoint)).scalar()
        notice = None if found is None else notice_in(connection, found)
        if notice is None:
            return None
        return Latest(notice=notice, lines=_lines(connection, notice.id))


def lines_of(store: Store, notice_id: int) -> list[Line]:
    """Return the first deliveries of a webhook."""
    with store.read() as connection:
        return _lines(connection, notice_id)


def _lines(connection: sa.Connection, notice_id: int) -> list[Line]:
    ids = connection.execute(_ITS_DELIVERIES, {"notice": notice_id}).scalars()
    lines = [line_in(connection, number) for number in ids.all()]
    return [line for line in lines if line is not None]


def _newest(endpoint: str | None) -> sa.Select[int]:
    columns = (notices.c.id, notices.c.endpoint, notices.c.delivery_key)
    rows = sa.select(*columns).order_by(notices.c.id.desc())
    newest = rows.limit(WEBHOOKS_READ).subquery()
    query = sa.select(newest.c.id).where(is_posted(newest.c.delivery_key))
    if endpoint is not None:
        query = query.where(newest.c.endpoint == endpoint)
    return query.order_by(newest.c.id.desc()).limit(1)


_ITS_DELIVERIES = (
    sa.select(deliveries.c.id)
    .where(deliveries.c.notice_id == sa.bindparam("notice"))
    .order_by(deliveries.c.id)
    .limit(LINES_MAX)
)


def first_delivered(store: Store) -> int | None:
    """Return the number of a delivered delivery among the newest; None without one."""
    rows = sa.select(deliveries.c.id, deliveries.c.status)
    newest = rows.order_by(deliveries.c.id.desc()).limit(LOOKED_AT).subquery()
    is_delivered = newest.c.status == Status.DELIVERED.value
    query = sa.select(newest.c.id).where(is_delivered).limit(1)
    with store.read() as connection:
        found: int | None = connection.execute(query).scalar()
    return found
