"""Users who may not log in for now."""

import sqlalchemy as sa
from alembic import op


revision = '0009'
down_revision = '0008'


def upgrade() -> None:
    """Add since when a user is shut out; NULL: may log in."""
    since = sa.Column(
        'disabled_at', sa.BigInteger(), nullable=True, comment='may log in'
    )
    op.add_column('users', since)
