"""Keep how many conversions happened each day."""

import sqlalchemy as sa
from alembic import op


revision = '0013'
down_revision = '0012'


def upgrade() -> None:
    """Add the days; a worker counts what there is already."""
    op.create_table('conversion_days',
    sa.Column('on_day', sa.Text(), nullable=False),
    sa.Column('n', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('on_day'),
    comment='The row without a day tells up to which delivery was counted'
    )
