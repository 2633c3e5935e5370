"""More for clicks: discount codes, pages of links, kept audits."""

import sqlalchemy as sa
from alembic import op


revision = '0011'
down_revision = '0010'


def upgrade() -> None:
    """Add what the subject needs."""
    op.add_column('links', sa.Column('discount_code', sa.Text(), nullable=True, comment='no code stands for this link'))
    op.create_table('bio_pages',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('entries', sa.Text(), nullable=False),
    sa.Column('changed_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('name'),
    comment='Pages of links for a profile; slugs and labels as JSON, in their order'
    )
    op.create_table('link_audits',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('slug', sa.Text(), nullable=True, comment='the address is none of a link of ours'),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('who', sa.Text(), nullable=False),
    sa.Column('asked_at', sa.BigInteger(), nullable=False),
    sa.Column('started_at', sa.BigInteger(), nullable=True, comment='nobody has begun'),
    sa.Column('finished_at', sa.BigInteger(), nullable=True, comment='not done yet'),
    sa.Column('verdict', sa.Text(), nullable=True, comment='not done yet, or nothing could be tried'),
    sa.Column('fault', sa.Text(), nullable=True, comment='not done yet, or it was tried'),
    sa.Column('told', sa.Text(), nullable=True, comment='not done yet, or nothing could be tried'),
    sa.PrimaryKeyConstraint('id'),
    comment='What audits found, the whole answer as JSON; waiting ones are a queue'
    )
    op.create_index('link_audits_slug', 'link_audits', ['slug', 'id'], unique=False)
    op.create_index('link_audits_waiting', 'link_audits', ['finished_at'], unique=False)
