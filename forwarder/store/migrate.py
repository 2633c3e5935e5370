"""Bring the tables to this version: SQLite at start, PostgreSQL on the release line.

A new SQLite file gets the newest tables at once. Alembic is imported only where older
ones are changed: it costs 0.3 s and 10 MB in each process that starts.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from forwarder.core import failpoints
from forwarder.store.engine import Store
from forwarder.store.writer import StoreUnfit

if TYPE_CHECKING:
    from alembic.config import Config

NEWEST = "0018"  # the last file in migrations/versions; a test compares
_FOLDER = Path(__file__).parent / "migrations"
_LOCK = sa.text("SELECT pg_advisory_xact_lock(7204512)")
_VERSION = sa.Table(  # as Alembic makes and reads it
    "alembic_version",
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def current_version(store: Store) -> str | None:
    """Return the version of the tables there are; None in an empty database."""
    with store.read() as connection:
        return _version(connection)


def _version(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table(_VERSION.name):
        return None
    found: str | None = connection.execute(sa.select(_VERSION)).scalar()
    return found


def upgrade(store: Store) -> bool:
    """Bring the tables to the newest version; return whether there was work to do.

    Safe to call from several processes at once: the second waits, then finds it done.
    Raises: StoreUnfit where a newer program made the tables.
    """
    version = current_version(store)
    if version == NEWEST:
        return False
    if version is not None and version > NEWEST:
        raise StoreUnfit(
            f"the tables are of version {version}, newer than {NEWEST} of this "
            "program: install the newer program again"
        )
    with store.write() as connection:
        if not store.is_sqlite:
            connection.execute(_LOCK)
        if _version(connection) == NEWEST:  # another process has just done it
            return False
        if store.is_sqlite and not sa.inspect(connection).get_table_names():
            _make_newest(connection)
        else:
            _migrate(connection)
        failpoints.reach("mid_migration")
    return True


def _make_newest(connection: sa.Connection) -> None:
    """Make the tables of this version; a test holds them to what migrations make."""
    from forwarder.store.tables import metadata  # noqa: PLC0415  for a new file only

    metadata.create_all(connection, checkfirst=False)
    _VERSION.create(connection)
    connection.execute(sa.insert(_VERSION), {"version_num": NEWEST})


def _migrate(connection: sa.Connection) -> None:
    from alembic import command  # noqa: PLC0415  see above

    command.upgrade(_config(connection), "head")


def _config(connection: sa.Connection) -> "Config":
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
