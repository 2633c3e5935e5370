"""What Pinterest counted: a row per day of the account and of each Pin."""

import sqlalchemy as sa

from forwarder.store.schema import Id, Moment, column, metadata

kpi_days = sa.Table(
    "kpi_days",
    metadata,
    sa.Column("pin_id", sa.Text(), primary_key=True),
    sa.Column("on_day", sa.Text(), primary_key=True),
    column("impressions", sa.BigInteger()),
    column("pin_clicks", sa.BigInteger()),
    column("outbound_clicks", sa.BigInteger()),
    column("saves", sa.BigInteger()),
    column("is_final", sa.Boolean()),
    column("fetched_at", Moment()),
    # The board sums 28 days over all Pins: from this index alone, without the table.
    sa.Index(
        "kpi_days_day",
        "on_day",
        "pin_id",
        "is_final",
        "impressions",
        "pin_clicks",
        "outbound_clicks",
        "saves",
    ),
    comment="An empty pin_id is the account. The latest word on a day; rates are "
    "computed anew",
)

kpi_revisions = sa.Table(
    "kpi_revisions",
    metadata,
    sa.Column("id", Id, primary_key=True),
    column("pin_id", sa.Text()),
    column("on_day", sa.Text()),
    column("impressions", sa.BigInteger()),
    column("pin_clicks", sa.BigInteger()),
    column("outbound_clicks", sa.BigInteger()),
    column("saves", sa.BigInteger()),
    column("fetched_at", Moment()),
    sa.Index("kpi_revisions_day", "on_day"),
    comment="What a day was told to be before it changed",
)

kpi_pins = sa.Table(
    "kpi_pins",
    metadata,
    sa.Column("pin_id", sa.Text(), primary_key=True),
    column("title", sa.Text()),
)

kpi_imports = sa.Table(
    "kpi_imports",
    metadata,
    sa.Column("fingerprint", sa.Text(), primary_key=True),
    column("scope", sa.Text()),
    column("imported_at", Moment()),
    column("n_rows", sa.Integer()),
)
