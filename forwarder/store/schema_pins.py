"""Pins and boards as Pinterest describes them, devices, and what is to be done."""

import sqlalchemy as sa

from forwarder.store.schema import Id, Moment, column, metadata

kpi_pin_facts = sa.Table(
    "kpi_pin_facts",
    metadata,
    sa.Column("pin_id", sa.Text(), primary_key=True),
    column("created_on", sa.Text(), "not told"),
    column("pin_format", sa.Text()),
    column("board_id", sa.Text()),
    column("page", sa.Text()),
    column("taken_at", Moment()),
    comment="An empty text is not known. The page is a link without its query",
)

kpi_boards = sa.Table(
    "kpi_boards",
    metadata,
    sa.Column("board_id", sa.Text(), primary_key=True),
    column("name", sa.Text()),
    column("n_pins", sa.Integer()),
    column("taken_at", Moment()),
)

kpi_devices = sa.Table(
    "kpi_devices",
    metadata,
    sa.Column("on_day", sa.Text(), primary_key=True),
    sa.Column("device", sa.Text(), primary_key=True),
    column("impressions", sa.BigInteger()),
    column("pin_clicks", sa.BigInteger()),
    column("outbound_clicks", sa.BigInteger()),
    column("saves", sa.BigInteger()),
    column("is_final", sa.Boolean()),
    column("fetched_at", Moment()),
    comment="The account's counts by the kind of app: MOBILE, TABLET, WEB",
)

kpi_tasks = sa.Table(
    "kpi_tasks",
    metadata,
    sa.Column("id", Id, primary_key=True),
    column("rule", sa.Text()),
    column("month", sa.Text()),
    column("opened_on", sa.Text()),
    column("earliest_on", sa.Text()),
    column("due_on", sa.Text()),
    column("closed_at", Moment(), "still open"),
    column("is_dismissed", sa.Boolean()),
    column("note", sa.Text()),
    column("who", sa.Text()),
    sa.UniqueConstraint("rule", "month", name="kpi_tasks_once"),
    comment="One per rule and month; closed with an outcome or a reason",
)

kpi_windows = sa.Table(
    "kpi_windows",
    metadata,
    sa.Column("id", Id, primary_key=True),
    column("last_on", sa.Text()),
    column("n_days", sa.Integer()),
    column("is_made", sa.Boolean()),
    sa.Index("kpi_windows_last", "last_on", "n_days"),
    sqlite_autoincrement=True,
    comment="Removed with the transaction that changes one of its days",
)

kpi_sums = sa.Table(
    "kpi_sums",
    metadata,
    sa.Column("window", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("pin_id", sa.Text(), primary_key=True),
    column("impressions", sa.BigInteger()),
    column("pin_clicks", sa.BigInteger()),
    column("outbound_clicks", sa.BigInteger()),
    column("saves", sa.BigInteger()),
    comment="The sums of a window; without its line they are worth nothing",
)
