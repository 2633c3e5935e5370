"""The statements that write an arrival down, made once."""

from dataclasses import dataclass
from functools import cache

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from forwarder.core.delivery import NoticeStatus, Status
from forwarder.core.event import Kind
from forwarder.store.schema import bodies, deliveries, notices

CONFLICT = "conflict:"  # before the delivery key of a body kept beside the first
FETCHED = "import:"  # before that of what a shop told when it was asked afterwards
TRIED = "test:"  # before that of a sample which an operator sent here
TOLD_BEFORE = "all in it was told before, by webhook "


def is_posted(
    delivery_key: sa.ColumnElement[str],
) -> sa.ColumnElement[bool]:
    """Find what a shop posted by itself, not what was fetched there or made here."""
    return sa.and_(
        delivery_key.not_like(f"{FETCHED}%"), delivery_key.not_like(f"{TRIED}%")
    )


@dataclass(frozen=True, slots=True)
class Texts:
    """The inserts of an arrival as text in the driver's own parameter style.

    Through SQLAlchemy's own execute each costs 40 µs more.
    """

    notice: str
    delivery: str
    body: str


@cache
def texts(dialect: str) -> Texts:
    """Return the inserts for this database."""
    return Texts(
        _text(_insert_new(notices, dialect), dialect),
        _text(_insert_new(deliveries, dialect), dialect),
        _text(sa.insert(bodies), dialect),
    )


def _insert_new(table: sa.Table, dialect: str) -> Insert:
    """Insert a row unless it is known, and tell which."""
    columns = [c.name for c in table.columns if c.name != "id"]
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return (
        insert(table)
        .values({name: sa.bindparam(name) for name in columns})
        .on_conflict_do_nothing()
        .returning(table.c.id)
    )


def _text(statement: sa.sql.expression.ClauseElement, dialect: str) -> str:
    make = sqlite.dialect if dialect == "sqlite" else postgresql.psycopg.dialect
    style = "named" if dialect == "sqlite" else "pyformat"
    return str(statement.compile(dialect=make(paramstyle=style)))


REPEAT = (
    sa.update(notices)
    .where(
        notices.c.endpoint == sa.bindparam("at_endpoint"),
        notices.c.delivery_key == sa.bindparam("key"),
    )
    .values(
        n_duplicates=notices.c.n_duplicates + 1,
        is_conflict=sa.or_(
            notices.c.is_conflict, notices.c.body_sha256 != sa.bindparam("sha256")
        ),
    )
    .returning(notices.c.id, notices.c.body_sha256)
)
_FIRST_TOLD = (
    sa.select(sa.cast(deliveries.c.notice_id, sa.Text))
    .where(
        deliveries.c.event_id == sa.bindparam("its_event_id"),
        deliveries.c.kind == sa.bindparam("its_kind"),
        deliveries.c.destination == sa.bindparam("to"),
    )
    .scalar_subquery()
)
ALL_KNOWN = (
    sa.update(notices)
    .where(notices.c.id == sa.bindparam("notice"))
    .values(
        status=NoticeStatus.DUPLICATE.value,
        reason=sa.func.coalesce(sa.literal(TOLD_BEFORE) + _FIRST_TOLD, ""),
    )
)
_AT_MOST = sa.bindparam("at_most_minor", type_=sa.BigInteger)
CANCEL = (
    sa.update(deliveries)
    .where(
        deliveries.c.order_id == sa.bindparam("of_order"),
        deliveries.c.endpoint == sa.bindparam("at_endpoint"),
        deliveries.c.kind == Kind.CHECKOUT.value,
        deliveries.c.status == Status.PENDING.value,
        deliveries.c.claim_id.is_(None),
        sa.or_(_AT_MOST.is_(None), deliveries.c.value_minor <= _AT_MOST),
    )
    .values(
        status=Status.SKIPPED.value,
        reason="order_cancelled",
        next_attempt_at=None,
        settled_at=sa.bindparam("ended_at"),
    )
)
