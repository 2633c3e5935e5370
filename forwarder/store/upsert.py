"""`INSERT … ON CONFLICT`, which both databases know and SQLAlchemy keeps apart."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def insert_into(
    table: sa.Table, database: sa.Engine | sa.Connection
) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT that can say what becomes of rows that are there already."""
    is_sqlite = database.dialect.name == "sqlite"
    return (sqlite.insert if is_sqlite else postgresql.insert)(table)
