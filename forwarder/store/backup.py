"""Copy a SQLite database while it is in use, and say whether a copy would do."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from forwarder.store import audit, reseal
from forwarder.store.engine import Store, connect_copy
from forwarder.store.migrate import NEWEST, current_version
from forwarder.store.schema import deliveries, notices
from forwarder.store.seal import Sealer
from forwarder.store.writer import StoreDown

FAULTS_MAX = 5


class NotCopied(Exception):
    """The copy could not be written: choose a new file on a disk with room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a database would be worth if it had to be used.

    `faults` are sentences; none means that nothing speaks against it. `newest_at` is
    when its last webhook came in, None in an empty one: what came later is not in it.
    """

    version: str | None
    counts: Mapping[str, int]
    newest_at: datetime | None
    n_sampled: int
    faults: tuple[str, ...]


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


def open_copy(file: Path, sealer: Sealer) -> Store:
    """Return a store on a SQLite file that is never written to."""
    return Store(connect_copy(file), sealer)


def check(store: Store) -> Checked:
    """Say whether a database is whole, of a version we know, and opens with our keys.

    Reads all of it once.
    """
    try:
        return _checked(store)
    except (StoreDown, sa.exc.DatabaseError):
        fault = "it is no database of ours, or broken: take another copy"
        return Checked(
            version=None, counts={}, newest_at=None, n_sampled=0, faults=(fault,)
        )


def _checked(store: Store) -> Checked:
    version = current_version(store)
    faults = [*_broken_pages(store), *_version_fault(version)]
    if version != NEWEST:
        return Checked(
            version=version,
            counts={},
            newest_at=None,
            n_sampled=0,
            faults=tuple(faults),
        )
    n_sampled, n_stuck = reseal.try_samples(store)
    if n_stuck:
        faults.append(
            f"{n_stuck} of {n_sampled} sealed values do not open: put the data key "
            "back that was used then"
        )
    if audit.verify(store).broken_at is not None:
        faults.append("the audit log was changed: `forwarder audit-log --verify`")
    return Checked(
        version=version,
        counts=_counts(store),
        newest_at=_newest(store),
        n_sampled=n_sampled,
        faults=tuple(faults),
    )


def _broken_pages(store: Store) -> list[str]:
    if not store.is_sqlite:
        return []
    query = sa.text(f"PRAGMA integrity_check({FAULTS_MAX})")
    with store.read() as connection:
        found = connection.execute(query).scalars().all()
    return [] if list(found) == ["ok"] else [f"it is damaged: {found[0]}"]


def _version_fault(version: str | None) -> list[str]:
    if version is None:
        return ["it holds no tables of ours"]
    if version > NEWEST:
        return [f"its tables are of version {version}, newer than this program"]
    if version < NEWEST:
        older = (
            f"its tables are of version {version}: it can be used and is brought to "
        )
        return [f"{older}{NEWEST} at the start; nothing more was checked"]
    return []


def _counts(store: Store) -> dict[str, int]:
    counts = {}
    with store.read() as connection:
        for table in (notices, deliveries):
            query = sa.select(sa.func.count()).select_from(table)
            counts[table.name] = connection.execute(query).scalar_one()
    return counts


def _newest(store: Store) -> datetime | None:
    query = sa.select(sa.func.max(notices.c.received_at))
    with store.read() as connection:
        found: datetime | None = connection.execute(query).scalar()
    return found
