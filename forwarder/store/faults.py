"""What it means that a database refused: for a moment, for good, or for one row."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from forwarder.core.tally import tally
from forwarder.store.writer import StoreDown, StoreUnfit

_DOWN = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError)
_OF_A_ROW = (sa.exc.IntegrityError, sa.exc.DataError)  # their texts quote its values
# What a database says that no patience will mend, and what does.
_COPY = "put a copy of `forwarder db backup` in its place"
_UNFIT = {
    ("image is malformed", "malformed database schema", "not a database"): (
        f"the database file is damaged: {_COPY}"
    ),
    ("no such table", "no such column", "UndefinedTable", "UndefinedColumn"): (
        f"the database lacks tables: run `forwarder db upgrade`, or {_COPY}"
    ),
    ("already exists", "duplicate column", "DuplicateTable", "DuplicateColumn"): (
        f"the tables in the database are of two versions: {_COPY}"
    ),
}

# Said by the database, without a word of what was written.
_KNOWN_FAULTS = (
    "database or disk is full",
    "No space left on device",
    "disk I/O error",
    "database is locked",
    "readonly database",
    "disk image is malformed",
)
_DATABASES_OWN = {
    "DatabaseError",
    "InterfaceError",
    "InternalError",
    "OperationalError",
}

# What SQLite says when the disk did not confirm a write: nobody knows what it holds.
# `pysqlite3` tells no more than the first of them.
_FAILED_SYNCS = {"SQLITE_IOERR", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_DIR_FSYNC"}


@contextmanager
def in_our_words() -> Iterator[None]:
    """Turn what a database that is gone, locked or full raises into `StoreDown`.

    Raises: StoreUnfit where the file is damaged or the tables are none of ours.
    """
    try:
        yield
    except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
        unfit = _why_unfit(error)
        if unfit:
            raise StoreUnfit(unfit) from error
        if not isinstance(error, _DOWN):
            raise
        tally.add("forwarder_db_busy_total", ())
        raise StoreDown("the database does not answer") from error


def _why_unfit(error: Exception) -> str:
    """Return why no other attempt would go better, and what to do; else nothing."""
    if isinstance(error, _OF_A_ROW):
        return ""
    fault = getattr(error, "orig", None)
    text = f"{type(fault).__name__} {fault}"
    found = (why for signs, why in _UNFIT.items() if any(one in text for one in signs))
    return next(found, "")


def fault_of(cause: Exception) -> str:
    """Return what hinders every write, in a few words; empty for a fault of one row."""
    if type(cause).__name__ not in _DATABASES_OWN:
        return ""
    text = str(cause)
    found = (known for known in _KNOWN_FAULTS if known in text)
    return next(found, "the database did not take it")


def is_failed_sync(cause: BaseException) -> bool:
    """Say whether the disk failed to confirm what was written.

    The kernel tells it once and then forgets: the next attempt would succeed without
    the lost pages. So it must not be made by the same process.
    """
    fault = getattr(cause, "orig", cause)
    return getattr(fault, "sqlite_errorname", "") in _FAILED_SYNCS
