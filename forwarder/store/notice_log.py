"""Answer operators: which webhooks came in, and what was made of them."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from forwarder.core.delivery import NoticeStatus
from forwarder.store.engine import Store
from forwarder.store.inbox_sql import CONFLICT, is_posted
from forwarder.store.log import PAGE, PAGE_MAX
from forwarder.store.schema import notices


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeLine:
    """The webhook a delivery came from."""

    id: int
    endpoint: str
    source: str
    status: NoticeStatus
    reason: str
    received_at: datetime
    n_duplicates: int
    is_conflict: bool
    conflict_id: int | None  # the notice that keeps the other body; None: there is none
    is_kept: bool  # the sealed request is still there


_OTHER = notices.alias("other")
_OTHER_KEY = sa.literal(CONFLICT) + notices.c.delivery_key
_NOTICE = sa.select(
    *(notices.c[name] for name in NoticeLine.__slots__ if name in notices.c),
    sa.select(_OTHER.c.id)
    .where(_OTHER.c.endpoint == notices.c.endpoint, _OTHER.c.delivery_key == _OTHER_KEY)
    .scalar_subquery()
    .label("conflict_id"),
    notices.c.sealed.is_not(None).label("is_kept"),
)


def count_notices(store: Store) -> dict[str, int]:
    """Return how many notices there are of each status, and how many repeats came."""
    query = (
        sa.select(
            notices.c.status, sa.func.count(), sa.func.sum(notices.c.n_duplicates)
        )
        .where(notices.c.delivery_key.not_like(f"{CONFLICT}%"))  # repeats, counted
        .group_by(notices.c.status)
    )
    counts = dict.fromkeys(NoticeStatus, 0)
    with store.read() as connection:
        for status, n, n_repeats in connection.execute(query):
            counts[NoticeStatus(status)] += n
            counts[NoticeStatus.DUPLICATE] += n_repeats
    return {status.value: n for status, n in counts.items()}


def last_notices(store: Store) -> dict[str, datetime]:
    """Return when each endpoint last took a genuine webhook."""
    newest = sa.func.max(notices.c.received_at)
    query = sa.select(notices.c.endpoint, newest).where(
        is_posted(notices.c.delivery_key)
    )
    with store.read() as connection:
        return dict(connection.execute(query.group_by(notices.c.endpoint)).all())


def list_notices(
    store: Store, status: NoticeStatus | None, n_max: int = PAGE
) -> list[NoticeLine]:
    """Return notices, newest first."""
    query = _NOTICE.order_by(notices.c.id.desc()).limit(min(n_max, PAGE_MAX))
    if status is not None:
        query = query.where(notices.c.status == sa.literal_column(f"'{status.value}'"))
    with store.read() as connection:
        return [_notice(row) for row in connection.execute(query).mappings()]


def find_notice(store: Store, notice_id: int) -> NoticeLine | None:
    """Return a notice by its number; None when there is none."""
    with store.read() as connection:
        return notice_in(connection, notice_id)


def notice_in(connection: sa.Connection, notice_id: int) -> NoticeLine | None:
    """Return a notice inside a transaction of the caller; None when there is none."""
    query = _NOTICE.where(notices.c.id == notice_id)
    row = connection.execute(query).mappings().first()
    return None if row is None else _notice(row)


def _notice(row: sa.RowMapping) -> NoticeLine:
    fields = dict(row)
    fields["status"] = NoticeStatus(fields["status"])
    return NoticeLine(**fields)
