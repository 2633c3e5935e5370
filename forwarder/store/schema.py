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


def to_us(at: datetime) -> int:
    """Return microseconds since 1970 UTC."""
    return (at - EPOCH) // MICROSECOND


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


def _column(
    name: str, kind: sa.types.TypeEngine[Any], why_null: str = ""
) -> sa.Column[Any]:
    """Return a column that is NOT NULL unless the meaning of NULL is given."""
    return sa.Column(name, kind, nullable=bool(why_null), comment=why_null or None)


notices = sa.Table(
    "notices",
    metadata,
    sa.Column("id", Id, primary_key=True),
    _column("endpoint", sa.Text()),
    _column("source", sa.Text()),
    _column("delivery_key", sa.Text()),
    _column("body_sha256", sa.Text()),
    _column("status", sa.Text()),
    _column("reason", sa.Text()),
    _column("received_at", Moment()),
    _column("n_duplicates", sa.Integer()),
    _column("is_conflict", sa.Boolean()),
    _column("sealed", sa.LargeBinary(), "cleared by retention or erased"),
    sa.UniqueConstraint("endpoint", "delivery_key", name="notices_once"),
    sa.Index(
        "notices_quarantined",
        "id",
        sqlite_where=sa.text("status = 'quarantined'"),
        postgresql_where=sa.text("status = 'quarantined'"),
    ),
    sa.Index("notices_received", "received_at"),
)

_PENDING = sa.text("status = 'pending'")
_DUE_TO_ENRICH = sa.text("status = 'pending' AND enrich IS NOT NULL")
_HAS_ORDER = sa.text("order_id IS NOT NULL")
_REFUSED = sa.text("status = 'refused'")

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", Id, primary_key=True),
    _column("notice_id", sa.BigInteger()),
    _column("destination", sa.Text()),
    _column("endpoint", sa.Text()),
    _column("source", sa.Text()),
    _column("event_id", sa.Text()),
    _column("kind", sa.Text()),
    _column("status", sa.Text()),
    _column("reason", sa.Text()),
    _column("message", sa.Text()),
    _column("order_id", sa.Text(), "the event has no order"),
    _column("value_minor", sa.BigInteger(), "the order's value was not told"),
    _column("currency", sa.Text(), "the order's value was not told"),
    _column("has_click", sa.Boolean()),
    _column("is_test", sa.Boolean()),
    _column("occurred_at", Moment()),
    _column("received_at", Moment()),
    _column("attempts", sa.Integer()),
    _column("mode", sa.Text()),
    _column("next_attempt_at", Moment(), "settled"),
    _column("claim_id", sa.BigInteger(), "nobody is working on it"),
    _column("enrich", sa.Text(), "needs no look-up before it is sent"),
    _column("settled_at", Moment(), "not settled yet"),
    sa.UniqueConstraint("event_id", "kind", "destination", name="deliveries_once"),
    # A claimed row carries the end of its lease as its next attempt: when the worker
    # dies the row becomes due by itself, and one index serves both.
    sa.Index(
        "deliveries_due",
        "destination",
        "next_attempt_at",
        sqlite_where=_PENDING,
        postgresql_where=_PENDING,
    ),
    sa.Index(
        "deliveries_to_enrich",
        "next_attempt_at",
        sqlite_where=_DUE_TO_ENRICH,
        postgresql_where=_DUE_TO_ENRICH,
    ),
    sa.Index(
        "deliveries_order",
        "order_id",
        sqlite_where=_HAS_ORDER,
        postgresql_where=_HAS_ORDER,
    ),
    sa.Index(
        "deliveries_refused",
        "id",
        sqlite_where=_REFUSED,
        postgresql_where=_REFUSED,
    ),
    sa.Index("deliveries_received", "received_at"),
    sa.Index("deliveries_notice", "notice_id"),
)

bodies = sa.Table(
    "bodies",
    metadata,
    sa.Column("delivery_id", Id, primary_key=True, autoincrement=False),
    _column("sealed", sa.LargeBinary()),
    comment="The event as parsed, sealed. No row: cleared by retention or erased",
)

payloads = sa.Table(
    "payloads",
    metadata,
    sa.Column("delivery_id", Id, primary_key=True, autoincrement=False),
    _column("shown", sa.LargeBinary()),
    _column("sealed", sa.LargeBinary(), "no IP and user agent, or cleared"),
    _column("notes", sa.LargeBinary()),
    comment="What leaves, frozen at the first attempt: hashed, IP and agent masked",
)

claims = sa.Table(
    "claims",
    metadata,
    sa.Column("id", Id, primary_key=True),
    _column("worker", sa.Text()),
    _column("destination", sa.Text()),
    _column("claimed_at", Moment()),
    comment="The id is the fencing number: who holds an older one settles nothing",
    sqlite_autoincrement=True,
)

attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("id", Id, primary_key=True),
    _column("destination", sa.Text()),
    _column("at", Moment()),
    _column("http_status", sa.Integer(), "no answer came"),
    _column("message", sa.Text()),
    _column("request_id", sa.Text()),
    _column("duration_ms", sa.Integer()),
    _column("n_events", sa.Integer()),
    _column("mode", sa.Text()),
    sa.Index("attempts_at", "at"),
)

delivery_attempts = sa.Table(
    "delivery_attempts",
    metadata,
    sa.Column("delivery_id", Id, primary_key=True, autoincrement=False),
    sa.Column("attempt_id", Id, primary_key=True, autoincrement=False),
    _column("outcome", sa.Text()),
    _column("reason", sa.Text()),
    _column("message", sa.Text()),
)

destinations = sa.Table(
    "destinations",
    metadata,
    sa.Column("name", sa.Text(), primary_key=True),
    _column("state", sa.Text()),
    _column("reason", sa.Text()),
    _column("message", sa.Text()),
    _column("since", Moment()),
    _column("credential", sa.Text()),
    _column("not_before", Moment(), "may be called now"),
)

workers = sa.Table(
    "workers",
    metadata,
    sa.Column("name", sa.Text(), primary_key=True),
    _column("seen_at", Moment()),
    _column("worked_at", Moment(), "has not sent anything yet"),
)

duties = sa.Table(
    "duties",
    metadata,
    sa.Column("job", sa.Text(), primary_key=True),
    sa.Column("period", sa.Text(), primary_key=True),
    _column("done_at", Moment()),
    comment="A job ran for a period: the key lets exactly one beat start it",
)

users = sa.Table(
    "users",
    metadata,
    sa.Column("name", sa.Text(), primary_key=True),
    _column("password_hash", sa.Text()),
    _column("role", sa.Text()),
    _column("created_at", Moment()),
    _column("n_failures", sa.Integer()),
    _column("locked_until", Moment(), "may log in"),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("name", sa.Text(), primary_key=True),
    _column("key_sha256", sa.Text()),
    _column("scope", sa.Text()),
    _column("created_at", Moment()),
    sa.UniqueConstraint("key_sha256", name="api_keys_once"),
)

tag_reports = sa.Table(
    "tag_reports",
    metadata,
    sa.Column("id", Id, primary_key=True),
    _column("fingerprint", sa.Text()),
    _column("level", sa.Text()),
    _column("first_on", sa.Text()),
    _column("last_on", sa.Text()),
    _column("imported_at", Moment()),
    _column("content", sa.LargeBinary()),
    sa.UniqueConstraint("fingerprint", name="tag_reports_once"),
    comment="What the tag's side says, one row per import; never changed",
)
