"""Tables for audit and access."""

import sqlalchemy as sa
from alembic import op


revision = '0004'
down_revision = '0003'

APPEND_ONLY_SQLITE = (
    "CREATE TRIGGER audit_no_{word} BEFORE {verb} ON audit BEGIN "
    "SELECT RAISE(ABORT, 'the audit log is append-only'); END"
)
REFUSE_POSTGRESQL = (
    "CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$"
)
APPEND_ONLY_POSTGRESQL = (
    "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()"
)


def upgrade() -> None:
    op.create_table('audit',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('who', sa.Text(), nullable=False),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('detail', sa.Text(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('seal', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    comment='Each digest covers the row and the digest before it; nobody in clear',
    sqlite_autoincrement=True
    )
    op.create_index('audit_action', 'audit', ['action', 'id'], unique=False)
    op.create_index('audit_who', 'audit', ['who', 'id'], unique=False)
    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.create_index('deliveries_to_erase', ['id'], unique=False, sqlite_where=sa.text("reason = 'erase_requested'"), postgresql_where=sa.text("reason = 'erase_requested'"))

    # What shops asked for before is carried out now.
    op.execute(
        "UPDATE deliveries SET reason = 'erase_requested' "
        "WHERE kind = 'erase' AND reason = 'not_mapped'"
    )
    op.create_table('sessions',
    sa.Column('token_sha256', sa.Text(), nullable=False),
    sa.Column('user_name', sa.Text(), nullable=False),
    sa.Column('begun_at', sa.BigInteger(), nullable=False),
    sa.Column('seen_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('token_sha256'),
    comment='One row per browser that is logged in; without it a cookie opens nothing'
    )
    op.create_index('sessions_user', 'sessions', ['user_name'], unique=False)
    op.create_table('log_in_failures',
    sa.Column('address_digest', sa.Text(), nullable=False),
    sa.Column('n_failures', sa.Integer(), nullable=False),
    sa.Column('since', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('address_digest'),
    comment='Wrong log-ins of one address within the window; the address is hashed'
    )
    op.add_column('api_keys', sa.Column('expires_at', sa.BigInteger(), nullable=True, comment='never ends'))
    if op.get_bind().dialect.name == 'sqlite':
        for verb in ('UPDATE', 'DELETE'):
            op.execute(APPEND_ONLY_SQLITE.format(word=verb.lower(), verb=verb))
    else:
        op.execute(REFUSE_POSTGRESQL)
        op.execute(APPEND_ONLY_POSTGRESQL)
