"""Tables for tests: made once per process, then the same statements again.

To think them up takes longer than to write them: 0.3 s for Alembic, 20 ms for a new
SQLite file, and a thousand tests want tables of their own.
`tests/store/test_migrate.py` always makes them for real.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from forwarder.store import migrate

Statement = tuple[str, Any]
_real = command.upgrade
_real_newest = migrate._make_newest  # noqa: SLF001 - what a new SQLite file gets
_known: dict[str, Sequence[Statement]] = {}


def replay_known_migrations() -> None:
    """Let every later `upgrade` of an empty database in this process be a replay."""
    command.upgrade = _upgrade
    migrate._make_newest = _make_newest  # noqa: SLF001


def migrate_for_real() -> None:
    """Undo that."""
    command.upgrade = _real
    migrate._make_newest = _real_newest  # noqa: SLF001


def _make_newest(connection: sa.Connection) -> None:
    _replay(connection, lambda: _real_newest(connection))


def _upgrade(config: Config, revision: str) -> None:
    connection: sa.Connection = config.attributes["connection"]
    if sa.inspect(connection).get_table_names():
        _real(config, revision)
    else:
        _replay(connection, lambda: _real(config, revision))


def _replay(connection: sa.Connection, make: Callable[[], None]) -> None:
    word = connection.dialect.name
    if word in _known:
        for statement, values in _known[word]:
            connection.exec_driver_sql(statement, values)
    else:
        with _recorded(connection) as statements:
            make()
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
