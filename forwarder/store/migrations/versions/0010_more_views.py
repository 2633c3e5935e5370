"""A table for the lists that users keep under a name."""

import sqlalchemy as sa
from alembic import op


revision = '0010'
down_revision = '0009'


def upgrade() -> None:
    """Add what the subject needs."""
    op.create_table('views',
    sa.Column('user_name', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('query', sa.Text(), nullable=False),
    sa.Column('saved_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('user_name', 'name'),
    comment='A filter of the delivery log as it stands in the address; nobody in clear'
    )
