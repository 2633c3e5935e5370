"""The first tables."""

import sqlalchemy as sa
from alembic import op


revision = '0001'
down_revision = None


def upgrade() -> None:
    op.create_table('api_keys',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('key_sha256', sa.Text(), nullable=False),
    sa.Column('scope', sa.Text(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('name'),
    sa.UniqueConstraint('key_sha256', name='api_keys_once')
    )
    op.create_table('attempts',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('destination', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('http_status', sa.Integer(), nullable=True, comment='no answer came'),
    sa.Column('message', sa.Text(), nullable=False),
    sa.Column('request_id', sa.Text(), nullable=False),
    sa.Column('duration_ms', sa.Integer(), nullable=False),
    sa.Column('n_events', sa.Integer(), nullable=False),
    sa.Column('mode', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('attempts', schema=None) as batch_op:
        batch_op.create_index('attempts_at', ['at'], unique=False)

    op.create_table('bodies',
    sa.Column('delivery_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('delivery_id'),
    comment='The event as parsed, sealed. No row: cleared by retention or erased'
    )
    op.create_table('claims',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('worker', sa.Text(), nullable=False),
    sa.Column('destination', sa.Text(), nullable=False),
    sa.Column('claimed_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    comment='The id is the fencing number: who holds an older one settles nothing',
    sqlite_autoincrement=True
    )
    op.create_table('deliveries',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('notice_id', sa.BigInteger(), nullable=False),
    sa.Column('destination', sa.Text(), nullable=False),
    sa.Column('endpoint', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('event_id', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('message', sa.Text(), nullable=False),
    sa.Column('order_id', sa.Text(), nullable=True, comment='the event has no order'),
    sa.Column('value_minor', sa.BigInteger(), nullable=True, comment="the order's value was not told"),
    sa.Column('currency', sa.Text(), nullable=True, comment="the order's value was not told"),
    sa.Column('has_click', sa.Boolean(), nullable=False),
    sa.Column('is_test', sa.Boolean(), nullable=False),
    sa.Column('occurred_at', sa.BigInteger(), nullable=False),
    sa.Column('received_at', sa.BigInteger(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('mode', sa.Text(), nullable=False),
    sa.Column('next_attempt_at', sa.BigInteger(), nullable=True, comment='settled'),
    sa.Column('claim_id', sa.BigInteger(), nullable=True, comment='nobody is working on it'),
    sa.Column('enrich', sa.Text(), nullable=True, comment='needs no look-up before it is sent'),
    sa.Column('settled_at', sa.BigInteger(), nullable=True, comment='not settled yet'),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('event_id', 'kind', 'destination', name='deliveries_once')
    )
    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.create_index('deliveries_due', ['destination', 'next_attempt_at'], unique=False, sqlite_where=sa.text("status = 'pending'"), postgresql_where=sa.text("status = 'pending'"))
        batch_op.create_index('deliveries_notice', ['notice_id'], unique=False)
        batch_op.create_index('deliveries_order', ['order_id'], unique=False, sqlite_where=sa.text('order_id IS NOT NULL'), postgresql_where=sa.text('order_id IS NOT NULL'))
        batch_op.create_index('deliveries_received', ['received_at'], unique=False)
        batch_op.create_index('deliveries_refused', ['id'], unique=False, sqlite_where=sa.text("status = 'refused'"), postgresql_where=sa.text("status = 'refused'"))
        batch_op.create_index('deliveries_to_enrich', ['next_attempt_at'], unique=False, sqlite_where=sa.text("status = 'pending' AND enrich IS NOT NULL"), postgresql_where=sa.text("status = 'pending' AND enrich IS NOT NULL"))

    op.create_table('delivery_attempts',
    sa.Column('delivery_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('attempt_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('outcome', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('message', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('delivery_id', 'attempt_id')
    )
    op.create_table('destinations',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('message', sa.Text(), nullable=False),
    sa.Column('since', sa.BigInteger(), nullable=False),
    sa.Column('credential', sa.Text(), nullable=False),
    sa.Column('not_before', sa.BigInteger(), nullable=True, comment='may be called now'),
    sa.PrimaryKeyConstraint('name')
    )
    op.create_table('duties',
    sa.Column('job', sa.Text(), nullable=False),
    sa.Column('period', sa.Text(), nullable=False),
    sa.Column('done_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('job', 'period'),
    comment='A job ran for a period: the key lets exactly one beat start it'
    )
    op.create_table('notices',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('endpoint', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('delivery_key', sa.Text(), nullable=False),
    sa.Column('body_sha256', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('received_at', sa.BigInteger(), nullable=False),
    sa.Column('n_duplicates', sa.Integer(), nullable=False),
    sa.Column('is_conflict', sa.Boolean(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=True, comment='cleared by retention or erased'),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('endpoint', 'delivery_key', name='notices_once')
    )
    with op.batch_alter_table('notices', schema=None) as batch_op:
        batch_op.create_index('notices_quarantined', ['id'], unique=False, sqlite_where=sa.text("status = 'quarantined'"), postgresql_where=sa.text("status = 'quarantined'"))
        batch_op.create_index('notices_received', ['received_at'], unique=False)

    op.create_table('payloads',
    sa.Column('delivery_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('shown', sa.LargeBinary(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=True, comment='no IP and user agent, or cleared'),
    sa.Column('notes', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('delivery_id'),
    comment='What leaves, frozen at the first attempt: hashed, IP and agent masked'
    )
    op.create_table('tag_reports',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('fingerprint', sa.Text(), nullable=False),
    sa.Column('level', sa.Text(), nullable=False),
    sa.Column('first_on', sa.Text(), nullable=False),
    sa.Column('last_on', sa.Text(), nullable=False),
    sa.Column('imported_at', sa.BigInteger(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('fingerprint', name='tag_reports_once'),
    comment="What the tag's side says, one row per import; never changed"
    )
    op.create_table('users',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('password_hash', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('n_failures', sa.Integer(), nullable=False),
    sa.Column('locked_until', sa.BigInteger(), nullable=True, comment='may log in'),
    sa.PrimaryKeyConstraint('name')
    )
    op.create_table('workers',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('seen_at', sa.BigInteger(), nullable=False),
    sa.Column('worked_at', sa.BigInteger(), nullable=True, comment='has not sent anything yet'),
    sa.PrimaryKeyConstraint('name')
    )
