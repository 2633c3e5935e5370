"""Tables of the monthly report's evidence: mirror, snapshots, event quality, ledger.

None of them holds anything about a person: no address, no agent, no name.
"""

import sqlalchemy as sa

from forwarder.store.schema import Id, Moment, column, metadata, partial_index

_HAS_ORDER = sa.text("order_id IS NOT NULL")

mirror_events = sa.Table(
    "mirror_events",
    metadata,
    sa.Column("id", Id, primary_key=True),
    column("endpoint", sa.Text()),
    column("kind", sa.Text()),
    column("event_id", sa.Text(), "no consent, Global Privacy Control, or not told"),
    column("order_id", sa.Text(), "likewise, or there is no order"),
    column("value_minor", sa.BigInteger(), "likewise, or not told"),
    column("currency", sa.Text(), "likewise, or not told"),
    column("device", sa.Text()),
    column("tag", sa.Text()),
    column("consent", sa.Text()),
    column("has_gpc", sa.Boolean()),
    column("received_at", Moment()),
    column("n_reports", sa.Integer()),
    sa.UniqueConstraint("endpoint", "kind", "event_id", name="mirror_events_once"),
    sa.Index("mirror_events_received", "received_at"),
    partial_index("mirror_events_order", "order_id", where=_HAS_ORDER),
    comment="What browsers told of the tag; no row names who it was",
)

snapshot_days = sa.Table(
    "snapshot_days",
    metadata,
    sa.Column("id", Id, primary_key=True),
    column("destination", sa.Text()),
    column("source", sa.Text()),
    column("definitions", sa.Text()),
    column("on_day", sa.Text()),
    column("kind", sa.Text()),
    column("n_conversions", sa.BigInteger()),
    column("value_micro", sa.BigInteger(), "no value was told"),
    column("currency", sa.Text(), "the account's currency is not known"),
    column("taken_at", Moment()),
    column("confirmed_at", Moment()),
    sa.UniqueConstraint(
        *("destination", "source", "definitions", "on_day", "kind", "taken_at"),
        name="snapshot_days_once",
    ),
    sa.Index("snapshot_days_span", "destination", "on_day"),
    comment="One row per number that the platform ever showed for a day",
)

quality_scores = sa.Table(
    "quality_scores",
    metadata,
    sa.Column("id", Id, primary_key=True),
    column("destination", sa.Text()),
    column("taken_on", sa.Text()),
    column("source", sa.Text()),
    column("platform", sa.Text()),
    column("lookback", sa.Text()),
    column("status", sa.Text()),
    column("components", sa.LargeBinary()),
    sa.UniqueConstraint(
        *("destination", "taken_on", "source", "platform", "lookback"),
        name="quality_scores_once",
    ),
    comment="How well the platform finds the events of each source, by day",
)

ledger_orders = sa.Table(
    "ledger_orders",
    metadata,
    sa.Column("id", Id, primary_key=True),
    column("endpoint", sa.Text()),
    column("kind", sa.Text()),
    column("order_id", sa.Text()),
    column("occurred_at", Moment()),
    column("value_minor", sa.BigInteger(), "the value was not told"),
    column("currency", sa.Text(), "the value was not told"),
    column("state", sa.Text()),
    column("origin", sa.Text()),
    column("added_at", Moment()),
    sa.UniqueConstraint("endpoint", "kind", "order_id", name="ledger_orders_once"),
    sa.Index("ledger_orders_time", "endpoint", "occurred_at"),
    comment="What the shop itself counted, from files and pulls",
)
