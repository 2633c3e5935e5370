"""Database, its tables and keys, the disk and the folder."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from forwarder.alerts.conditions import number
from forwarder.alerts.of_machines import DISK_PAGE, DISK_WARN
from forwarder.cli.checkup.finding import Finding, ok, red, warn
from forwarder.lookout import free_share
from forwarder.store.checks import commits_per_s, has_wal_reset_bug, opens_newest
from forwarder.store.engine import SQLITE_VERSION
from forwarder.store.migrate import NEWEST, current_version
from forwarder.store.writer import StoreDown, StoreUnfit
from forwarder.wiring import Wired

SLOW_COMMITS: Final = 50.0
NETWORK_DISKS: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs"}
)
MOUNTS: Final = Path("/proc/self/mounts")


class Hopeless(Exception):
    """What follows needs a database, and there is none."""


def check_store(wired: Wired) -> Iterator[Finding]:
    """Look at the database; without one nothing else can be asked. Raises: Hopeless."""
    yield from _folder(wired.settings.service.data_dir)
    try:
        version = current_version(wired.store)
    except StoreDown as error:
        mend = "check service.database_url and that the server runs"
        yield red("database", f"no answer ({error})", mend)
        raise Hopeless from None
    except StoreUnfit as unfit:
        seen, _, mend = str(unfit).partition(": ")
        yield red("database", seen, mend)
        raise Hopeless from None
    if version != NEWEST:
        yield _other_version(version)
        raise Hopeless
    yield from _speed(wired)
    yield from _keys(wired)
    if wired.store.is_sqlite:
        yield from _sqlite(wired)
    yield from _disk(wired.settings.service.data_dir)


def _folder(folder: Path) -> Iterator[Finding]:
    there = next(one for one in (folder, *folder.parents) if one.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        seen = f"{there} can not be written to by this user"
        mend = f"run as the service's user, or chown {there}"
        yield red("folder", seen, mend)


def _other_version(version: str | None) -> Finding:
    if version is not None and version > NEWEST:
        seen = (
            f"its tables are of version {version}, newer than {NEWEST} of this program"
        )
        return red("database", seen, "install the newer program again")
    seen = f"its tables are of version {version}, not {NEWEST}"
    return red("database", seen, "run `forwarder db upgrade`")


def _speed(wired: Wired) -> Iterator[Finding]:
    try:
        rate = commits_per_s(wired.store)
    except StoreDown as error:
        seen = f"it can be read, not written ({error})"
        mend = "make room on its disk; see that file and folder are ours to write"
        yield red("database", seen, mend)
        return
    seen = f"version {NEWEST}, {rate:,.0f} empty commits a second"
    if rate < SLOW_COMMITS:
        mend = "a faster disk: each webhook waits for a commit"
        yield warn("database", f"{seen}: that is slow", mend)
    else:
        yield ok("database", seen)


def _keys(wired: Wired) -> Iterator[Finding]:
    if not opens_newest(wired.store):
        mend = "put the key it was sealed with back into service.data_keys"
        seen = "no data key opens what was sealed last"
        yield red("keys", seen, mend)
    else:
        n = len(wired.settings.service.data_keys)
        yield ok("keys", f"{number(n, 'data key')}, and what is stored opens")


def _sqlite(wired: Wired) -> Iterator[Finding]:
    if has_wal_reset_bug(SQLITE_VERSION):
        seen = f"SQLite {SQLITE_VERSION} may lose commits when two processes write"
        mend = "install the pysqlite3 package, or use PostgreSQL"
        yield warn("database", seen, mend)
    url = wired.settings.service.database_url
    file = Path(url.removeprefix("sqlite:///"))
    kind = disk_kind(file, _mounts())
    if kind in NETWORK_DISKS:
        mend = "move it to a local disk: SQLite loses data on a network disk"
        yield red("database", f"the file lies on a network disk ({kind})", mend)
    if file.parent.resolve() != wired.settings.service.data_dir.resolve():
        yield from _disk(file.parent)


def _mounts() -> str:
    try:
        return MOUNTS.read_text(encoding="utf-8")
    except OSError:  # not Linux: nothing is known, nothing is said
        return ""


def disk_kind(file: Path, mounts: str) -> str:
    """Return the kind of file system a file lies on; empty when it is not known."""
    best = ("", "")
    for line in mounts.splitlines():
        _, place, kind, *_ = line.split()
        if file.is_relative_to(place) and len(place) >= len(best[0]):
            best = (place, kind)
    return best[1]


def _disk(folder: Path) -> Iterator[Finding]:
    share, _ = free_share(folder)
    seen = f"{share:.0%} free in {folder.name}"
    mend = "make room: when it is full, webhooks are answered 503"
    if share < DISK_PAGE:
        yield red("disk", seen, mend)
    elif share < DISK_WARN:
        yield warn("disk", seen, mend)
    else:
        yield ok("disk", seen)
