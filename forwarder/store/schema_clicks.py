"""Links of our own, the clicks on them, and the orders they led to."""

import sqlalchemy as sa

from forwarder.store.schema import Moment, column, metadata

links = sa.Table(
    "links",
    metadata,
    sa.Column("slug", sa.Text(), primary_key=True),
    column("to_url", sa.Text()),
    column("campaign", sa.Text()),
    column("pin_id", sa.Text()),
    column("utm_policy", sa.Text(), "as the settings say"),
    column("is_paused", sa.Boolean()),
    column("expires_at", Moment(), "never"),
    column("fallback", sa.Text()),
    column("arms", sa.Text()),
    column("created_at", Moment()),
    column("changed_at", Moment()),
)

clicks = sa.Table(
    "clicks",
    metadata,
    sa.Column("id", sa.Text(), primary_key=True),
    column("slug", sa.Text()),
    column("at", Moment()),
    column("kind", sa.Text()),
    column("device", sa.Text()),
    column("token_sha256", sa.Text(), "no token was given"),
    column("epik_mac", sa.Text(), "the click brought none, or no token was given"),
    column("sealed", sa.LargeBinary(), "no token was given"),
    column("is_repeat", sa.Boolean()),
    column("is_oversize", sa.Boolean()),
    column("is_qr", sa.Boolean()),
    column("is_landing", sa.Boolean()),
    column("arm", sa.Integer()),
    column("label", sa.Text()),
    sa.Index("clicks_at", "at"),
    sa.Index("clicks_token", "token_sha256"),
    sa.Index("clicks_epik", "epik_mac"),
    comment="Written once from the spool; the id keeps a click from counting twice",
)

click_counts = sa.Table(
    "click_counts",
    metadata,
    sa.Column("slug", sa.Text(), primary_key=True),
    sa.Column("on_day", sa.Text(), primary_key=True),
    sa.Column("kind", sa.Text(), primary_key=True),
    column("n", sa.BigInteger()),
    column("n_landings", sa.BigInteger()),
    comment="Kept when the clicks themselves are cleared",
)

click_marks = sa.Table(
    "click_marks",
    metadata,
    sa.Column("delivery_id", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("what", sa.Text(), primary_key=True),
    sa.Column("mark", sa.Text(), primary_key=True),
    column("at", Moment()),
    sa.Index("click_marks_found", "what", "mark"),
    comment="What may tie an event to a click: hashes of token, click id, person",
)

click_joins = sa.Table(
    "click_joins",
    metadata,
    sa.Column("delivery_id", sa.BigInteger(), primary_key=True, autoincrement=False),
    column("slug", sa.Text()),
    column("campaign", sa.Text()),
    column("pin_id", sa.Text()),
    column("tier", sa.Integer()),
    column("clicked_at", Moment()),
    column("first_slug", sa.Text()),
    column("first_clicked_at", Moment()),
    column("endpoint", sa.Text()),
    column("kind", sa.Text()),
    column("order_id", sa.Text(), "the event has no order"),
    column("value_minor", sa.BigInteger(), "the order's value was not told"),
    column("currency", sa.Text(), "the order's value was not told"),
    column("is_repeat", sa.Boolean()),
    column("occurred_at", Moment()),
    column("joined_at", Moment()),
    sa.Index("click_joins_occurred", "occurred_at"),
    comment="An event and the click it came from: stays when both are cleared",
)
