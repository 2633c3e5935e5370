"""People who came by a click, and what they ordered within a year of the first one."""

import sqlalchemy as sa

from forwarder.store.schema import Moment, column, metadata

customers = sa.Table(
    "customers",
    metadata,
    sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
    column("slug", sa.Text()),
    column("clicked_at", Moment()),
    column("endpoint", sa.Text()),
    sa.Index("customers_clicked", "clicked_at"),
    comment="The first click of each; the id is that of the event that tied them to it",
)

customer_marks = sa.Table(
    "customer_marks",
    metadata,
    sa.Column("mark", sa.Text(), primary_key=True),
    column("customer", sa.BigInteger()),
    sa.Index("customer_marks_of", "customer"),
    comment="Keyed hashes of e-mail and phone; cleared a year after the first click",
)

customer_orders = sa.Table(
    "customer_orders",
    metadata,
    sa.Column("delivery_id", sa.BigInteger(), primary_key=True, autoincrement=False),
    column("customer", sa.BigInteger()),
    column("endpoint", sa.Text()),
    column("order_id", sa.Text(), "the event has no order"),
    column("currency", sa.Text(), "the order's value was not told"),
    column("value_minor", sa.BigInteger()),
    column("undone_minor", sa.BigInteger()),
    column("undone_by", sa.Text(), "nothing was given back"),
    column("occurred_at", Moment()),
    column("is_repeat", sa.Boolean()),
    sa.Index("customer_orders_of", "customer"),
    sa.Index("customer_orders_order", "order_id", "endpoint", unique=True),
    comment="Stays when the marks are cleared. `undone_minor` was given back",
)
