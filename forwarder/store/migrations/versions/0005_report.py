"""Tables for report."""

import sqlalchemy as sa
from alembic import op


revision = '0005'
down_revision = '0004'

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('mirror_events',
    sa.Column('id', BIG, nullable=False),
    sa.Column('endpoint', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('event_id', sa.Text(), nullable=True, comment='no consent, Global Privacy Control, or not told'),
    sa.Column('order_id', sa.Text(), nullable=True, comment='likewise, or there is no order'),
    sa.Column('value_minor', sa.BigInteger(), nullable=True, comment='likewise, or not told'),
    sa.Column('currency', sa.Text(), nullable=True, comment='likewise, or not told'),
    sa.Column('device', sa.Text(), nullable=False),
    sa.Column('tag', sa.Text(), nullable=False),
    sa.Column('consent', sa.Text(), nullable=False),
    sa.Column('has_gpc', sa.Boolean(), nullable=False),
    sa.Column('received_at', sa.BigInteger(), nullable=False),
    sa.Column('n_reports', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('endpoint', 'kind', 'event_id', name='mirror_events_once'),
    comment='What browsers told of the tag; no row names who it was'
    )
    op.create_index('mirror_events_received', 'mirror_events', ['received_at'], unique=False)
    op.create_index('mirror_events_order', 'mirror_events', ['order_id'], unique=False, sqlite_where=sa.text('order_id IS NOT NULL'), postgresql_where=sa.text('order_id IS NOT NULL'))
    op.create_table('snapshot_days',
    sa.Column('id', BIG, nullable=False),
    sa.Column('destination', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('definitions', sa.Text(), nullable=False),
    sa.Column('on_day', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('n_conversions', sa.BigInteger(), nullable=False),
    sa.Column('value_micro', sa.BigInteger(), nullable=True, comment='no value was told'),
    sa.Column('currency', sa.Text(), nullable=True, comment="the account's currency is not known"),
    sa.Column('taken_at', sa.BigInteger(), nullable=False),
    sa.Column('confirmed_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('destination', 'source', 'definitions', 'on_day', 'kind', 'taken_at', name='snapshot_days_once'),
    comment='One row per number that the platform ever showed for a day'
    )
    op.create_index('snapshot_days_span', 'snapshot_days', ['destination', 'on_day'], unique=False)
    op.create_table('quality_scores',
    sa.Column('id', BIG, nullable=False),
    sa.Column('destination', sa.Text(), nullable=False),
    sa.Column('taken_on', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('platform', sa.Text(), nullable=False),
    sa.Column('lookback', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('components', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('destination', 'taken_on', 'source', 'platform', 'lookback', name='quality_scores_once'),
    comment='How well the platform finds the events of each source, by day'
    )
    op.create_table('ledger_orders',
    sa.Column('id', BIG, nullable=False),
    sa.Column('endpoint', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('order_id', sa.Text(), nullable=False),
    sa.Column('occurred_at', sa.BigInteger(), nullable=False),
    sa.Column('value_minor', sa.BigInteger(), nullable=True, comment='the value was not told'),
    sa.Column('currency', sa.Text(), nullable=True, comment='the value was not told'),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('origin', sa.Text(), nullable=False),
    sa.Column('added_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('endpoint', 'kind', 'order_id', name='ledger_orders_once'),
    comment='What the shop itself counted, from files and pulls'
    )
    op.create_index('ledger_orders_time', 'ledger_orders', ['endpoint', 'occurred_at'], unique=False)
    op.create_table('report_versions',
    sa.Column('id', BIG, nullable=False),
    sa.Column('destination', sa.Text(), nullable=False),
    sa.Column('month', sa.Text(), nullable=False),
    sa.Column('stamp', sa.Text(), nullable=False),
    sa.Column('inputs', sa.Text(), nullable=False),
    sa.Column('made_at', sa.BigInteger(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('page', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('destination', 'month', 'stamp', 'inputs', name='report_versions_once'),
    comment='A report as it was finished; the page is compressed'
    )
