"""Find what no shop posted without looking through all that was."""

import sqlalchemy as sa
from alembic import op


revision = '0018'
down_revision = '0017'


def upgrade() -> None:
    """Add the index of webhooks that were fetched, or sent here as a test."""
    not_posted = sa.text("(delivery_key LIKE 'import:%' OR delivery_key LIKE 'test:%')")
    op.create_index('notices_not_posted', 'notices', ['received_at'],
                    sqlite_where=not_posted, postgresql_where=not_posted)
