"""Tables for clicks."""

import sqlalchemy as sa
from alembic import op


revision = '0006'
down_revision = '0005'


def upgrade() -> None:
    op.create_table('links',
    sa.Column('slug', sa.Text(), nullable=False),
    sa.Column('to_url', sa.Text(), nullable=False),
    sa.Column('campaign', sa.Text(), nullable=False),
    sa.Column('pin_id', sa.Text(), nullable=False),
    sa.Column('utm_policy', sa.Text(), nullable=True, comment='as the settings say'),
    sa.Column('is_paused', sa.Boolean(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=True, comment='never'),
    sa.Column('fallback', sa.Text(), nullable=False),
    sa.Column('arms', sa.Text(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('changed_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('slug')
    )
    op.create_table('clicks',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('slug', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('device', sa.Text(), nullable=False),
    sa.Column('token_sha256', sa.Text(), nullable=True, comment='no token was given'),
    sa.Column('epik_mac', sa.Text(), nullable=True, comment='the click brought none, or no token was given'),
    sa.Column('sealed', sa.LargeBinary(), nullable=True, comment='no token was given'),
    sa.Column('is_repeat', sa.Boolean(), nullable=False),
    sa.Column('is_oversize', sa.Boolean(), nullable=False),
    sa.Column('is_qr', sa.Boolean(), nullable=False),
    sa.Column('is_landing', sa.Boolean(), nullable=False),
    sa.Column('arm', sa.Integer(), nullable=False),
    sa.Column('label', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    comment='Written once from the spool; the id keeps a click from counting twice'
    )
    op.create_index('clicks_at', 'clicks', ['at'], unique=False)
    op.create_index('clicks_token', 'clicks', ['token_sha256'], unique=False)
    op.create_index('clicks_epik', 'clicks', ['epik_mac'], unique=False)
    op.create_table('click_counts',
    sa.Column('slug', sa.Text(), nullable=False),
    sa.Column('on_day', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('n', sa.BigInteger(), nullable=False),
    sa.Column('n_landings', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('slug', 'on_day', 'kind'),
    comment='Kept when the clicks themselves are cleared'
    )
    op.create_table('click_marks',
    sa.Column('delivery_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('what', sa.Text(), nullable=False),
    sa.Column('mark', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('delivery_id', 'what', 'mark'),
    comment='What may tie an event to a click: hashes of token, click id, person'
    )
    op.create_index('click_marks_found', 'click_marks', ['what', 'mark'], unique=False)
    op.create_table('click_joins',
    sa.Column('delivery_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('slug', sa.Text(), nullable=False),
    sa.Column('campaign', sa.Text(), nullable=False),
    sa.Column('pin_id', sa.Text(), nullable=False),
    sa.Column('tier', sa.Integer(), nullable=False),
    sa.Column('clicked_at', sa.BigInteger(), nullable=False),
    sa.Column('first_slug', sa.Text(), nullable=False),
    sa.Column('first_clicked_at', sa.BigInteger(), nullable=False),
    sa.Column('endpoint', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('order_id', sa.Text(), nullable=True, comment='the event has no order'),
    sa.Column('value_minor', sa.BigInteger(), nullable=True, comment="the order's value was not told"),
    sa.Column('currency', sa.Text(), nullable=True, comment="the order's value was not told"),
    sa.Column('is_repeat', sa.Boolean(), nullable=False),
    sa.Column('occurred_at', sa.BigInteger(), nullable=False),
    sa.Column('joined_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('delivery_id'),
    comment='An event and the click it came from: stays when both are cleared'
    )
    op.create_index('click_joins_occurred', 'click_joins', ['occurred_at'], unique=False)
