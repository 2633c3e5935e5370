"""More for report."""

import sqlalchemy as sa
from alembic import op


revision = '0008'
down_revision = '0007'


def upgrade() -> None:
    op.create_table('report_forms',
    sa.Column('version_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('form', sa.Text(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('version_id', 'form'),
    comment='A finished report in its other forms, compressed'
    )
    op.create_table('report_posts',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version_id', sa.BigInteger(), nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('made_at', sa.BigInteger(), nullable=False),
    sa.Column('due_at', sa.BigInteger(), nullable=True, comment='sent, given up, or being sent right now'),
    sa.Column('started_at', sa.BigInteger(), nullable=True, comment='nobody is sending it'),
    sa.Column('sent_at', sa.BigInteger(), nullable=True, comment='it has not left'),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('fault', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('version_id', 'channel', name='report_posts_once'),
    comment='Each finished report leaves once through each channel'
    )
    op.create_index('report_posts_due', 'report_posts', ['due_at'], unique=False, sqlite_where=sa.text('due_at IS NOT NULL'), postgresql_where=sa.text('due_at IS NOT NULL'))
    op.create_table('report_requests',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('destination', sa.Text(), nullable=False),
    sa.Column('month', sa.Text(), nullable=False),
    sa.Column('who', sa.Text(), nullable=False),
    sa.Column('asked_at', sa.BigInteger(), nullable=False),
    sa.Column('due_at', sa.BigInteger(), nullable=True, comment='it is over'),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('outcome', sa.Text(), nullable=False),
    sa.Column('version_id', sa.BigInteger(), nullable=True, comment='no new report came of it'),
    sa.PrimaryKeyConstraint('id'),
    comment='Reports that a person wants made now'
    )
    op.create_index('report_requests_due', 'report_requests', ['due_at'], unique=False, sqlite_where=sa.text('due_at IS NOT NULL'), postgresql_where=sa.text('due_at IS NOT NULL'))
