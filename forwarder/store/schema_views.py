"""The table of the lists that users of the console keep under a name."""

import sqlalchemy as sa

from forwarder.store.schema import Moment, column, metadata

views = sa.Table(
    "views",
    metadata,
    sa.Column("user_name", sa.Text(), primary_key=True),
    sa.Column("name", sa.Text(), primary_key=True),
    column("query", sa.Text()),
    column("saved_at", Moment()),
    comment="A filter of the delivery log as it stands in the address; nobody in clear",
)
