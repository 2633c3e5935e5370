"""Bring the tables to this version: SQLite at start, PostgreSQL on the release line.

Alembic is imported only when there is work to do: it costs 0.2 s and 10 MB.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from forwarder.core import failpoints
from forwarder.store.engine import Store

if TYPE_CHECKING:
    from alembic.config import Config

NEWEST = "0012"  # the last file in migrations/versions; a test compares
_FOLDER = Path(__file__).parent / "migrations"
_LOCK = sa.text("SELECT pg_advisory_xact_lock(7204512)")


def current_version(store: Store) -> str | None:
    """Return the version of the tables there are; None in an empty database."""
    with store.read() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        query = sa.text("SELECT version_num FROM alembic_version")
        return connection.execute(query).scalar()


def upgrade(store: Store) -> bool:
    """Bring the tables to the newest version; return whether there was work to do.

    Safe to call from several processes at once: the second waits, then finds it done.
    """
    if current_version(store) == NEWEST:
        return False
    from alembic import command  # noqa: PLC0415  see above

    with store.write() as connection:
        if not store.is_sqlite:
            connection.execute(_LOCK)
        command.upgrade(_config(connection), "head")
        failpoints.reach("mid_migration")
    return True


def _config(connection: sa.Connection) -> "Config":
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
