"""Tables for alerts."""

import sqlalchemy as sa
from alembic import op


revision = '0003'
down_revision = '0002'


def _id() -> "sa.Column[int]":
    kind = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    return sa.Column('id', kind, nullable=False)


def upgrade() -> None:
    op.create_table('alerts',
    _id(),
    sa.Column('rule', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('severity', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('summary', sa.Text(), nullable=False),
    sa.Column('mend', sa.Text(), nullable=False),
    sa.Column('link', sa.Text(), nullable=False),
    sa.Column('who', sa.Text(), nullable=False),
    sa.Column('opened_at', sa.BigInteger(), nullable=False),
    sa.Column('changed_at', sa.BigInteger(), nullable=False),
    sa.Column('seen_at', sa.BigInteger(), nullable=False),
    sa.Column('ignored_until', sa.BigInteger(), nullable=True, comment='not ignored, or without an end'),
    sa.Column('n_opened', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('rule', 'subject', name='alerts_once'),
    comment='One row per thing that can be wrong; it opens again rather than anew'
    )
    op.create_table('alert_changes',
    _id(),
    sa.Column('alert_id', sa.BigInteger(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('who', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('alert_changes_alert', 'alert_changes', ['alert_id', 'id'], unique=False)
    op.create_table('alert_messages',
    _id(),
    sa.Column('alert_id', sa.BigInteger(), nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('what', sa.Text(), nullable=False),
    sa.Column('made_at', sa.BigInteger(), nullable=False),
    sa.Column('due_at', sa.BigInteger(), nullable=True, comment='sent, or given up'),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('fault', sa.Text(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('alert_messages_due', 'alert_messages', ['due_at'], unique=False)
    op.create_index('alert_messages_alert', 'alert_messages', ['alert_id', 'id'], unique=False)
    op.create_table('measures',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('value', sa.Float(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('name', 'subject'),
    comment='The last reading of each gauge that no table tells: disk, clock, …'
    )
    op.create_table('tallies',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('labels', sa.Text(), nullable=False),
    sa.Column('value', sa.Float(), nullable=False),
    sa.PrimaryKeyConstraint('name', 'labels'),
    comment='Counters of all processes in sum; they only grow'
    )
    op.create_table('volumes',
    sa.Column('endpoint', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('hour', sa.BigInteger(), nullable=False),
    sa.Column('n', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('endpoint', 'kind', 'hour'),
    comment='Events received per hour, what a quiet hour is judged by'
    )
