"""What becomes of finished reports: their forms, their posts, and wishes for more."""

import sqlalchemy as sa

from forwarder.store.schema import Id, Moment, column, metadata, partial_index

_IS_DUE = sa.text("due_at IS NOT NULL")

report_forms = sa.Table(
    "report_forms",
    metadata,
    sa.Column("version_id", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("form", sa.Text(), primary_key=True),
    column("content", sa.LargeBinary()),
    comment="A finished report in its other forms, compressed",
)

report_posts = sa.Table(
    "report_posts",
    metadata,
    sa.Column("id", Id, primary_key=True),
    column("version_id", sa.BigInteger()),
    column("channel", sa.Text()),
    column("made_at", Moment()),
    column("due_at", Moment(), "sent, given up, or being sent right now"),
    column("started_at", Moment(), "nobody is sending it"),
    column("sent_at", Moment(), "it has not left"),
    column("attempts", sa.Integer()),
    column("fault", sa.Text()),
    sa.UniqueConstraint("version_id", "channel", name="report_posts_once"),
    partial_index("report_posts_due", "due_at", where=_IS_DUE),
    comment="Each finished report leaves once through each channel",
)

report_requests = sa.Table(
    "report_requests",
    metadata,
    sa.Column("id", Id, primary_key=True),
    column("destination", sa.Text()),
    column("month", sa.Text()),
    column("who", sa.Text()),
    column("asked_at", Moment()),
    column("due_at", Moment(), "it is over"),
    column("attempts", sa.Integer()),
    column("outcome", sa.Text()),
    column("version_id", sa.BigInteger(), "no new report came of it"),
    partial_index("report_requests_due", "due_at", where=_IS_DUE),
    comment="Reports that a person wants made now",
)
