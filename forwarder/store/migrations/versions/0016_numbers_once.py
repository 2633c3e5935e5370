"""Give no number twice on SQLite, also after the log was emptied."""

import re

import sqlalchemy as sa
from alembic import op


revision = '0016'
down_revision = '0015'

# Where the highest number ever given can still be read, also of rows that are gone.
HIGHEST = {
    'notices': 'SELECT max(notice_id) FROM deliveries',
    'deliveries': "SELECT max(CAST(mark AS INTEGER)) FROM click_marks WHERE what = 'cursor'",
    'attempts': 'SELECT max(attempt_id) FROM delivery_attempts',
    'jobs': 'SELECT 0',
}


def upgrade() -> None:
    """Mark the keys as AUTOINCREMENT; PostgreSQL's sequences never go back.

    Nothing on disk differs but the definition, and SQLite describes this way for such
    changes: a copy of a table of webhooks could be larger than the disk has room for.
    """
    connection = op.get_bind()
    if connection.dialect.name != 'sqlite':
        return
    version = connection.exec_driver_sql('PRAGMA schema_version').scalar_one()
    connection.exec_driver_sql('PRAGMA writable_schema = ON')
    try:
        for table, highest in HIGHEST.items():
            _number_once(connection, table)
            connection.exec_driver_sql(
                'INSERT INTO sqlite_sequence (name, seq) SELECT ?, n FROM (SELECT '
                f'max(coalesce(max(id), 0), coalesce(({highest}), 0)) AS n FROM {table}'
                ') WHERE n > 0',
                (table,),
            )
        connection.exec_driver_sql(f'PRAGMA schema_version = {version + 1}')
    finally:
        connection.exec_driver_sql('PRAGMA writable_schema = OFF')


def _number_once(connection: sa.Connection, table: str) -> None:
    where = "type = 'table' AND name = ?"
    told = connection.exec_driver_sql(
        f'SELECT sql FROM sqlite_schema WHERE {where}', (table,)
    ).scalar_one()
    text, n_keys = re.subn(
        r'\bid INTEGER NOT NULL,', 'id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,', told
    )
    text, n_ends = re.subn(r',\s*PRIMARY KEY \(id\)', '', text)
    if (n_keys, n_ends) != (1, 1):
        raise RuntimeError(f'the table {table} is not as it was made')
    connection.exec_driver_sql(
        f'UPDATE sqlite_schema SET sql = ? WHERE {where}', (text, table)
    )
