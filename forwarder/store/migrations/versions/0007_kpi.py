"""Tables for kpi."""

import sqlalchemy as sa
from alembic import op


revision = '0007'
down_revision = '0006'


def upgrade() -> None:
    op.create_table('experiments',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('plan', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('name'),
    comment='Never changed: what was planned before the start is what is judged'
    )
    op.create_table('experiment_days',
    sa.Column('experiment', sa.Text(), nullable=False),
    sa.Column('variant', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('on_day', sa.Text(), nullable=False),
    sa.Column('impressions', sa.BigInteger(), nullable=False),
    sa.Column('successes', sa.BigInteger(), nullable=False),
    sa.Column('revised_impressions', sa.BigInteger(), nullable=True, comment='not told otherwise later'),
    sa.Column('revised_successes', sa.BigInteger(), nullable=True, comment='not told otherwise later'),
    sa.PrimaryKeyConstraint('experiment', 'variant', 'on_day'),
    comment='A day counts as it was first told; what was told later stands beside it'
    )
    op.create_table('kpi_days',
    sa.Column('pin_id', sa.Text(), nullable=False),
    sa.Column('on_day', sa.Text(), nullable=False),
    sa.Column('impressions', sa.BigInteger(), nullable=False),
    sa.Column('pin_clicks', sa.BigInteger(), nullable=False),
    sa.Column('outbound_clicks', sa.BigInteger(), nullable=False),
    sa.Column('saves', sa.BigInteger(), nullable=False),
    sa.Column('is_final', sa.Boolean(), nullable=False),
    sa.Column('fetched_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('pin_id', 'on_day'),
    comment='An empty pin_id is the account. The latest word on a day; rates are computed anew'
    )
    op.create_index('kpi_days_day', 'kpi_days', ['on_day', 'pin_id', 'impressions', 'pin_clicks', 'outbound_clicks', 'saves'], unique=False)
    op.create_table('kpi_revisions',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('pin_id', sa.Text(), nullable=False),
    sa.Column('on_day', sa.Text(), nullable=False),
    sa.Column('impressions', sa.BigInteger(), nullable=False),
    sa.Column('pin_clicks', sa.BigInteger(), nullable=False),
    sa.Column('outbound_clicks', sa.BigInteger(), nullable=False),
    sa.Column('saves', sa.BigInteger(), nullable=False),
    sa.Column('fetched_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    comment='What a day was told to be before it changed'
    )
    op.create_index('kpi_revisions_day', 'kpi_revisions', ['on_day'], unique=False)
    op.create_table('kpi_pins',
    sa.Column('pin_id', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('pin_id')
    )
    op.create_table('kpi_imports',
    sa.Column('fingerprint', sa.Text(), nullable=False),
    sa.Column('scope', sa.Text(), nullable=False),
    sa.Column('imported_at', sa.BigInteger(), nullable=False),
    sa.Column('n_rows', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('fingerprint')
    )
