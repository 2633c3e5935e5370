"""Alerts, what they are judged by, and the counters of all processes together.

Nothing here tells of a person: names of endpoints and destinations, words and counts.
"""

import sqlalchemy as sa

from forwarder.store.schema import Id, Moment, column, metadata

alerts = sa.Table(
    "alerts",
    metadata,
    sa.Column("id", Id, primary_key=True),
    column("rule", sa.Text()),
    column("subject", sa.Text()),
    column("severity", sa.Text()),
    column("state", sa.Text()),
    column("summary", sa.Text()),
    column("mend", sa.Text()),
    column("link", sa.Text()),
    column("who", sa.Text()),
    column("opened_at", Moment()),
    column("changed_at", Moment()),
    column("seen_at", Moment()),
    column("ignored_until", Moment(), "not ignored, or without an end"),
    column("n_opened", sa.Integer()),
    sa.UniqueConstraint("rule", "subject", name="alerts_once"),
    comment="One row per thing that can be wrong; it opens again rather than anew",
)

alert_changes = sa.Table(
    "alert_changes",
    metadata,
    sa.Column("id", Id, primary_key=True),
    column("alert_id", sa.BigInteger()),
    column("at", Moment()),
    column("who", sa.Text()),
    column("state", sa.Text()),
    column("note", sa.Text()),
    sa.Index("alert_changes_alert", "alert_id", "id"),
)

alert_messages = sa.Table(
    "alert_messages",
    metadata,
    sa.Column("id", Id, primary_key=True),
    column("alert_id", sa.BigInteger()),
    column("channel", sa.Text()),
    column("what", sa.Text()),
    column("made_at", Moment()),
    column("due_at", Moment(), "sent, or given up"),
    column("attempts", sa.Integer()),
    column("fault", sa.Text()),
    column("content", sa.LargeBinary()),
    sa.Index("alert_messages_due", "due_at"),
    sa.Index("alert_messages_alert", "alert_id", "id"),
)

measures = sa.Table(
    "measures",
    metadata,
    sa.Column("name", sa.Text(), primary_key=True),
    sa.Column("subject", sa.Text(), primary_key=True),
    column("value", sa.Float()),
    column("at", Moment()),
    comment="The last reading of each gauge that no table tells: disk, clock, …",
)

tallies = sa.Table(
    "tallies",
    metadata,
    sa.Column("name", sa.Text(), primary_key=True),
    sa.Column("labels", sa.Text(), primary_key=True),
    column("value", sa.Float()),
    comment="Counters of all processes in sum; they only grow",
)

volumes = sa.Table(
    "volumes",
    metadata,
    sa.Column("endpoint", sa.Text(), primary_key=True),
    sa.Column("kind", sa.Text(), primary_key=True),
    sa.Column("hour", Moment(), primary_key=True),
    column("n", sa.Integer()),
    comment="Events received per hour, what a quiet hour is judged by",
)
