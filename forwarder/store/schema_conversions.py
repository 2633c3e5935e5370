"""How many conversions happened each day."""

import sqlalchemy as sa

from forwarder.store.schema import column, metadata

conversion_days = sa.Table(
    "conversion_days",
    metadata,
    sa.Column("on_day", sa.Text(), primary_key=True),
    column("n", sa.BigInteger()),
    comment="The row without a day tells up to which delivery was counted",
)
