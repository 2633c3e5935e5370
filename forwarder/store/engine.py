"""Open the database: SQLite for one box, PostgreSQL for many."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import make_url

from forwarder.core import failpoints
from forwarder.store.faults import fault_of, in_our_words, is_failed_sync
from forwarder.store.seal import Sealer
from forwarder.store.writer import Result, StoreDown, Work, Writer

try:  # its wheel carries SQLite 3.53: Debian 12's 3.40 has the WAL-reset bug
    from pysqlite3 import dbapi2 as sqlite3
except ModuleNotFoundError:  # no wheel for this machine; `doctor` warns
    import sqlite3

SQLITE_VERSION: str = sqlite3.sqlite_version
_CLOCK = sa.select(sa.func.clock_timestamp(type_=sa.DateTime(timezone=True)))
BUSY_TIMEOUT_S = {"web": 2.0, "worker": 10.0}
TO_WAL = "PRAGMA journal_mode=WAL"
TO_WAL_TRIES, TO_WAL_PAUSE_S = 40, 0.05
SQLITE_PRAGMAS = (
    "synchronous=FULL",  # an answered webhook survives a power cut
    "foreign_keys=ON",
    "secure_delete=ON",  # what is cleared leaves the file; measured: it costs nothing
    "wal_autocheckpoint=1000",
    "journal_size_limit=67108864",
    "cache_size=-4000",  # KiB of each connection; the system keeps the file as well
)
POSTGRES_ROOM = "SET LOCAL work_mem = '64MB'"
# Of each connection; the driver would keep 128. A list of ids makes a statement for
# each length, and one of 1,000 holds 0.15 MB.
STATEMENTS_KEPT = 32


class Store:
    """One open database with the keys to its sealed columns.

    Every function of this package takes it first. Safe to share between threads.
    """

    def __init__(self, engine: sa.Engine, sealer: Sealer) -> None:
        """Take an engine of `connect`."""
        self.engine = engine
        self.sealer = sealer
        self._writer = Writer[Any](self._write_for_many)
        self._kept: sa.Connection | None = None  # the writer's own
        self.is_unsure = False  # the disk did not confirm a write: end this process
        self.write_fault = ""  # why the last write was not taken; empty if it was

    @property
    def is_sqlite(self) -> bool:
        """Say whether this is the one-box database."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Give a connection with a consistent view, which is never written to.

        Raises: StoreDown.
        """
        with in_our_words(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def read_much(self) -> Iterator[sa.Connection]:
        """Do as `read` does, for a statement that joins a whole month.

        In its usual 4 MB PostgreSQL writes such a join to disk and back: a fifth more
        work. Raises: StoreDown.
        """
        with self.read() as connection:
            if not self.is_sqlite:
                connection.exec_driver_sql(POSTGRES_ROOM)
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """Give a connection in a transaction that commits at the end of the block.

        On SQLite the write lock is taken at once: a later upgrade from reading would
        fail without waiting. Raises: StoreDown.
        """
        writing = self.engine.execution_options(forwarder_writes=True)
        with in_our_words(), self._watched(), writing.begin() as connection:
            yield connection

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Remember whether the last write was taken, and take none after a failed sync.

        Raises: StoreDown.
        """
        if self.is_unsure:
            raise StoreDown("the disk did not confirm a write: this process ends")
        try:
            yield
        except Exception as cause:
            self.write_fault = fault_of(cause)
            self.is_unsure = is_failed_sync(cause)
            raise
        self.write_fault = ""

    @contextmanager
    def _write_for_many(self) -> Iterator[sa.Connection]:
        """Do as `write` does, on one connection that stays open.

        To open and give back one for each commit costs a third of an order's write.
        """
        if self._kept is None:
            writing = self.engine.execution_options(forwarder_writes=True)
            self._kept = writing.connect()
        with self._watched(), self._kept.begin():
            yield self._kept

    def commit(self, work: Work[Result]) -> Result:
        """Return the result of `work` once it is committed. Raises: StoreDown.

        PostgreSQL commits in the caller's thread. On SQLite one thread writes for
        all: many that commit by themselves starve one another (docs/adr/0007).
        """
        if self.is_sqlite:
            result: Result = self._writer.submit(work)
            return result
        try:
            with self.write() as connection:
                return work(connection)
        except (
            sa.exc.SQLAlchemyError,
            self.engine.dialect.loaded_dbapi.Error,
        ) as error:
            raise StoreDown("the database did not take the write") from error

    @property
    def is_writing(self) -> bool:
        """Say whether `commit` can work at all: its thread has not died."""
        return self._writer.is_alive

    def now(self) -> datetime:
        """Return the time of the database server, so that leases have one clock."""
        if self.is_sqlite:
            return failpoints.now()  # the database is this process
        with in_our_words(), self.engine.connect() as connection:
            now: datetime = connection.execute(_CLOCK).scalar_one()
        return now

    def close(self) -> None:
        """Stop the writer and let go of every connection."""
        self._writer.stop()
        if self._kept is not None:
            self._kept.close()
        self.engine.dispose()


def connect(database_url: str, role: str, pool_size: int = 10) -> sa.Engine:
    """Return an engine; no connection is made yet.

    Limits: `role` is `web` (waits 2 s for a lock or a connection, then gives up) or
    `worker` (10 s).
    """
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        return _connect_sqlite(url, role)
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    wait_ms = int(BUSY_TIMEOUT_S[role] * 1000)
    return sa.create_engine(
        url,
        pool_size=pool_size,
        max_overflow=2,
        pool_timeout=BUSY_TIMEOUT_S[role],
        pool_pre_ping=True,
        hide_parameters=True,  # an error's text ends in logs
        connect_args={
            "connect_timeout": 3,
            # A line that died without a word would hold its thread for a quarter hour.
            "tcp_user_timeout": 10_000,
            "keepalives_idle": 10,
            "keepalives_interval": 3,
            "keepalives_count": 3,
            "options": f"-c lock_timeout={wait_ms} -c statement_timeout={wait_ms * 15}",
        },
    )


def _connect_sqlite(url: sa.URL, role: str) -> sa.Engine:
    if url.database is None:
        raise ValueError("the SQLite address names no file")
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        url,
        module=sqlite3,
        hide_parameters=True,
        pool_use_lifo=True,  # in turn, all of them would fill their caches
        connect_args={
            "isolation_level": None,
            "timeout": BUSY_TIMEOUT_S[role],
            "cached_statements": STATEMENTS_KEPT,
        },
    )
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def connect_copy(file: Path) -> sa.Engine:
    """Return an engine on a SQLite file that is never written to."""
    address = f"file:{quote(str(file.absolute()))}?mode=ro"
    return sa.create_engine(
        "sqlite://",
        module=sqlite3,
        creator=lambda: sqlite3.connect(address, uri=True),
        poolclass=sa.pool.NullPool,
        hide_parameters=True,
    )


def _set_pragmas(connection: Any, _record: object) -> None:  # noqa: ANN401
    cursor = connection.cursor()
    _into_wal(cursor)
    for pragma in SQLITE_PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _into_wal(cursor: Any) -> None:  # noqa: ANN401  a cursor of the driver
    """Switch the file to its log, once and for all.

    Two that open a new file at once are in each other's way, and for this one step
    SQLite does not wait by itself.
    """
    for left in reversed(range(TO_WAL_TRIES)):
        try:
            cursor.execute(TO_WAL)
        except sqlite3.OperationalError as error:
            if not left or "locked" not in str(error):
                raise
            time.sleep(TO_WAL_PAUSE_S)
        else:
            return


def _begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("forwarder_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
