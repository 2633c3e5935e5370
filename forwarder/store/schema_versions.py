"""The finished reports: never changed, each with the fingerprint of its inputs."""

import sqlalchemy as sa

from forwarder.store.schema import Id, Moment, column, metadata

report_versions = sa.Table(
    "report_versions",
    metadata,
    sa.Column("id", Id, primary_key=True),
    column("destination", sa.Text()),
    column("month", sa.Text()),
    column("stamp", sa.Text()),
    column("inputs", sa.Text()),
    column("made_at", Moment()),
    column("content", sa.LargeBinary()),
    column("page", sa.LargeBinary()),
    sa.UniqueConstraint(
        *("destination", "month", "stamp", "inputs"), name="report_versions_once"
    ),
    comment="A report as it was finished; the page is compressed",
)
