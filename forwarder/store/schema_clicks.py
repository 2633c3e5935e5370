"""Links of our own, the clicks on them, and the orders they led to."""

import sqlalchemy as sa

from forwarder.store.schema import Id, Moment, column, metadata

CODE_TIER = 4  # of a join: a discount code names the link, no click is known

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
    column("discount_code", sa.Text(), "no code stands for this link"),
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

bio_pages = sa.Table(
    "bio_pages",
    metadata,
    sa.Column("name", sa.Text(), primary_key=True),
    column("title", sa.Text()),
    column("entries", sa.Text()),
    column("changed_at", Moment()),
    comment="Pages of links for a profile; slugs and labels as JSON, in their order",
)

link_audits = sa.Table(
    "link_audits",
    metadata,
    sa.Column("id", Id, primary_key=True),
    column("slug", sa.Text(), "the address is none of a link of ours"),
    column("url", sa.Text()),
    column("who", sa.Text()),
    column("asked_at", Moment()),
    column("started_at", Moment(), "nobody has begun"),
    column("finished_at", Moment(), "not done yet"),
    column("verdict", sa.Text(), "not done yet, or nothing could be tried"),
    column("fault", sa.Text(), "not done yet, or it was tried"),
    column("told", sa.Text(), "not done yet, or nothing could be tried"),
    sa.Index("link_audits_slug", "slug", "id"),
    sa.Index("link_audits_waiting", "finished_at"),
    comment="What audits found, the whole answer as JSON; waiting ones are a queue",
)
