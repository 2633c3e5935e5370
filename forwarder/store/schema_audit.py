"""The audit log: who did what. Rows are added, never changed, never removed.

Triggers hold that on both databases: those of migration 0004, and the same below for
a new SQLite file.
"""

import sqlalchemy as sa

from forwarder.store.schema import Id, Moment, column, metadata

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", Id, primary_key=True),
    column("at", Moment()),
    column("who", sa.Text()),
    column("action", sa.Text()),
    column("subject", sa.Text()),
    column("detail", sa.Text()),
    column("digest", sa.Text()),
    column("seal", sa.LargeBinary()),
    sa.Index("audit_action", "action", "id"),
    sa.Index("audit_who", "who", "id"),
    comment="Each digest covers the row and the digest before it; nobody in clear",
    sqlite_autoincrement=True,
)

for _verb in ("UPDATE", "DELETE"):
    sa.event.listen(
        audit,
        "after_create",
        sa.DDL(  # type: ignore[no-untyped-call]  # SQLAlchemy gives it no types
            f"CREATE TRIGGER audit_no_{_verb.lower()} BEFORE {_verb} ON audit BEGIN "
            "SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        ).execute_if(dialect="sqlite"),
    )
