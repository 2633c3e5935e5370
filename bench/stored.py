"""Databases with events that wait, filled by the product's own door in one go."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psycopg
import sqlalchemy as sa

from bench.orders import ENDPOINT, SECRET, SOURCE, order
from bench.servers import KEY, Installation, Room
from forwarder.core.source import Options
from forwarder.pipeline.receive import Endpoint, receive
from forwarder.sources import SOURCES
from forwarder.store import Store, open_store
from forwarder.store.engine import connect
from forwarder.store.migrate import upgrade
from forwarder.store.seal import Sealer
from forwarder.store.writer import Work

DESTINATION: Final = "main"


class OneCommit(Store):
    """A store that runs everything in one transaction: to fill a database quickly."""

    filling: sa.Connection

    @contextmanager
    def in_one_go(self) -> Iterator[None]:
        with self.write() as self.filling:
            yield

    def commit(self, work: Work[Any]) -> Any:  # noqa: ANN401  whatever the work gives
        return work(self.filling)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A filled database to copy: each run then starts from the very same state."""

    box: Installation
    n_events: int

    @property
    def is_sqlite(self) -> bool:
        return self.box.database_url.startswith("sqlite")

    def copy(self, room: Room, name: str) -> Installation:
        """Return an installation on a copy of this database."""
        if not self.is_sqlite:
            return room.install(name, _copy_postgres(self.box.database_url, name))
        made = room.install(name)
        shutil.copy(_file(self.box), _file(made))
        return made


def drop(room: Room, box: Installation) -> None:
    """Remove an installation with its database."""
    if box.database_url.startswith("postgres"):
        room.postgres.drop(box.database_url)
    shutil.rmtree(box.folder)


def fill(room: Room, box: Installation, n_events: int) -> Pattern:
    """Store so many orders as the door would, all of them due."""
    upgrade_box(box)
    store = OneCommit(connect(box.database_url, "worker"), Sealer([KEY]))
    endpoint = Endpoint(
        name=ENDPOINT,
        source_name=SOURCE,
        source=SOURCES[SOURCE],
        secrets=[SECRET],
        destination=DESTINATION,
        options=Options(shop=ENDPOINT),
    )
    now = datetime.now(UTC)  # noqa: TID251  a door: the orders are made now
    with store.in_one_go():
        for serial in room.serials.take(n_events):
            receive(endpoint, order(serial, now), store, now)
    _settle_down(store)
    store.close()
    return Pattern(box, n_events)


def upgrade_box(box: Installation) -> None:
    store = open_store(box.database_url, [KEY])
    upgrade(store)
    store.close()


def _settle_down(store: Store) -> None:
    """Let the database know its own contents, and keep them in one file."""
    words = ["ANALYZE"]
    if store.is_sqlite:
        words.append("PRAGMA wal_checkpoint(TRUNCATE)")
    with store.engine.connect() as connection:
        cursor = connection.connection.cursor()  # in no transaction of ours
        for word in words:
            cursor.execute(word)
        connection.connection.commit()


def _file(box: Installation) -> Path:
    return Path(box.database_url.removeprefix("sqlite:///"))


def _copy_postgres(url: str, name: str) -> str:
    head, _, old = url.rpartition("/")
    new = f"copy_{name.replace('-', '_')}"
    with psycopg.connect(f"{head}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {new} TEMPLATE {old}".encode())
    return f"{head}/{new}"
