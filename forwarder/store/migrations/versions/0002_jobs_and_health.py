"""Tables for jobs and health."""

import sqlalchemy as sa
from alembic import op


revision = '0002'
down_revision = '0001'

PENDING = sa.text("status = 'pending'")
OPEN = sa.text("state IN ('planned', 'running')")


def upgrade() -> None:
    op.create_table('jobs',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('filter', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('who', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('message', sa.Text(), nullable=False),
    sa.Column('n_planned', sa.Integer(), nullable=False),
    sa.Column('n_done', sa.Integer(), nullable=False),
    sa.Column('skipped', sa.Text(), nullable=False),
    sa.Column('rate_per_s', sa.Integer(), nullable=True, comment='as fast as it goes'),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('started_at', sa.BigInteger(), nullable=True, comment='nobody has begun'),
    sa.Column('ended_at', sa.BigInteger(), nullable=True, comment='not over yet'),
    sa.Column('cursor', sa.BigInteger(), nullable=False),
    sa.Column('last_id', sa.BigInteger(), nullable=False),
    sa.Column('turn', sa.Integer(), nullable=False),
    sa.Column('lease_until', sa.BigInteger(), nullable=True, comment='nobody is working on it'),
    sa.Column('not_before', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    comment='The turn is the fencing number: who holds an older one changes nothing'
    )
    op.create_index('jobs_open', 'jobs', ['id'], unique=False, sqlite_where=OPEN, postgresql_where=OPEN)

    # SQLite adds columns in place; each has a default, as a worker of the version
    # before may still write while PostgreSQL is upgraded.
    for column in (
        sa.Column('n_failures', sa.Integer(), nullable=False, server_default='0'),
        sa.Column('n_openings', sa.Integer(), nullable=False, server_default='0'),
        sa.Column('failed_at', sa.BigInteger(), nullable=True, comment='never failed'),
        sa.Column('max_age_s', sa.BigInteger(), nullable=True, comment='no worker has told'),
        sa.Column('paused_at', sa.BigInteger(), nullable=True, comment='no person has paused it'),
        sa.Column('paused_by', sa.Text(), nullable=False, server_default=''),
        sa.Column('pause_reason', sa.Text(), nullable=False, server_default=''),
    ):
        op.add_column('destinations', column)
    op.execute("UPDATE destinations SET state = 'active' WHERE state = 'ok'")
    op.execute("UPDATE destinations SET state = 'rate_limited' WHERE state = 'paused'")

    op.drop_index('deliveries_due', table_name='deliveries')
    op.create_index('deliveries_due', 'deliveries', ['destination', 'mode', 'next_attempt_at'], unique=False, sqlite_where=PENDING, postgresql_where=PENDING)
    op.create_index('deliveries_aging', 'deliveries', ['destination', 'occurred_at'], unique=False, sqlite_where=PENDING, postgresql_where=PENDING)
