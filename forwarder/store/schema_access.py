"""Tables for who is logged in, and from where wrong passwords came."""

import sqlalchemy as sa

from forwarder.store.schema import Moment, column, metadata

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("token_sha256", sa.Text(), primary_key=True),
    column("user_name", sa.Text()),
    column("begun_at", Moment()),
    column("seen_at", Moment()),
    sa.Index("sessions_user", "user_name"),
    comment="One row per browser that is logged in; without it a cookie opens nothing",
)

log_in_failures = sa.Table(
    "log_in_failures",
    metadata,
    sa.Column("address_digest", sa.Text(), primary_key=True),
    column("n_failures", sa.Integer()),
    column("since", Moment()),
    comment="Wrong log-ins of one address within the window; the address is hashed",
)
