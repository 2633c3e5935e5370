"""The tables. The delivery row is the outbox: who holds it, when it is due.

Wide and sealed bytes live apart from the narrow delivery row, since claiming and
settling rewrite that row three times: with a 2 KB body inside, each batch of 1,000
would write 6 MB more.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DAY_US = timedelta(days=1) // MICROSECOND


def to_us(at: datetime) -> int:
    """Return microseconds since 1970 UTC."""
    return (at - EPOCH) // MICROSECOND


def us_of(column: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    """Return a column of times as microseconds: to build each time takes longer."""
    return sa.type_coerce(column, sa.BigInteger)


def from_us(at_us: int) -> datetime:
    """Return the aware UTC time of microseconds since 1970."""
    return EPOCH + timedelta(microseconds=at_us)


class Moment(sa.types.TypeDecorator[datetime]):
    """An aware UTC datetime, stored as microseconds since 1970 on both databases."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: object) -> int | None:
        """Turn a datetime into the stored number."""
        del dialect
        return None if value is None else to_us(value)

    def process_result_value(
        self, value: int | None, dialect: object
    ) -> datetime | None:
        """Turn the stored number into a datetime."""
        del dialect
        return None if value is None else from_us(value)


metadata = sa.MetaData()
# SQLite gives rowids to INTEGER keys only; 64 bits there as well.
Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def column(
    name: str, kind: sa.types.TypeEngine[Any], why_null: str = ""
) -> sa.Column[Any]:
    """Return a column that is NOT NULL unless the meaning of NULL is given."""
    return sa.Column(name, kind, nullable=bool(why_null), comment=why_null or None)


def partial_index(name: str, *columns: str, where: sa.TextClause) -> sa.Index:
    """Return an index of the rows of a condition, on both databases."""
    return sa.Index(name, *columns, sqlite_where=where, postgresql_where=where)


# What was fetched at a shop or sent here as a test: `inbox_sql` has the words.
NOT_POSTED = sa.text("(delivery_key LIKE 'import:%' OR delivery_key LIKE 'test:%')")

notices = sa.Table(
    "notices",
    metadata,
    sa.Column("id", Id, primary_key=True),
    column("endpoint", sa.Text()),
    column("source", sa.Text()),
    column("delivery_key", sa.Text()),
    column("body_sha256", sa.Text()),
    column("status", sa.Text()),
    column("reason", sa.Text()),
    column("received_at", Moment()),
    column("n_duplicates", sa.Integer()),
    column("is_conflict", sa.Boolean()),
    column("sealed", sa.LargeBinary(), "cleared by retention or erased"),
    sa.UniqueConstraint("endpoint", "delivery_key", name="notices_once"),
    partial_index("notices_quarantined", "id", where=sa.text("status = 'quarantined'")),
    sa.Index("notices_received", "received_at"),
    partial_index("notices_not_posted", "received_at", where=NOT_POSTED),
    sqlite_autoincrement=True,  # others name a number for longer than its row stays
)

_PENDING = sa.text("status = 'pending'")
_DUE_TO_ENRICH = sa.text("status = 'pending' AND enrich IS NOT NULL")
_HAS_ORDER = sa.text("order_id IS NOT NULL")
_REFUSED = sa.text("status = 'refused'")
_TO_ERASE = sa.text("reason = 'erase_requested'")

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", Id, primary_key=True),
    column("notice_id", sa.BigInteger()),
    column("destination", sa.Text()),
    column("endpoint", sa.Text()),
    column("source", sa.Text()),
    column("event_id", sa.Text()),
    column("kind", sa.Text()),
    column("status", sa.Text()),
    column("reason", sa.Text()),
    column("message", sa.Text()),
    column("order_id", sa.Text(), "the event has no order"),
    column("value_minor", sa.BigInteger(), "the order's value was not told"),
    column("currency", sa.Text(), "the order's value was not told"),
    column("has_click", sa.Boolean()),
    column("is_test", sa.Boolean()),
    column("occurred_at", Moment()),
    column("received_at", Moment()),
    column("attempts", sa.Integer()),
    column("mode", sa.Text()),
    column("next_attempt_at", Moment(), "settled"),
    column("claim_id", sa.BigInteger(), "nobody is working on it"),
    column("enrich", sa.Text(), "needs no look-up before it is sent"),
    column("settled_at", Moment(), "not settled yet"),
    sa.UniqueConstraint("event_id", "kind", "destination", name="deliveries_once"),
    # A claimed row carries the end of its lease as its next attempt: when the worker
    # dies the row becomes due by itself, and one index serves both.
    partial_index(
        "deliveries_due",
        "destination",
        "mode",  # what came by itself goes before what is sent again
        "next_attempt_at",
        where=_PENDING,
    ),
    partial_index("deliveries_aging", "destination", "occurred_at", where=_PENDING),
    partial_index("deliveries_to_enrich", "next_attempt_at", where=_DUE_TO_ENRICH),
    partial_index("deliveries_order", "order_id", where=_HAS_ORDER),
    partial_index("deliveries_refused", "id", where=_REFUSED),
    partial_index("deliveries_to_erase", "id", where=_TO_ERASE),
    sa.Index("deliveries_received", "received_at"),
    sa.Index("deliveries_notice", "notice_id"),
    sqlite_autoincrement=True,
)

bodies = sa.Table(
    "bodies",
    metadata,
    sa.Column("delivery_id", Id, primary_key=True, autoincrement=False),
    column("sealed", sa.LargeBinary()),
    comment="The event as parsed, sealed. No row: cleared by retention or erased",
)

payloads = sa.Table(
    "payloads",
    metadata,
    sa.Column("delivery_id", Id, primary_key=True, autoincrement=False),
    column("shown", sa.LargeBinary()),
    column("sealed", sa.LargeBinary(), "no IP and user agent, or cleared"),
    column("notes", sa.LargeBinary()),
    comment="What leaves, frozen at the first attempt: hashed, IP and agent masked",
)

claims = sa.Table(
    "claims",
    metadata,
    sa.Column("id", Id, primary_key=True),
    column("worker", sa.Text()),
    column("destination", sa.Text()),
    column("claimed_at", Moment()),
    comment="The id is the fencing number: who holds an older one settles nothing",
    sqlite_autoincrement=True,
)

attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("id", Id, primary_key=True),
    column("destination", sa.Text()),
    column("at", Moment()),
    column("http_status", sa.Integer(), "no answer came"),
    column("message", sa.Text()),
    column("request_id", sa.Text()),
    column("duration_ms", sa.Integer()),
    column("n_events", sa.Integer()),
    column("mode", sa.Text()),
    sa.Index("attempts_at", "at"),
    sa.Index("attempts_request", "request_id"),
    sa.Index("attempts_answer", "http_status"),
    sqlite_autoincrement=True,
)

delivery_attempts = sa.Table(
    "delivery_attempts",
    metadata,
    sa.Column("delivery_id", Id, primary_key=True, autoincrement=False),
    sa.Column("attempt_id", Id, primary_key=True, autoincrement=False),
    column("outcome", sa.Text()),
    column("reason", sa.Text()),
    column("message", sa.Text()),
    sa.Index("delivery_attempts_attempt", "attempt_id", "delivery_id"),
)

destinations = sa.Table(
    "destinations",
    metadata,
    sa.Column("name", sa.Text(), primary_key=True),
    column("state", sa.Text()),
    column("reason", sa.Text()),
    column("message", sa.Text()),
    column("since", Moment()),
    column("credential", sa.Text()),
    column("not_before", Moment(), "may be called now"),
    sa.Column("n_failures", sa.Integer(), nullable=False, server_default="0"),
    sa.Column("n_openings", sa.Integer(), nullable=False, server_default="0"),
    column("failed_at", Moment(), "never failed"),
    column("max_age_s", sa.BigInteger(), "no worker has told"),
    column("paused_at", Moment(), "no person has paused it"),
    sa.Column("paused_by", sa.Text(), nullable=False, server_default=""),
    sa.Column("pause_reason", sa.Text(), nullable=False, server_default=""),
)

workers = sa.Table(
    "workers",
    metadata,
    sa.Column("name", sa.Text(), primary_key=True),
    column("seen_at", Moment()),
    column("worked_at", Moment(), "has not sent anything yet"),
)

duties = sa.Table(
    "duties",
    metadata,
    sa.Column("job", sa.Text(), primary_key=True),
    sa.Column("period", sa.Text(), primary_key=True),
    column("done_at", Moment()),
    comment="A job ran for a period: the key lets exactly one beat start it",
)

users = sa.Table(
    "users",
    metadata,
    sa.Column("name", sa.Text(), primary_key=True),
    column("password_hash", sa.Text()),
    column("role", sa.Text()),
    column("created_at", Moment()),
    column("n_failures", sa.Integer()),
    column("locked_until", Moment(), "may log in"),
    column("disabled_at", Moment(), "may log in"),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("name", sa.Text(), primary_key=True),
    column("key_sha256", sa.Text()),
    column("scope", sa.Text()),
    column("created_at", Moment()),
    column("expires_at", Moment(), "never ends"),
    sa.UniqueConstraint("key_sha256", name="api_keys_once"),
)

tag_reports = sa.Table(
    "tag_reports",
    metadata,
    sa.Column("id", Id, primary_key=True),
    column("fingerprint", sa.Text()),
    column("level", sa.Text()),
    column("first_on", sa.Text()),
    column("last_on", sa.Text()),
    column("imported_at", Moment()),
    column("content", sa.LargeBinary()),
    sa.UniqueConstraint("fingerprint", name="tag_reports_once"),
    comment="What the tag's side says, one row per import; never changed",
)
