"""Keep what people ordered within a year of their first click."""

import sqlalchemy as sa
from alembic import op


revision = '0015'
down_revision = '0014'


def upgrade() -> None:
    """Add customers, their marks and their orders; they begin with new events."""
    op.create_table('customers',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('slug', sa.Text(), nullable=False),
    sa.Column('clicked_at', sa.BigInteger(), nullable=False),
    sa.Column('endpoint', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    comment='The first click of each; the id is that of the event that tied them to it'
    )
    op.create_index('customers_clicked', 'customers', ['clicked_at'])
    op.create_table('customer_marks',
    sa.Column('mark', sa.Text(), nullable=False),
    sa.Column('customer', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('mark'),
    comment='Keyed hashes of e-mail and phone; cleared a year after the first click'
    )
    op.create_index('customer_marks_of', 'customer_marks', ['customer'])
    op.create_table('customer_orders',
    sa.Column('delivery_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('customer', sa.BigInteger(), nullable=False),
    sa.Column('endpoint', sa.Text(), nullable=False),
    sa.Column('order_id', sa.Text(), nullable=True, comment='the event has no order'),
    sa.Column('currency', sa.Text(), nullable=True,
              comment="the order's value was not told"),
    sa.Column('value_minor', sa.BigInteger(), nullable=False),
    sa.Column('undone_minor', sa.BigInteger(), nullable=False),
    sa.Column('occurred_at', sa.BigInteger(), nullable=False),
    sa.Column('is_repeat', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('delivery_id'),
    comment='Stays when the marks are cleared. `undone_minor` was given back'
    )
    op.create_index('customer_orders_of', 'customer_orders', ['customer'])
    op.create_index('customer_orders_order', 'customer_orders', ['order_id'])
