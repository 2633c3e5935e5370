"""Jobs: what an operator asked to be done to many deliveries or notices at once."""

import sqlalchemy as sa

from forwarder.store.schema import Id, Moment, column, metadata, partial_index

_OPEN = sa.text("state IN ('planned', 'running')")

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", Id, primary_key=True),
    column("kind", sa.Text()),
    column("filter", sa.Text()),
    column("reason", sa.Text()),
    column("who", sa.Text()),
    column("state", sa.Text()),
    column("message", sa.Text()),
    column("n_planned", sa.Integer()),
    column("n_done", sa.Integer()),
    column("skipped", sa.Text()),
    column("rate_per_s", sa.Integer(), "as fast as it goes"),
    column("created_at", Moment()),
    column("started_at", Moment(), "nobody has begun"),
    column("ended_at", Moment(), "not over yet"),
    # Rows up to here are done with, and nothing above `last_id` belongs to the job.
    column("cursor", sa.BigInteger()),
    column("last_id", sa.BigInteger()),
    column("turn", sa.Integer()),
    column("lease_until", Moment(), "nobody is working on it"),
    column("not_before", Moment()),
    partial_index("jobs_open", "id", where=_OPEN),
    comment="The turn is the fencing number: who holds an older one changes nothing",
    sqlite_autoincrement=True,
)
