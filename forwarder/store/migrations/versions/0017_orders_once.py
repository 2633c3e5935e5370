"""Keep each order of a customer once, and by what it was given back."""

import sqlalchemy as sa
from alembic import op


revision = '0017'
down_revision = '0016'


def upgrade() -> None:
    """Take later rows of one order away; the first holds what was given back."""
    op.execute(
        'DELETE FROM customer_orders WHERE order_id IS NOT NULL AND delivery_id NOT IN '
        '(SELECT min(delivery_id) FROM customer_orders GROUP BY endpoint, order_id)'
    )
    op.add_column('customer_orders', sa.Column('undone_by', sa.Text(), nullable=True,
                  comment='nothing was given back'))
    op.drop_index('customer_orders_order', 'customer_orders')
    op.create_index('customer_orders_order', 'customer_orders',
                    ['order_id', 'endpoint'], unique=True)
