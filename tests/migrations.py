"""Tables for tests: migrated once per process, then the same statements again.

Alembic looks at a database for longer than it writes: 0.1 s on SQLite, and a thousand
tests want tables of their own. `tests/store/test_migrate.py` always migrates for real.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

Statement = tuple[str, Any]
_real = command.upgrade
_known: dict[str, Sequence[Statement]] = {}


def replay_known_migrations() -> None:
    """Let every later `upgrade` of an empty database in this process be a replay."""
    command.upgrade = _upgrade


def migrate_for_real() -> None:
    """Undo that."""
    command.upgrade = _real


def _upgrade(config: Config, revision: str) -> None:
    connection: sa.Connection = config.attributes["connection"]
    word = connection.dialect.name
    if sa.inspect(connection).get_table_names():
        _real(config, revision)
    elif word in _known:
        for statement, values in _known[word]:
            connection.exec_driver_sql(statement, values)
    else:
        with _recorded(connection) as statements:
            _real(config, revision)
        _known[word] = statements


@contextmanager
def _recorded(connection: sa.Connection) -> Iterator[list[Statement]]:
    found: list[Statement] = []

    def note(*told: Any) -> None:  # noqa: ANN401  SQLAlchemy's
        statement, values = told[2], told[3]
        if not statement.lstrip().upper().startswith(("SELECT", "PRAGMA")):
            found.append((statement, values))

    sa.event.listen(connection, "before_cursor_execute", note)
    yield found
    sa.event.remove(connection, "before_cursor_execute", note)
