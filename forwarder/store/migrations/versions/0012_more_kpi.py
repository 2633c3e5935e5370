"""More for kpi."""

import sqlalchemy as sa
from alembic import op


revision = '0012'
down_revision = '0011'


def upgrade() -> None:
    """Add Pins, boards, devices, tasks and verdicts; sum final days from the index."""
    op.drop_index('kpi_days_day', table_name='kpi_days')
    op.create_index('kpi_days_day', 'kpi_days', ['on_day', 'pin_id', 'is_final', 'impressions', 'pin_clicks', 'outbound_clicks', 'saves'], unique=False)
    op.create_table('experiment_verdicts',
    sa.Column('experiment', sa.Text(), nullable=False),
    sa.Column('verdict', sa.LargeBinary(), nullable=False),
    sa.Column('decided_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('experiment'),
    comment='The first final verdict; later days never change it'
    )
    op.create_table('kpi_pin_facts',
    sa.Column('pin_id', sa.Text(), nullable=False),
    sa.Column('created_on', sa.Text(), nullable=True, comment='not told'),
    sa.Column('pin_format', sa.Text(), nullable=False),
    sa.Column('board_id', sa.Text(), nullable=False),
    sa.Column('page', sa.Text(), nullable=False),
    sa.Column('taken_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('pin_id'),
    comment='An empty text is not known. The page is a link without its query'
    )
    op.create_table('kpi_boards',
    sa.Column('board_id', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('n_pins', sa.Integer(), nullable=False),
    sa.Column('taken_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('board_id')
    )
    op.create_table('kpi_devices',
    sa.Column('on_day', sa.Text(), nullable=False),
    sa.Column('device', sa.Text(), nullable=False),
    sa.Column('impressions', sa.BigInteger(), nullable=False),
    sa.Column('pin_clicks', sa.BigInteger(), nullable=False),
    sa.Column('outbound_clicks', sa.BigInteger(), nullable=False),
    sa.Column('saves', sa.BigInteger(), nullable=False),
    sa.Column('is_final', sa.Boolean(), nullable=False),
    sa.Column('fetched_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('on_day', 'device'),
    comment="The account's counts by the kind of app: MOBILE, TABLET, WEB"
    )
    op.create_table('kpi_tasks',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('rule', sa.Text(), nullable=False),
    sa.Column('month', sa.Text(), nullable=False),
    sa.Column('opened_on', sa.Text(), nullable=False),
    sa.Column('earliest_on', sa.Text(), nullable=False),
    sa.Column('due_on', sa.Text(), nullable=False),
    sa.Column('closed_at', sa.BigInteger(), nullable=True, comment='still open'),
    sa.Column('is_dismissed', sa.Boolean(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('who', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('rule', 'month', name='kpi_tasks_once'),
    comment='One per rule and month; closed with an outcome or a reason'
    )
    op.create_table('kpi_windows',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('last_on', sa.Text(), nullable=False),
    sa.Column('n_days', sa.Integer(), nullable=False),
    sa.Column('is_made', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    comment='Removed with the transaction that changes one of its days',
    sqlite_autoincrement=True
    )
    op.create_index('kpi_windows_last', 'kpi_windows', ['last_on', 'n_days'], unique=False)
    op.create_table('kpi_sums',
    sa.Column('window', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('pin_id', sa.Text(), nullable=False),
    sa.Column('impressions', sa.BigInteger(), nullable=False),
    sa.Column('pin_clicks', sa.BigInteger(), nullable=False),
    sa.Column('outbound_clicks', sa.BigInteger(), nullable=False),
    sa.Column('saves', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('window', 'pin_id'),
    comment='The sums of a window; without its line they are worth nothing'
    )
