"""Copy a SQLite database while it is in use."""

from pathlib import Path

from forwarder.store.engine import Store


class NotCopied(Exception):
    """The copy could not be written: choose a new file on a disk with room."""


def backup(store: Store, file: Path) -> int:
    """Write a consistent copy that only its owner may read; return its bytes.

    Limits: SQLite only; a running service goes on writing meanwhile. Raises:
    NotCopied.
    """
    connection = store.engine.raw_connection()
    try:
        file.touch(mode=0o600, exist_ok=False)
        connection.cursor().execute("VACUUM INTO ?", (str(file),))
    except (OSError, store.engine.dialect.loaded_dbapi.Error) as error:
        raise NotCopied(f"{file} could not be written") from error
    finally:
        connection.close()
    return file.stat().st_size
